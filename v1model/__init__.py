"""Data-driven models of mouse primary visual cortex in TensorFlow and Keras.

Shape letters used in every docstring:

    B batch   T time steps   N neurons   R receptors per neuron   D delay steps
    S synapses   I inputs (LGN units)   M cell types   C chunks of 50 ms

Units: mV, pA, pF, nS, ms and um inside; seconds and Hz at the border with data.
"""

__version__ = "0.1.0"
