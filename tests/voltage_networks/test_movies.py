"""Movies on the hexals of an eye."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.voltage_networks import movies
from v1model.voltage_networks.hexals import hexagon, positions_of
from v1model.voltage_networks.photographs import photographs

DT_S = 0.02
PLACES = positions_of(*hexagon(2).T)
ANY = st.sampled_from(sorted(movies.KINDS))


def drawn(kind, n_steps=300, seed=0, places=PLACES, dt_s=DT_S):
    return movies.KINDS[kind](places, n_steps, dt_s, np.random.default_rng(seed))


@settings(max_examples=40, deadline=None)
@given(kind=ANY, seed=st.integers(0, 2**32 - 1), n_steps=st.integers(1, 400))
def test_every_frame_is_a_luminance_between_0_and_1(kind, seed, n_steps):
    frames = drawn(kind, n_steps, seed)
    assert frames.shape == (n_steps, len(PLACES))
    assert frames.dtype == np.float32
    assert frames.min() >= 0
    assert frames.max() <= 1


@pytest.mark.parametrize("kind", sorted(set(movies.KINDS) - {"grey"}))
def test_movies_move_and_their_mean_is_about_grey(kind):
    spreads, means = [], []
    for seed in range(40):
        frames = drawn(kind, seed=seed)
        spreads.append(frames.std(axis=0).mean())
        means.append(frames.mean())
    assert np.median(spreads) > 0.05
    assert np.mean(means) == pytest.approx(movies.GREY, abs=0.06)


@given(seed=st.integers(0, 10**6), n_steps=st.integers(1, 500))
@settings(max_examples=20, deadline=None)
def test_a_longer_movie_begins_like_a_shorter_one(seed, n_steps):
    longer = movies.movie("bars+gratings+noise", PLACES, 500, DT_S, seed)
    shorter = movies.movie("bars+gratings+noise", PLACES, n_steps, DT_S, seed)
    np.testing.assert_array_equal(shorter, longer[:n_steps])


def test_seeds_differ_and_repeat():
    one, same, other = (movies.movie("bars", PLACES, 300, DT_S, s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.1


def test_segments_are_of_the_kinds_that_are_named():
    found = list(itertools.islice(movies.segments("bars+grey", PLACES, DT_S, 0), 40))
    kinds = [kind for kind, _ in found]
    assert set(kinds) == {"bars", "grey"}
    assert 8 < kinds.count("bars") < 32
    seconds = np.array([len(frames) * DT_S for _, frames in found])
    assert ((seconds >= 0.98) & (seconds <= 4.02)).all()
    for kind, frames in found:
        if kind == "grey":
            assert (frames == movies.GREY).all()


def test_a_grating_is_a_plane_wave_that_moves():
    """Along the wave fronts all is the same, and time only shifts the wave."""
    for seed in range(20):
        frames = drawn("gratings", 400, seed).astype(np.float64) - movies.GREY
        # Sums of a sine and a cosine, in space and in time.
        assert np.linalg.matrix_rank(frames, tol=1e-4) == 2
        angle = np.unwrap(np.angle(frames @ np.linalg.svd(frames)[2][:2].T @ [1, 1j]))
        turns = np.abs(np.diff(angle)).mean() / (2 * np.pi * DT_S)
        low, high = movies.GRATING_HZ
        assert low * 0.95 < turns < high * 1.05


def test_a_bar_keeps_its_speed_and_direction_while_it_crosses():
    line = np.stack([np.linspace(-8, 8, 400), np.zeros(400)], axis=1)
    n_seen, longest = 0, movies.BAR_SPEED[1] * DT_S / np.cos(1.2)
    for seed in range(30):
        height = np.abs(drawn("bars", 1000, seed, line) - movies.GREY)
        whole = (height[:, [0, -1]] < 1e-4).all(axis=1) & (height.max(axis=1) > 0.1)
        with np.errstate(invalid="ignore"):
            middle = (height @ line[:, 0]) / height.sum(axis=1)
        # Three frames of one bar, which is neither entering nor leaving.
        steps = np.diff(middle)
        one = whole[2:] & whole[1:-1] & whole[:-2]
        one &= (np.abs(steps[1:]) < longest) & (np.abs(steps[:-1]) < longest)
        same = np.isclose(height[2:].max(axis=1), height[:-2].max(axis=1), atol=1e-3)
        change = np.abs(np.diff(steps))[one & same]
        assert (change < 1e-2).all()
        n_seen += len(change)
    assert n_seen > 1000


def test_the_order_of_hexals_does_not_matter():
    order = np.random.default_rng(0).permutation(len(PLACES))
    for kind in ("bars", "gratings", "pictures"):
        one, other = drawn(kind), drawn(kind, places=PLACES[order])
        np.testing.assert_allclose(one[:, order], other, atol=1e-6)


def test_near_hexals_see_more_alike_than_far_ones():
    distance = np.linalg.norm(PLACES[:, None] - PLACES, axis=2)
    frames = np.concatenate([drawn("pictures", 300, seed) for seed in range(20)])
    alike = np.corrcoef(frames.T)
    near, far = (alike[np.isclose(distance, d)].mean() for d in (1, 4))
    assert 0 < near < 1
    assert near > far + 0.1


def test_photographs_have_every_luminance_equally_often():
    for picture in photographs():
        shares, _ = np.histogram(picture, bins=10, range=(0, 1))
        np.testing.assert_allclose(shares / picture.size, 0.1, atol=0.001)
        assert picture.dtype == np.float32


@pytest.mark.parametrize("text", ["cats", "bars+", "", "bars,gratings"])
def test_an_unknown_kind_is_answered_with_the_choices(text):
    with pytest.raises(ValueError, match="is unknown; choose from bars, pictures"):
        movies.kinds_of(text)
