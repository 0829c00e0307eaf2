"""Verdicts: which neurons a model fits badly, and the likeliest reason why."""

import dataclasses

import numpy as np
import pandas as pd
from scipy import stats

from v1model.cnn.evaluation.fields import N_LAGS_MS
from v1model.cnn.evaluation.scores import LEAST_ORACLE
from v1model.metrics.correlation import SMALLEST_CC_MAX
from v1model.options import option, require

FINE = "fine"
LOW_RATE = "low rate"
OUTSIDE = "outside the screen"
UNRELIABLE = "unreliable"
OVERFITTED = "overfitted"
UNDERFITTED = "underfitted"
# In this order: the first one that holds is the verdict. What a score says comes after
# what makes scores meaningless, and reasons of the data before those of the model.
VERDICTS = (LOW_RATE, OUTSIDE, UNRELIABLE, FINE, OVERFITTED, UNDERFITTED)


@dataclasses.dataclass(frozen=True)
class VerdictParams:
    """Borders of the verdicts."""

    resolved_bits: float = option(
        0.1, "Bits per spike that must be told from 0; fewer spikes are a low rate."
    )
    standard_errors: float = option(
        2.0, "How many of them a number must be away from chance."
    )
    least_cc_max: float = option(
        SMALLEST_CC_MAX, "Ceiling of the correlation below which it is unreliable."
    )
    least_oracle: float = option(
        LEAST_ORACLE, "The same of the bits per spike of true rates, where known."
    )
    least_share: float = option(
        0.5, "Share of what can be explained that a neuron must reach to be fine."
    )
    lost_share: float = option(
        0.5, "Share of the training's score that an overfitted neuron loses."
    )
    border_share: float = option(
        0.08, "Width of the screen's border, of a side; centres there are outside."
    )
    chance: float = option(
        0.001, "Of calling the noise of a map a receptive field, per neuron."
    )

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            require(value > 0, field.name, "must be positive", value)
        for name in ("least_share", "lost_share", "border_share", "chance"):
            require(
                getattr(self, name) < 1, name, "must be below 1", getattr(self, name)
            )

    @property
    def least_spikes(self):
        """Spikes from which on `resolved_bits` are `standard_errors` away from 0.

        n = 2 z^2 / (b log 2),    see `standard_error_of_bits`
        """
        return 2 * self.standard_errors**2 / (self.resolved_bits * np.log(2))


def standard_error_of_bits(bits, n_spikes):
    """Standard error of b bits per spike from n spikes: sqrt(2 b / (n log 2)).

    The score is the mean over spikes of log2(r / r0), less what does not vary. Where
    log(r / r0) is normal with variance s^2 over time, as a product of many factors is,
    the score is s^2 / (2 log 2), and the mean square of log2(r / r0) at the spikes
    s^2 / log(2)^2 for small s: 2 b / log 2.

    Args:
        bits: b, not negative.
        n_spikes: n.
    """
    return np.sqrt(2 * np.asarray(bits) / (np.maximum(n_spikes, 1) * np.log(2)))


def verdicts_of(table, frame_shape, sampling_rate, params=None):
    """A row per neuron: `verdict`, one of VERDICTS, and `reason`, with its numbers.

        low rate      fewer than `least_spikes` spikes are judged
        outside the screen    the neuron's table puts its centre out of the frame; or
                      the receptive field of its spikes, or the read-out where spikes
                      show no field, lies in the border of the frame
        unreliable    true rates hardly vary; where they are not known, hardly anything
                      repeats
        fine          explains `least_share` of what can be explained: of the true
                      rates' bits, or of the variance that repeats; where nobody knows
                      these, its score is above chance
        overfitted    loses `lost_share` of what it scores on the training trials
        outside the screen    the spikes show no receptive field, and nobody knows
                      whether they repeat
        underfitted   the rest: it can be explained, and the model does not

    Only a neuron that is not fine is outside for its field or its read-out.

    Args:
        table: Data frame of `evaluate` with bps and n_spikes; what else it has of
            oracle_bps, cc_max, cc_norm, n_repeats, n_repeated_bins, rf_y, rf_x,
            rf_snr_sta, rf_snr_ste, readout_y, readout_x, center_y, center_x and
            train_bps is used.
        frame_shape: (H, W, ...) of the movie.
        sampling_rate: Hz.
        params: VerdictParams; None is the usual ones.
    """
    params = VerdictParams() if params is None else params
    known = _Known(table, frame_shape, sampling_rate, params)
    share, of_what = known.share()
    is_fine = np.where(
        np.isfinite(share), share >= params.least_share, known.is_above_chance()
    )
    is_any = np.ones(len(table), bool)

    def words_of_share(n):
        if np.isfinite(share[n]):
            return f"{share[n]:.2f} of {of_what[n]}"
        return "what can be explained is not known"

    rules = (
        (LOW_RATE, known.n_spikes < params.least_spikes, known.words_of_spikes),
        (OUTSIDE, known.is_centre_outside(), known.words_of_centre),
        (OUTSIDE, ~is_fine & known.is_field_at_border(), known.words_of_field),
        (UNRELIABLE, known.is_unreliable(), known.words_of_reliability),
        (FINE, is_fine, words_of_share),
        (OUTSIDE, known.is_readout_at_border(), known.words_of_readout),
        (OVERFITTED, known.is_overfitted(), known.words_of_training),
        (OUTSIDE, known.has_no_field(), known.words_of_no_field),
        (UNDERFITTED, is_any, words_of_share),
    )
    return first_that_holds(rules, table.index)


def first_that_holds(rules, index):
    """A row per neuron: `verdict` and `reason`, of the first rule that holds.

    Args:
        rules: Verdict, (N,) bool where it holds, and function of n that gives the
            reason in words.
        index: Of the data frame.
    """
    verdict = np.full(len(index), "", object)
    reason = np.full(len(index), "", object)
    for name, holds, words in rules:
        for n in np.flatnonzero((verdict == "") & holds):
            verdict[n], reason[n] = name, words(n)
    return pd.DataFrame({"verdict": verdict, "reason": reason}, index=index)


class _Known:
    """What a table says of each neuron, (N,) each; NaN where it says nothing."""

    def __init__(self, table, frame_shape, sampling_rate, params):
        self.params = params
        self._table = table
        self.n_spikes = self._column("n_spikes")
        self.bits = self._column("bps")
        self.oracle, self.cc_max = self._column("oracle_bps"), self._column("cc_max")
        height, width = frame_shape[:2]
        self._sides = np.array([height, width], np.float64)
        n_lags = max(2, round(N_LAGS_MS * sampling_rate / 1000))
        # The largest of all pixels and lags by chance, of either sign (Sidak).
        alone = -np.expm1(np.log1p(-params.chance) / (height * width * n_lags))
        self.chance_snr = stats.norm.isf(alone / 2)
        self.snr = np.fmax(self._column("rf_snr_sta"), self._column("rf_snr_ste"))

    def share(self):
        """Share of what can be explained, and of what it is one, (N,) each."""
        of_true = np.where(
            self.oracle >= self.params.least_oracle, self.bits / self.oracle, np.nan
        )
        of_repeats = self._column("cc_norm")
        of_repeats = np.sign(of_repeats) * of_repeats**2
        is_true = np.isfinite(of_true)
        words = np.where(
            is_true, "the bits of the true rates", "the variance that repeats"
        )
        return np.where(is_true, of_true, of_repeats), words

    def is_above_chance(self):
        z = self.params.standard_errors
        return self.bits > z * self._error_of(self.params.resolved_bits)

    def is_unreliable(self):
        p = self.params
        n, s = self._column("n_repeats"), self._column("n_repeated_bins")
        # SD of the share of the means' variance that noise alone seems to repeat.
        by_chance = np.sqrt(2 * n / np.maximum((n - 1) * (s - 1), 1))
        least = np.fmax(p.least_cc_max**2, p.standard_errors * by_chance)
        is_known = np.isfinite(self.oracle)  # repeats only estimate what true rates say
        return np.where(is_known, self.oracle < p.least_oracle, self.cc_max**2 < least)

    def is_overfitted(self):
        trained = self._column("train_bps")
        lost = trained - self.bits
        error = self._error_of(np.maximum(trained, self.params.resolved_bits))
        return (
            (trained > self.params.resolved_bits)
            & (lost > self.params.lost_share * trained)
            & (lost > self.params.standard_errors * error)
        )

    def is_centre_outside(self):
        y, x = (self._column(name) for name in ("center_y", "center_x"))
        return _is_beyond(y, x, self._sides, 0.0)

    def is_field_at_border(self):
        y, x = (self._column(name) for name in ("rf_y", "rf_x"))
        margin = self.params.border_share
        return (self.snr >= self.chance_snr) & _is_beyond(y, x, self._sides, margin)

    def is_readout_at_border(self):
        """Of spikes that show no field; those that do are believed more."""
        y, x = (self._column(name) for name in ("readout_y", "readout_x"))
        margin = self.params.border_share
        is_seen = self.snr >= self.chance_snr
        return ~is_seen & _is_beyond(y, x, self._sides, margin)

    def has_no_field(self):
        """Of what repeats something is seen, though no map shows it."""
        is_known = np.isfinite(self.oracle) | np.isfinite(self.cc_max)
        return ~is_known & (self.snr < self.chance_snr)

    def words_of_spikes(self, n):
        least = int(np.ceil(self.params.least_spikes))
        return f"{self.n_spikes[n]:.0f} spikes, {least} are needed"

    def words_of_centre(self, n):
        return f"centre of the neuron at {self._place('center', n)}"

    def words_of_field(self, n):
        return f"receptive field of the spikes at {self._place('rf', n)}"

    def words_of_readout(self, n):
        return (
            f"no receptive field in the spikes, read-out at {self._place('readout', n)}"
        )

    def words_of_no_field(self, n):
        return f"no receptive field in the spikes, SNR {self.snr[n]:.1f}"

    def words_of_reliability(self, n):
        if self.oracle[n] < self.params.least_oracle:
            return f"true rates have {self.oracle[n]:.3f} bits per spike"
        return f"ceiling of the correlation {self.cc_max[n]:.2f}"

    def words_of_training(self, n):
        trained = self._column("train_bps")[n]
        return f"{trained:.2f} bits per spike in training, {self.bits[n]:.2f} here"

    def _place(self, name, n):
        y, x = (self._column(f"{name}_{axis}")[n] for axis in "yx")
        height, width = self._sides
        return f"y {y:.1f}, x {x:.1f} of {height:.0f} x {width:.0f} pixels"

    def _error_of(self, bits):
        return standard_error_of_bits(bits, self.n_spikes)

    def _column(self, name):
        if name not in self._table:
            return np.full(len(self._table), np.nan)
        return self._table[name].to_numpy(np.float64)


def _is_beyond(y, x, sides, margin):
    """Whether places are in or past the border; 0 is the middle of the first pixel."""
    places = (np.stack([y, x], axis=-1) + 0.5) / sides  # 0 to 1
    return ((places < margin) | (places > 1 - margin)).any(axis=-1)
