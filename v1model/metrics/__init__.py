"""Numbers that describe answers and activity. NumPy and SciPy only."""

from v1model.metrics.answers import (
    accuracy,
    balanced_accuracy,
    chance_level,
    student_half_width,
    wilson_interval,
)
from v1model.metrics.rates import fano_factor, mean_rates
from v1model.metrics.reliability import (
    cc_max,
    explainable_variance,
    noise_power,
    signal_power,
    spearman_brown,
    split_half_correlation,
    split_half_reliability,
)
from v1model.metrics.selectivity import (
    class_selectivity,
    dsi,
    lifetime_sparseness,
    osi,
)

__all__ = [
    "accuracy",
    "balanced_accuracy",
    "cc_max",
    "chance_level",
    "class_selectivity",
    "dsi",
    "explainable_variance",
    "fano_factor",
    "lifetime_sparseness",
    "mean_rates",
    "noise_power",
    "osi",
    "signal_power",
    "spearman_brown",
    "split_half_correlation",
    "split_half_reliability",
    "student_half_width",
    "wilson_interval",
]
