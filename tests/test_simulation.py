"""Simulation: pieces, seeds and batches do not matter, and a built column fires."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from v1model.config import DEFAULT_BUILD_SEED, ColumnConfig
from v1model.lgn import LGN, draw_units
from v1model.models import column_model
from v1model.network.builder import build_column
from v1model.network.physiology import rate_bands
from v1model.network.populations import rough_population
from v1model.simulation import (
    grating_lgn_rates,
    grating_rates,
    gray_rates,
    mean_rates,
    population_rates,
    simulate,
    spike_pieces,
    trial_seeds,
    untrained_column,
)
from v1model.stimuli.gratings import drifting_grating
from v1model.tuning import Tuning, alignment

T = 90
SEEDS = (5, 9)

# A crop lacks the synapses of the neurons around it. Where inhibitory neurons depend
# on those most, the rate falls below the band of the core in some builds, most in those
# whose few hundred LGN units happen to lie sparsely.
STARVED_BY_CROPPING = {"i23Sst", "i4Htr3a", "i4Sst", "i6Pvalb"}


@pytest.fixture(scope="module")
def column(network):
    return untrained_column(network)


@pytest.fixture(scope="module")
def lgn_spikes(network):
    rng = np.random.default_rng(0)
    shape = (len(SEEDS), T, network.lgn.n_inputs)
    return (rng.random(shape) < 0.1).astype(np.float32)


def spikes_of(column, pieces, seeds=SEEDS, **options):
    activities = list(simulate(column, pieces, seeds, **options))
    return np.concatenate([a.spikes.numpy() for a in activities], axis=1)


def test_without_noise_a_run_is_one_call_of_the_layers(column, lgn_spikes):
    expected = column.rsnn(column.input_layer(lgn_spikes))
    (activity,) = simulate(column._replace(noise=None), [lgn_spikes], SEEDS)
    assert activity.spikes.numpy().sum() > 100
    np.testing.assert_array_equal(activity.spikes, expected.spikes)
    np.testing.assert_allclose(activity.voltages, expected.voltages, atol=1e-4)


@pytest.mark.parametrize("engine", ["compiled", "portable", "stepwise"])
def test_pieces_of_any_length_give_the_same_spikes(network, lgn_spikes, engine):
    column = untrained_column(network, engine=engine)
    pieces = np.split(lgn_spikes, (1, 30, 77), axis=1)
    whole = spikes_of(column, [lgn_spikes], noise_ms=25)
    assert whole.sum() > 100
    np.testing.assert_array_equal(spikes_of(column, pieces, noise_ms=25), whole)


def test_a_run_that_was_broken_off_goes_on_as_if_it_had_not_been(column, lgn_spikes):
    whole = spikes_of(column, [lgn_spikes], noise_ms=25)
    (before,) = simulate(column, [lgn_spikes[:, :40]], SEEDS, noise_ms=25)
    rest = spikes_of(
        column, [lgn_spikes[:, 40:]], noise_ms=25, state=before.state, start_ms=40
    )
    np.testing.assert_array_equal(rest, whole[:, 40:])
    assert rest.sum() > 100
    with pytest.raises(ValueError, match="start_ms must not be negative, got -1"):
        list(simulate(column, [], SEEDS, start_ms=-1))


def test_a_trial_does_not_depend_on_the_batch_it_sits_in(column, lgn_spikes):
    both = spikes_of(column, [lgn_spikes])
    second = spikes_of(column, [lgn_spikes[1:]], SEEDS[1:])
    np.testing.assert_array_equal(both[1:], second)


def test_the_noise_follows_from_the_seed_and_never_repeats(column, lgn_spikes):
    same_input = np.repeat(lgn_spikes[:1], 3, axis=0)
    spikes = spikes_of(column, [same_input], (5, 5, 6))
    np.testing.assert_array_equal(spikes[0], spikes[1])
    assert (spikes[0] != spikes[2]).any()
    silent = np.zeros((1, 200, lgn_spikes.shape[-1]), np.float32)
    drive = column._replace(noise=Recorder(column.noise))
    spikes_of(drive, [silent], (5,), noise_ms=100)
    first, second = drive.noise.drawn
    assert (first != second).any()


class Recorder:
    """A noise layer that remembers what it drew."""

    def __init__(self, layer):
        self.layer = layer
        self.drawn = []

    def __call__(self, seeds, n_steps):
        noise = self.layer(seeds, n_steps=n_steps)
        tf.py_function(lambda drawn: self.drawn.append(drawn.numpy()), [noise], [])
        return noise


def test_a_model_runs_like_its_layers(network, column, lgn_spikes):
    pools = np.arange(4).reshape(2, 2)
    config = ColumnConfig(background="shared")
    model = column_model(network, config, pools, chunk=10, has_threshold=False)
    np.testing.assert_array_equal(
        spikes_of(model, [lgn_spikes]), spikes_of(column, [lgn_spikes])
    )


def test_mean_rates_are_the_spikes_after_the_beginning(network, column):
    rng = np.random.default_rng(1)
    lgn_rates = rng.uniform(0, 200, (230, network.lgn.n_inputs)).astype(np.float32)
    spikes = spikes_of(column, spike_pieces(lgn_rates, SEEDS))
    expected = spikes[:, 120:].mean(axis=(0, 1)) * 1000
    assert expected.max() > 0
    found = mean_rates(column, lgn_rates, SEEDS, skip_ms=120)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_lgn_spikes_have_the_rates_whatever_the_pieces():
    lgn_rates = np.tile(np.float32([0, 1, 20, 200]), (20_000, 1))
    (whole,) = spike_pieces(lgn_rates, (3,), piece_ms=20_000)
    pieces = list(spike_pieces(lgn_rates, (3,), piece_ms=999))
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)
    expected = 1 - np.exp(-lgn_rates[0].astype(float) / 1000)
    error = np.sqrt(expected * (1 - expected) / len(lgn_rates))
    assert (np.abs(whole[0].mean(axis=0) - expected) <= 4 * error).all()


@pytest.mark.parametrize("direction", [0.0, 30.0, 225.0])
def test_a_grating_of_two_pictures_is_the_movie(direction):
    lgn = LGN(draw_units(0).take(np.arange(0, 17_400, 300)))
    shape = {"spatial_frequency": 0.04, "temporal_frequency": 3.0, "contrast": 0.8}
    movie = drifting_grating(300, direction, **shape)
    found = grating_lgn_rates(lgn, direction, duration_ms=300, **shape)
    np.testing.assert_allclose(found, lgn.rates(movie), atol=1e-3)
    assert np.ptp(found, axis=0).max() > 10


def test_population_rates_are_means_over_the_cells_of_a_population(network):
    rates = np.random.default_rng(2).uniform(0, 9, network.n_neurons)
    names = rough_population(network.pop_name)
    means = population_rates(network, rates)
    assert set(means) == {*names, "network"}
    assert means["e5"] == pytest.approx(rates[names == "e5"].mean())
    assert means["network"] == pytest.approx(rates.mean())


def test_wrong_input_is_refused_with_its_value(network, column):
    n = network.lgn.n_inputs
    for shape in ((1, 10, n), (2, 10, n + 1), (10, n)):
        with pytest.raises(ValueError, match=str(n)):
            list(simulate(column, [np.zeros(shape, np.float32)], SEEDS))
    with pytest.raises(ValueError, match="noise_ms must be positive, got 0"):
        list(simulate(column, [], SEEDS, noise_ms=0))
    with pytest.raises(ValueError, match="got 100"):
        mean_rates(column, np.zeros((100, n)), SEEDS, skip_ms=100)
    with pytest.raises(ValueError, match="seed"):
        mean_rates(column, np.zeros((100, n)), ())
    with pytest.raises(ValueError, match="trials must be positive, got 0"):
        trial_seeds(1, 0)


def built(neurons, seed):
    """A built column: its network, layers and LGN."""
    network = build_column(neurons, seed)
    network = dataclasses.replace(network, lgn=network.lgn.connected())
    return network, untrained_column(network), LGN(network.lgn.units)


def test_a_grating_drives_a_small_column_and_nothing_runs_away():
    network, column, lgn = built(1000, 1)
    shown = {"duration_ms": 1000, "seed": 1}
    rates = population_rates(
        network, grating_rates(column, lgn, 90.0, trials=2, **shown)
    )
    gray = population_rates(network, gray_rates(column, lgn, trials=2, **shown))
    assert 0.5 < rates["network"] < 6
    assert gray["network"] < 0.7 * rates["network"]
    assert max(rates.values()) < rate_bands()["any"].high
    assert all(rates[name] > 0.3 for name in ("e23", "e4", "e5", "e6", "i1Htr3a"))


def test_the_lgn_drives_a_cell_most_against_its_tuning_angle():
    """As in the published column, whose cells prefer motion against their angle.

    Transient OFF units lie ahead along the tuning angle, sustained units behind; at
    2 Hz and 0.04 cycles per degree the two agree in phase when the grating moves back.
    """
    network = build_column(1000, 1)
    network = dataclasses.replace(network, lgn=network.lgn.connected())
    synapses, lgn = network.lgn.synapses, LGN(network.lgn.units)
    directions = np.arange(0, 360, 45.0)
    depth = []  # of the modulation of each cell's input at the grating's frequency
    for direction in directions:
        rates = grating_lgn_rates(lgn, direction, duration_ms=1000)[500:]
        modulation = np.exp(-4j * np.pi * np.arange(500) / 1000) @ rates
        drive = synapses.weight * modulation[synapses.pre]
        cells = synapses.post, network.n_neurons
        real = np.bincount(cells[0], drive.real, cells[1])
        depth.append(np.hypot(real, np.bincount(cells[0], drive.imag, cells[1])))
    is_e4 = rough_population(network.pop_name) == "e4"
    tuning = Tuning(np.stack(depth, axis=1)[is_e4], directions)
    wired = network.tuning_angle[is_e4]
    found = alignment(tuning.preferred_direction, wired)
    assert abs(found.offset) > 170
    assert found.concentration > 0.7
    found = alignment(tuning.preferred_orientation, wired, 180.0)
    assert abs(found.offset) < 5
    assert found.concentration > 0.7


def rates_of_build(seed):
    """Rates of a 5,000-neuron column under gratings in four directions."""
    network, column, lgn = built(5000, seed)
    rates = [
        grating_rates(column, lgn, direction, duration_ms=2000, seed=trial, trials=2)
        for trial, direction in enumerate((0.0, 90.0, 180.0, 270.0))
    ]
    return population_rates(network, np.mean(rates, axis=0))


@pytest.mark.slow
def test_built_columns_fire_within_the_published_bands():
    builds = [rates_of_build(seed) for seed in range(1, 5)]
    assert set(builds[0]) == set(rate_bands()) - {"any"}
    for name, band in rate_bands().items():
        if name == "any":
            continue
        rates = [build[name] for build in builds]
        assert band.low <= np.mean(rates) <= band.high, (name, rates)
        if name not in STARVED_BY_CROPPING:
            assert all(band.low <= rate <= band.high for rate in rates), (name, rates)


@pytest.mark.slow
def test_the_default_column_fires_within_the_published_bands():
    for name, rate in rates_of_build(DEFAULT_BUILD_SEED).items():
        assert rate_bands()[name].low <= rate <= rate_bands()[name].high, name
