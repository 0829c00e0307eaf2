"""What a latent model of a column is trained on, and judged by."""

import numpy as np
import pytest

from tests.networks import small_network
from v1model.column_recording import evolver_data
from v1model.column_recording.branches import Branches
from v1model.column_recording.evolver_data import (
    PICTURES,
    SHOWN,
    STIMULUS,
    DataConfig,
    EvolverData,
    Shown,
)
from v1model.column_recording.evolver_judging import judged_table, rates_of, rolled_out
from v1model.latent.signals import SmoothedCounts
from v1model.network.populations import ROUGH_POPULATIONS
from v1model.recordings import open_recording
from v1model.stimuli import view_of
from v1model.stimuli.picture_movie import moving_pictures

STEP = 5
CONFIG = DataConfig(neurons=500, repeats=1, step_ms=STEP, components=6, columns=2)

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("evolver")
        patch.setenv("V1MODEL_CACHE", str(folder / "cache"))
        patch.setattr(evolver_data, "TRAINING_SCENES", 1)
        patch.setattr(evolver_data, "HELD_OUT_SCENES", 1)
        patch.setattr(evolver_data, "GRATING_MS", 100)
        made, said = EvolverData(CONFIG, folder / "data"), []
        made.make(lambda what, *unit: said.append(what) or (lambda *n: None))
        assert len(said) == 4
        again = EvolverData(CONFIG, folder / "data")
        again.make(lambda *_: pytest.fail("everything is there"))
        yield again


def test_a_longer_movie_begins_with_the_shorter_one():
    """So that what comes after the end of the shorter one are pictures not in it."""
    view = view_of(small_network().lgn)
    (short, numbers), (long, others) = (
        moving_pictures(ms, view, 2.0, 3) for ms in (2000, 4000)
    )
    np.testing.assert_array_equal(long[: len(short)], short)
    assert not set(others[len(numbers) :]) & set(numbers)


def test_the_recording_for_training_has_steps_of_the_model(data):
    with open_recording(data.training) as recording:
        assert recording.dt_ms == STEP
        assert recording.n_steps == 3000 // STEP
        assert recording.stimulus[STIMULUS].shape == (600, 6)
        assert sorted(recording.activity) == ["spikes", "voltages"]
    assert len(data.populations) == 500
    assert set(data.populations) <= set(ROUGH_POPULATIONS)


def test_the_stimulus_of_a_step_is_what_the_lgn_tells_in_it(data):
    shown = data.shown(PICTURES)
    g, k, s = shown.stimulus.shape
    assert (g, k, s) == (2, 200, 6)
    assert shown.branches.voltages.shape == (2, g, k, 500)
    screening = data._screening(evolver_data._movie(2, 1))
    screen = evolver_data.ScreenRates(data._lgn, screening)
    start_ms = int(shown.branches.start_ms[0])
    rates = screen.between(start_ms, start_ms + 1000)
    expected = data.components().of(rates.reshape(k, STEP, -1).mean(axis=1))
    np.testing.assert_allclose(shown.stimulus[0], expected, atol=1e-3)


def test_other_options_need_another_folder(data):
    with pytest.raises(ValueError, match="components is 6 there, and 7 now"):
        EvolverData(DataConfig(**{**vars(CONFIG), "components": 7}), data.folder)


def made_up_shown(n=4, seed=0):
    """Shown with counts (3, 5, 40, n)."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(0.3, (3, 5, 40, n)).astype(np.float32)
    before = rng.poisson(0.3, (60, n)).astype(np.float32)
    voltages = rng.normal(-70, 3, counts.shape).astype(np.float32)
    starts = 300 + 200 * np.arange(5)
    found = Branches(voltages, counts, voltages[0, 0][:20], before, starts)
    return Shown(found, rng.normal(size=(5, 40, 2)))


def test_rates_of_column_0_are_those_of_a_recording():
    class Counts:
        def __init__(self, counts):
            self.counts, self.shape = counts, counts.shape

        def read(self, start, stop):
            return self.counts[start:stop]

    shown = made_up_shown()
    found = shown.branches
    whole = np.concatenate([found.before_counts, *found.counts[0]])
    expected = SmoothedCounts(Counts(whole), 5.0, 50.0).read(0, len(whole))
    first, rates = rates_of(shown, 5, 50.0)
    np.testing.assert_allclose(rates[0].reshape(-1, 4), expected[60:], rtol=1e-4)
    beginnings = 59 + 40 * np.arange(5)
    np.testing.assert_allclose(first, expected[beginnings], rtol=1e-4)
    alone = np.concatenate(
        [found.before_counts, found.counts[0, 0], found.counts[2, 1]]
    )
    expected = SmoothedCounts(Counts(alone), 5.0, 50.0).read(0, len(alone))
    np.testing.assert_allclose(rates[2, 1], expected[100:], rtol=1e-4)


class Walk:
    """A model whose latent state is the activity, and moves by the stimulus' sum."""

    def encode(self, x):
        return x

    def encode_stimulus(self, s):
        return s.sum(-1, keepdims=True)

    def evolve(self, z, encoded):
        return z + np.cumsum(encoded, axis=0)

    def decode(self, z):
        return z


def test_a_rollout_moves_each_stretch_by_its_own_stimulus():
    first, stimulus = np.ones((5, 4)), made_up_shown().stimulus
    found = rolled_out(Walk(), first, stimulus)
    expected = 1 + np.cumsum(stimulus.sum(-1), axis=1)
    np.testing.assert_allclose(found[..., 3], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("signal", ["voltages", "rates"])
def test_a_table_has_every_window_population_and_model(signal):
    names = ["e23", "e23", "i4Sst", "e6"]
    table = judged_table(signal, made_up_shown(), {"walk": Walk()}, names, 5, 50.0)
    assert len(table) == 18 * table["window"].nunique()
    rows = table[table["population"] == "e23"]
    assert (rows["neurons"] == 2).all()
    assert rows[["walk", "constant", "ceiling"]].notna().all(axis=None)
    assert table[table["neurons"] == 0]["walk"].isna().all()


def test_what_is_shown_has_a_name():
    assert SHOWN == ("pictures", "gratings")
