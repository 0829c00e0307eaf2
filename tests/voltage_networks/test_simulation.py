"""Euler's rule, and the recordings that come of it."""

import numpy as np
import pytest

from tests.voltage_networks.circuits import by_hand, circuit, published
from v1model.recordings import open_recording
from v1model.voltage_networks import Simulator, load_connectome, record, settled
from v1model.voltage_networks.movies import movie, segments
from v1model.voltage_networks.simulation import STIMULUS, VOLTAGE

DT_S = 0.02


def frames(n_steps, n_hexals=2, seed=0):
    return np.random.default_rng(seed).random((n_steps, n_hexals), np.float32)


def test_steps_follow_the_rule_and_rows_stand_before_the_update():
    network, seen = circuit(), frames(200)
    simulator = Simulator(network, DT_S)
    start = simulator.v.copy()
    rows = simulator.run(seen)
    expected, end = by_hand(network, seen, DT_S, start)
    np.testing.assert_allclose(rows, expected, atol=2e-6)
    np.testing.assert_allclose(simulator.v, end, atol=2e-6)
    np.testing.assert_array_equal(rows[0], start)


def test_a_movie_in_parts_gives_what_it_gives_as_a_whole():
    seen = frames(50)
    whole = Simulator(circuit(), DT_S, noise=0.1, seed=1).run(seen)
    parts = Simulator(circuit(), DT_S, noise=0.1, seed=1)
    rows = [parts.run(part) for part in np.split(seen, (7, 8, 30))]
    np.testing.assert_array_equal(np.concatenate(rows), whole)


def test_a_settled_network_does_not_move_under_grey():
    grey = np.full((100, 2), 0.5)
    rows = settled(circuit(), DT_S).run(grey)
    assert np.ptp(rows, axis=0).max() < 1e-5
    assert np.ptp(Simulator(circuit(), DT_S).run(grey), axis=0).max() > 0.1


def test_noise_is_as_large_at_any_length_of_a_step():
    network = circuit(weight=[0.0] * 7)
    still = np.full((4000, 2), 0.5)
    for dt_s in (0.001, 0.02):
        # tau at least dt, so the noise of one step is what v differs by.
        rows = settled(network, dt_s, noise=0.05, seed=3).run(still)
        gain = dt_s / np.maximum(network.tau_s, dt_s)
        rest = network.bias + np.where(network.role == "input", 0.5, 0)
        kicks = rows[1:] - rows[:-1] - gain * (rest - rows[:-1])
        np.testing.assert_allclose(kicks.std(axis=0), 0.05, rtol=0.05)


def test_a_network_that_diverges_says_when():
    wild = circuit(weight=[0.9, -0.7, 0.5, 0.8, -0.6, -0.4, 3.0])
    simulator = Simulator(wild, DT_S)
    with pytest.raises(
        ValueError, match=r"diverges: it leaves \+-10000 at step (\d+)"
    ) as e:
        for _ in range(10):
            simulator.run(frames(7))
    step = int(str(e.value).split("step ")[1].split(";")[0])
    expected, _ = by_hand(wild, np.concatenate([frames(7)] * 10), DT_S, wild.bias)
    assert step == int(np.argmax(np.abs(expected).max(axis=1) >= 1e4))
    with pytest.raises(ValueError, match="under grey, before the first step"):
        settled(wild, DT_S)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dt_s": 0}, "dt_s must be positive, got 0"),
        ({"noise": -1}, "noise must not be negative, got -1"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Simulator(circuit(), **options)


def test_a_movie_for_another_eye_is_refused():
    with pytest.raises(ValueError, match=r"shape \(t, 2\), got \(5, 3\)"):
        Simulator(circuit()).run(frames(5, 3))


def test_a_recording_obeys_the_rule_across_segments_and_blocks(tmp_path):
    network = circuit()
    done = []
    record(
        tmp_path / "a.h5",
        network,
        segments("bars+noise", network.positions, DT_S, seed=2),
        700,
        metadata={"who": "me"},
        progress=lambda *counts: done.append(counts),
    )
    with open_recording(tmp_path / "a.h5") as recording:
        rows = recording.activity[VOLTAGE].read()
        seen = recording.stimulus[STIMULUS].read()
        trials = recording.trials
        assert recording.dt_ms == 20
        assert recording.activity[VOLTAGE].unit == "a.u."
        assert recording.neurons["cell_type"].tolist() == network.cell_type.tolist()
        np.testing.assert_allclose(recording.neurons["tau_ms"], 1000 * network.tau_s)
        table = recording.connections
        for name, field in (("pre", "source"), ("post", "target"), ("weight",) * 2):
            np.testing.assert_array_equal(table[name], getattr(network, field))
        assert recording.metadata == {"who": "me", "hexals": [[0, 0], [1, -1]]}
    expected, _ = by_hand(network, seen, DT_S, rows[0])
    np.testing.assert_allclose(rows, expected, atol=5e-6)
    whole = movie("bars+noise", network.positions, 700, DT_S, seed=2)
    np.testing.assert_array_equal(seen, whole)
    assert trials["stop_s"].iloc[-1] == pytest.approx(14)
    np.testing.assert_allclose(trials["start_s"][1:], trials["stop_s"][:-1])
    assert set(trials["stimulus"]) == {"bars", "noise"}
    assert done[-1] == (700, 700)


def test_a_movie_that_is_too_short_leaves_no_recording(tmp_path):
    one = (item for item in [("bars", frames(20))])
    with pytest.raises(ValueError, match="a.h5: the movie has 20 frames, not 30"):
        record(tmp_path / "a.h5", circuit(), one, 30)
    with pytest.raises(ValueError, match="n_steps must be positive, got 0"):
        record(tmp_path / "a.h5", circuit(), iter(()), 0)
    assert not list(tmp_path.iterdir())


@pytest.mark.data
@pytest.mark.parametrize(("extent", "weight_scale"), [(2, 8), (3, 7)])
def test_a_fly_that_is_scaled_stays_bounded_and_is_not_silent(extent, weight_scale):
    fly = load_connectome(published(f"conn_ext{extent}.npz"))
    network = fly.scaled(weight_scale, -0.4).with_drawn_tau(0)
    assert len(set(network.cell_type.tolist())) == 65
    assert network.inputs.tolist() == list(range(8 * network.n_hexals))
    np.testing.assert_array_equal(
        network.hexal_of_input, np.tile(np.arange(network.n_hexals), 8)
    )
    seen = movie("bars+pictures+gratings", network.positions, 2000, DT_S, 0)
    rows = settled(network).run(seen)
    spread = rows.std(axis=0)
    assert np.abs(rows).max() < 5
    assert (spread < 1e-3).mean() < 0.1
    # As it is, almost all of it is silent.
    assert (settled(fly).run(seen).std(axis=0) < 1e-3).mean() > 0.5
