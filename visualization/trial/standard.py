"""The figures that every trial is drawn in, by the names of their files."""

from types import MappingProxyType

from visualization.trial.inputs import input_heatmap
from visualization.trial.outputs import readout_over_time
from visualization.trial.populations import population_activity
from visualization.trial.raster import spike_raster
from visualization.trial.voltages import voltage_traces

# Functions of a TrialActivity and its Neurons (or None) that return a Figure.
STANDARD_FIGURES = MappingProxyType(
    {
        "raster": spike_raster,
        "voltages": voltage_traces,
        "input": lambda trial, neurons: input_heatmap(trial),
        "population": population_activity,
        "output": lambda trial, neurons: readout_over_time(trial),
    }
)
