"""Numbers that describe answers and activity. NumPy and SciPy only."""

from v1model.metrics.answers import (
    accuracy,
    balanced_accuracy,
    chance_level,
    student_half_width,
    wilson_interval,
)
from v1model.metrics.correlation import (
    NormalizedCorrelation,
    PairMoments,
    correlation,
    correlation_to_average,
    explainable_variance_explained,
    normalized_correlation,
    pair_moments,
    smoothed_correlation,
)
from v1model.metrics.fairness import favouritism, gini
from v1model.metrics.likelihood import (
    LikelihoodSums,
    bits_aggregates,
    bits_per_spike,
    fraction_of_deviance_explained,
    likelihood_sums,
    poisson_deviance,
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
from v1model.metrics.rescaling import AffineRescaled, affine_rescaled
from v1model.metrics.selectivity import (
    class_selectivity,
    dsi,
    lifetime_sparseness,
    osi,
)

__all__ = [
    "AffineRescaled",
    "LikelihoodSums",
    "NormalizedCorrelation",
    "PairMoments",
    "accuracy",
    "affine_rescaled",
    "balanced_accuracy",
    "bits_aggregates",
    "bits_per_spike",
    "cc_max",
    "chance_level",
    "class_selectivity",
    "correlation",
    "correlation_to_average",
    "dsi",
    "explainable_variance",
    "explainable_variance_explained",
    "fano_factor",
    "favouritism",
    "fraction_of_deviance_explained",
    "gini",
    "lifetime_sparseness",
    "likelihood_sums",
    "mean_rates",
    "noise_power",
    "normalized_correlation",
    "osi",
    "pair_moments",
    "poisson_deviance",
    "signal_power",
    "smoothed_correlation",
    "spearman_brown",
    "split_half_correlation",
    "split_half_reliability",
    "student_half_width",
    "wilson_interval",
]
