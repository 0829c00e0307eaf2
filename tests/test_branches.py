"""Columns that part: alike until then, apart afterwards."""

import numpy as np
import pytest

from v1model.column_recording.branches import branches
from v1model.lgn import LGN
from v1model.simulation import simulate, spike_pieces, trial_seeds, untrained_column
from v1model.stimuli import view_of
from v1model.stimuli.flashes import flashed, natural_frames
from v1model.stimuli.screening import ScreenRates

SEED, R, G = 7, 3, 2
SETTLING, STRETCH, STEP = 40, 60, 5
START = 100

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def layers(network):
    return untrained_column(network)


@pytest.fixture(scope="module")
def screen(network):
    frames = natural_frames(4, view_of(network.lgn), 2.0)
    screening = flashed(frames, 2, 0, shown_ms=50, gray_ms=50)
    return ScreenRates(LGN(network.lgn.units), screening)


def parted(layers, screen, **options):
    lengths = {
        "n_columns": R,
        "start_ms": START,
        "n_stretches": G,
        "stretch_ms": STRETCH,
        "settling_ms": SETTLING,
        "step_ms": STEP,
    }
    return branches(layers, screen, SEED, **{**lengths, **options})


def test_column_0_goes_on_as_if_nobody_had_parted_from_it(network, layers, screen):
    calls = []
    found = parted(layers, screen, report=lambda *n: calls.append(n))
    seeds = trial_seeds(SEED, R)[:1]
    first, last = START - SETTLING, START + G * STRETCH
    pieces = spike_pieces(screen.between(first, last), seeds)
    whole = list(simulate(layers, pieces, seeds, start_ms=first))
    voltages, spikes = (
        np.concatenate([getattr(piece, name)[0] for piece in whole])
        for name in ("voltages", "spikes")
    )
    n = network.n_neurons
    joined = {
        name: np.concatenate(
            [getattr(found, f"before_{name}"), getattr(found, name)[0].reshape(-1, n)]
        )
        for name in ("voltages", "counts")
    }
    assert spikes.sum() > 50
    expected = spikes.reshape(-1, STEP, n).sum(1)
    np.testing.assert_array_equal(joined["counts"], expected)
    expected = voltages.reshape(-1, STEP, n).mean(1)
    np.testing.assert_allclose(joined["voltages"], expected, rtol=1e-5)
    assert found.start_ms.tolist() == [START, START + STRETCH]
    assert calls[-1] == (SETTLING + G * STRETCH, SETTLING + G * STRETCH)
    rows = SETTLING // STEP
    for name, values in joined.items():
        beginnings = [rows - 1, rows - 1 + STRETCH // STEP]
        np.testing.assert_array_equal(found.first_rows(name), values[beginnings])


def test_columns_begin_alike_and_part(layers, screen):
    voltages = parted(layers, screen, step_ms=1).voltages
    spread = voltages.std(axis=0).mean(axis=(0, 2))
    assert spread[0] < 0.2 * spread[-1]  # noise needs time to be felt
    for one in range(1, R):
        assert (voltages[one] != voltages[0]).any()


def test_wrong_lengths_are_refused(layers, screen):
    wrong = [
        ({"n_columns": 1}, "n_columns must be at least 2, got 1"),
        ({"n_stretches": 0}, "n_stretches must be positive, got 0"),
        ({"step_ms": 0}, "step_ms must be positive, got 0"),
        ({"stretch_ms": 61}, "stretch_ms must be a positive multiple of step_ms 5"),
        ({"settling_ms": 0}, "settling_ms must be a positive multiple"),
        ({"start_ms": 20}, "start_ms must be at least settling_ms 40, got 20"),
    ]
    for options, message in wrong:
        with pytest.raises(ValueError, match=message):
            parted(layers, screen, **options)
