"""What trainings of models in TensorFlow have in common.

Optimizers of one pass, clipped gradients, signals that stop a training, its table, its
curves, and files of weights.
"""
