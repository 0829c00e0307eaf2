"""The made-up eye."""

import numpy as np
import pytest
from scipy import special

from v1model.voltage_networks import draw_eye, settled
from v1model.voltage_networks.eye import RECEPTORS, TYPES
from v1model.voltage_networks.movies import movie

DT_S = 0.02
SEEDS = (0, 1, 5, 10, 12)


@pytest.fixture(scope="module")
def eye():
    return draw_eye()


def kernels(network):
    """Weights by types of pre and post and by the step between their columns."""
    found = {}
    for a, b, w in zip(network.source, network.target, network.weight, strict=True):
        key = (
            str(network.cell_type[a]),
            str(network.cell_type[b]),
            int(network.u[a] - network.u[b]),
            int(network.v[a] - network.v[b]),
        )
        found.setdefault(key, set()).add(float(w))
    return found


def test_an_eye_of_extent_2_has_475_neurons_of_25_types(eye):
    assert eye.n_neurons == 475
    assert eye.n_hexals == 19
    assert list(dict.fromkeys(eye.cell_type.tolist())) == list(TYPES)
    assert set(eye.role.tolist()) == {"input", "intermediate", "output"}
    assert set(eye.cell_type[eye.inputs].tolist()) == set(RECEPTORS)


def test_every_column_is_wired_like_every_other(eye):
    found = kernels(eye)
    assert all(len(weights) == 1 for weights in found.values())
    larger = kernels(draw_eye(extent=3))
    # Weights do not depend on the extent, up to the last digit of a sum.
    for key, weights in found.items():
        assert min(larger[key]) == pytest.approx(min(weights), rel=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_excites_itself_in_a_circle(seed):
    """Together with inhibition below 0 that means: activity is bounded."""
    network = draw_eye(1, seed)
    excites = {
        (a, b) for a, b, *_ in (k for k, w in kernels(network).items() if max(w) > 0)
    }
    rest = set(TYPES)
    while rest:
        first = {b for b in rest if not any((a, b) in excites for a in rest)}
        assert first, f"a circle of excitation among {rest}"
        rest -= first


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("extent", [1, 2, 4])
def test_all_types_vary_none_runs_away_and_rest_is_rest(seed, extent):
    network = draw_eye(extent, seed)
    seen = movie("bars+pictures+gratings", network.positions, 1000, DT_S, seed)
    rows = settled(network).run(seen)
    assert np.abs(rows).max() < 15
    spread = rows.std(axis=0)
    by_type = [spread[network.cell_type == name].mean() for name in TYPES]
    assert min(by_type) > 0.03
    assert (rows.max(axis=0) <= 0).mean() < 0.1  # never reach another neuron
    share = (rows > 0).mean()
    assert 0.3 < share < 0.95  # the rectifier matters
    grey = settled(network).run(np.full((200, network.n_hexals), 0.5))
    assert grey[100:].std(axis=0).max() < 0.01


def test_seeds_draw_other_eyes_with_the_same_types(eye):
    same, other = draw_eye(), draw_eye(seed=1)
    np.testing.assert_array_equal(eye.weight, same.weight)
    assert other.cell_type.tolist() == eye.cell_type.tolist()
    assert set(other.tau_s.tolist()) != set(eye.tau_s.tolist())


def test_a_motion_detector_prefers_a_direction():
    """Some of the 8 answer very differently to bars in opposite directions."""
    network = draw_eye(3, 0)
    along, step = network.positions, np.arange(400)
    answers = []
    for angle in np.arange(8) * np.pi / 4:
        place = -5 + 8.0 * DT_S * step % 10
        way = along @ [np.cos(angle), np.sin(angle)]
        distance = (way - place[:, None]) / 0.5
        bar = special.ndtr(distance + 1.5) - special.ndtr(distance - 1.5)
        rows = settled(network).run(0.5 + 0.5 * bar)
        middle = (network.u == 0) & (network.v == 0)
        answers.append(np.maximum(rows[:, middle], 0).max(axis=0))
    answers = np.array(answers)  # (directions, types)
    opposite = np.roll(answers, 4, axis=0)
    index = (np.abs(answers - opposite) / (answers + opposite + 1e-6)).max(axis=0)
    is_motion = np.char.startswith(np.array(TYPES), "M")
    assert index[is_motion].max() > 0.3
    is_local = np.isin(TYPES, RECEPTORS)
    assert index[is_local].max() < 0.05


def test_a_negative_extent_is_refused():
    with pytest.raises(ValueError, match="extent must not be negative, got -1"):
        draw_eye(-1)
