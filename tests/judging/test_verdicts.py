"""Verdicts about neurons of which the cause is known."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.judging.sorts import SORTS, known_sorts, table_of
from v1model.judging.verdicts import (
    FINE,
    LOW_RATE,
    OUTSIDE,
    UNDERFITTED,
    UNRELIABLE,
    VERDICTS,
    VerdictParams,
    standard_error_of_bits,
    verdicts_of,
)
from v1model.metrics import bits_per_spike

N_EACH = 10


@pytest.fixture(scope="module")
def sorts(tmp_path_factory):
    return known_sorts(tmp_path_factory.mktemp("sorts"), N_EACH)


def confusion(sorts, **known):
    recording, prediction, causes = sorts
    table = table_of(recording, prediction, **known)
    spec = recording.spec
    found = verdicts_of(table, spec.frame_shape, spec.sampling_rate)
    matrix = pd.crosstab(pd.Series(causes, name="cause"), found["verdict"])
    print(f"\n{matrix.to_string()}")  # noqa: T201 — shown with -s
    assert (found["reason"] != "").all()
    return matrix.reindex(index=SORTS, columns=VERDICTS, fill_value=0)


@pytest.mark.parametrize("has_truth", [True, False])
def test_each_sort_of_neuron_is_told_from_the_others(sorts, has_truth):
    """By true rates, or by the repeats of the movie alone."""
    matrix = confusion(sorts, has_truth=has_truth)
    right = np.diag(matrix.loc[list(SORTS), list(SORTS)])
    assert (right >= N_EACH - 1).all()


def test_without_repeats_what_drives_nothing_looks_as_if_it_were_elsewhere(sorts):
    """Nobody can tell then: of the others few are called otherwise."""
    matrix = confusion(sorts, has_truth=False, has_repeats=False)
    assert matrix.loc[UNRELIABLE, OUTSIDE] >= N_EACH - 1
    others = [one for one in SORTS if one not in (UNRELIABLE, UNDERFITTED)]
    assert (np.diag(matrix.loc[others, others]) >= N_EACH - 1).all()
    # A map of single pixels shows little of what follows the energy of two spots.
    assert matrix.loc[UNDERFITTED, [UNDERFITTED, OUTSIDE]].sum() >= N_EACH - 1


@pytest.mark.parametrize("bits", [0.1, 0.3])
def test_the_standard_error_of_bits_is_that_of_drawn_spikes(bits):
    """Log-normal rates whose score is `bits`, 300 draws of the spikes."""
    rng = np.random.default_rng(0)
    n_bins, n_spikes, n_draws = 4000, 150, 300
    log_rates = np.sqrt(2 * bits * np.log(2)) * rng.standard_normal(n_bins)
    rates = np.exp(log_rates)
    rates *= n_spikes / rates.sum()
    counts = rng.poisson(np.repeat(rates[:, None], n_draws, axis=1))
    scores = bits_per_spike(counts, np.repeat(rates[:, None], n_draws, axis=1))
    expected = standard_error_of_bits(bits, n_spikes)
    assert scores.std() == pytest.approx(expected, rel=0.2)


def test_as_many_spikes_as_are_needed_resolve_what_they_should():
    params = VerdictParams(resolved_bits=0.05, standard_errors=3)
    error = standard_error_of_bits(params.resolved_bits, params.least_spikes)
    assert params.resolved_bits == pytest.approx(3 * error)


def row(**columns):
    """A neuron that is fine, but for these columns."""
    given = {
        "bps": 0.4,
        "n_spikes": 900,
        "oracle_bps": 0.5,
        "rf_y": 6.0,
        "rf_x": 6.0,
        "rf_snr_sta": 20.0,
        "rf_snr_ste": 3.0,
        "readout_y": 6.0,
        "readout_x": 6.0,
        "train_bps": 0.45,
    }
    return pd.DataFrame([given | columns])


def verdict(params=None, **columns):
    return verdicts_of(row(**columns), (12, 12, 1), 100.0, params)["verdict"][0]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, FINE),
        ({"n_spikes": 50}, LOW_RATE),
        # Few spikes say nothing, whatever else is wrong.
        ({"n_spikes": 50, "oracle_bps": 0.01}, LOW_RATE),
        ({"oracle_bps": 0.01, "bps": -0.2}, UNRELIABLE),
        # What is known is believed more than what repeats say.
        ({"cc_max": 0.1, "n_repeats": 9, "n_repeated_bins": 200}, FINE),
        (
            {
                "oracle_bps": np.nan,
                "cc_max": 0.1,
                "n_repeats": 9,
                "n_repeated_bins": 200,
            },
            UNRELIABLE,
        ),
        # Another measurement has put the centre where there is no screen.
        ({"center_y": -3.0, "center_x": 4.0, "bps": 0.0}, OUTSIDE),
        # What is explained is fine at the border, too.
        ({"rf_y": 0.1}, FINE),
        ({"rf_y": 0.1, "bps": 0.1}, OUTSIDE),
        # The read-out is asked only where spikes show no field.
        ({"readout_x": 11.4, "bps": 0.1, "train_bps": 0.1}, UNDERFITTED),
        (
            {"readout_x": 11.4, "bps": 0.1, "train_bps": 0.1, "rf_snr_sta": 3.0},
            OUTSIDE,
        ),
        ({"bps": 0.1, "train_bps": 0.12}, UNDERFITTED),
        ({"bps": 0.1, "train_bps": 0.9}, "overfitted"),
        # Without truth and repeats, what is above chance is fine.
        ({"oracle_bps": np.nan}, FINE),
        ({"oracle_bps": np.nan, "bps": 0.01, "train_bps": 0.02}, UNDERFITTED),
    ],
)
def test_the_first_reason_that_holds_is_the_verdict(columns, expected):
    assert verdict(**columns) == expected


def test_a_table_without_columns_that_are_not_needed_is_judged():
    table = row()[["bps", "n_spikes"]]
    assert verdicts_of(table, (12, 12), 100.0)["verdict"].tolist() == [FINE]


def test_an_unscored_neuron_has_a_verdict():
    assert verdict(n_spikes=0, bps=np.nan, oracle_bps=np.nan) == LOW_RATE


@pytest.mark.parametrize("field", dataclasses.fields(VerdictParams))
def test_borders_that_make_no_sense_are_refused(field):
    with pytest.raises(ValueError, match=f"{field.name} must be positive, got 0"):
        VerdictParams(**{field.name: 0})
