"""Counting spikes is exact, beside loops, sums, edges and pynapple."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.presentations.binning import bin_edges, bin_spikes, smallest_type

RNG = np.random.default_rng(0)


def count_slowly(spike_times, start_s, stop_s, n_bins):
    """A loop over bins, by the definition in words."""
    edges = bin_edges(start_s, stop_s, n_bins)
    counts = np.zeros((len(start_s), n_bins, len(spike_times)), int)
    for p in range(len(start_s)):
        for b in range(n_bins):
            for u, times in enumerate(spike_times):
                inside = [edges[p, b] <= t < edges[p, b + 1] for t in times]
                counts[p, b, u] = sum(inside)
    return counts


@st.composite
def problems(draw):
    """Spikes that lie on edges often, and presentations of every kind."""
    grid = st.integers(0, 60).map(lambda tick: 9000 + tick / 7)
    trains = draw(st.lists(st.lists(grid, max_size=30).map(sorted), max_size=4))
    starts = draw(st.lists(grid, min_size=1, max_size=8))
    ticks = st.integers(1, 40)
    durations = [draw(ticks) / 13 for _ in starts]
    stops = [start + length for start, length in zip(starts, durations, strict=True)]
    return trains, np.array(starts), np.array(stops), draw(st.integers(1, 6))


@settings(max_examples=150, deadline=None)
@given(problems())
def test_counts_are_those_of_a_loop_over_bins_for_all_presentations(problem):
    trains, start_s, stop_s, n_bins = problem
    counts = bin_spikes(trains, start_s, stop_s, n_bins)
    np.testing.assert_array_equal(counts, count_slowly(trains, start_s, stop_s, n_bins))
    whole = bin_spikes(trains, start_s, stop_s, 1)
    np.testing.assert_array_equal(counts.sum(axis=1), whole[:, 0])


def test_late_in_a_session_counts_are_exact_where_float32_edges_are_not():
    start_s = 9000 + 0.25021 * np.arange(40)
    stop_s = 9000 + 0.25021 * np.arange(1, 41)
    trains = [np.sort(RNG.uniform(8999, 9012, 4000)) for _ in range(3)]
    counts = bin_spikes(trains, start_s, stop_s, 10)
    expected = count_slowly(trains, start_s, stop_s, 10)
    np.testing.assert_array_equal(counts, expected)
    rounded = bin_edges(start_s, stop_s, 10).astype(np.float32).astype(np.float64)
    histograms = [np.histogram(trains[0], edges)[0] for edges in rounded]
    assert (np.array(histograms) != expected[:, :, 0]).mean() > 0.1


def test_a_spike_on_a_shared_edge_counts_once_in_the_later_bin():
    counts = bin_spikes([[0.25, 0.5, 0.75]], [0.0, 0.5], [0.5, 1.0], 2)
    np.testing.assert_array_equal(counts[:, :, 0], [[0, 1], [1, 1]])


def test_a_spike_at_the_stop_of_the_last_presentation_is_outside():
    assert bin_spikes([[1.0]], [0.0], [1.0], 4).sum() == 0


@settings(max_examples=200, deadline=None)
@given(
    st.floats(-1e4, 1e4), st.floats(1e-9, 1e3), st.integers(1, 50), st.integers(1, 9)
)
def test_edges_increase_and_touching_presentations_share_theirs(start, length, n, k):
    borders = start + length * np.arange(k + 1)
    borders = borders[np.concatenate(([True], np.diff(borders) > 0))]
    if len(borders) < 2:
        return
    edges = bin_edges(borders[:-1], borders[1:], n)
    assert (np.diff(edges, axis=1) >= 0).all()
    np.testing.assert_array_equal(edges[:-1, -1], edges[1:, 0])
    np.testing.assert_array_equal(edges[:, -1], borders[1:])


@pytest.mark.filterwarnings("ignore")
def test_counts_of_presentations_with_gaps_are_those_of_pynapple():
    nap = pytest.importorskip("pynapple")
    start_s = np.cumsum(RNG.uniform(0.4, 0.9, 60))
    stop_s = start_s + 0.3
    trains = [np.sort(RNG.uniform(0, 60, 500)) for _ in range(5)]
    group = nap.TsGroup({k: nap.Ts(times) for k, times in enumerate(trains)})
    epochs = nap.IntervalSet(start_s, stop_s)
    theirs = np.asarray(group.count(ep=epochs).values)
    ours = bin_spikes(trains, start_s, stop_s, 1)[:, 0]
    # pynapple rounds all times to 1 ns and closes its intervals.
    np.testing.assert_array_equal(ours, theirs)


def test_an_empty_unit_is_silent_and_no_unit_is_no_column():
    assert bin_spikes([[], [0.1]], [0.0], [1.0], 2).sum(axis=(0, 1)).tolist() == [0, 1]
    assert bin_spikes([], [0.0], [1.0], 2).shape == (1, 2, 0)
    assert bin_spikes([[0.5]], [], [], 2).shape == (0, 2, 1)


@pytest.mark.parametrize(
    ("n_spikes", "dtype"),
    [(255, "uint8"), (256, "uint16"), (65_535, "uint16"), (65_536, "uint32")],
)
def test_the_type_of_the_counts_holds_the_largest(n_spikes, dtype):
    trains = [np.zeros(3), np.full(n_spikes, 0.5), np.zeros(0)]
    counts = bin_spikes(trains, [0.0], [1.0], 2)
    assert counts.dtype == dtype
    assert counts[0].tolist() == [[3, 0, 0], [0, n_spikes, 0]]


def test_more_units_than_are_counted_at_once_keep_their_order():
    trains = [np.linspace(0, 0.9, k) for k in range(150)]
    assert bin_spikes(trains, [0.0], [1.0], 1)[0, 0].tolist() == list(range(150))


def test_a_wrong_unit_is_named_by_its_place_among_all():
    with pytest.raises(ValueError, match="unit 100 must increase"):
        bin_spikes([[0.5]] * 100 + [[2.0, 1.0]], [0.0], [1.0], 1)


@given(st.floats(1e-3, 1e5), st.integers(1, 30), st.integers(1, 60))
def test_edges_of_the_shortest_presentations_stay_inside(start, n_steps, n):
    stop = start
    for _ in range(n_steps):
        stop = np.nextafter(stop, np.inf)
    edges = bin_edges([start], [stop], n)[0]
    assert (np.diff(edges) >= 0).all() and (edges[0], edges[-1]) == (start, stop)


def test_more_spikes_than_can_be_counted_are_refused():
    assert smallest_type(2**32 - 1) == np.uint32
    with pytest.raises(ValueError, match="more than can be counted"):
        smallest_type(2**32)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([0.1, 0.3, 0.2], r"unit 1 must increase, got 0\.2 s at spike 2 after 0\.3"),
        ([0.1, np.nan, 0.2], r"unit 1 must be finite, got nan s at spike 1"),
        ([np.nan], r"unit 1 must be finite, got nan s at spike 0"),
        ([0.1, np.inf], r"unit 1 must be finite, got inf s at spike 1"),
        ([-np.inf, 0.1], r"unit 1 must be finite, got -inf s at spike 0"),
        ([[0.1]], r"unit 1 must be one-dimensional"),
    ],
)
def test_wrong_spike_times_are_refused_by_unit_and_value(times, words):
    with pytest.raises(ValueError, match=words):
        bin_spikes([[0.5], times], [0.0], [1.0], 1)


@pytest.mark.parametrize(
    ("start_s", "stop_s", "n_bins", "words"),
    [
        ([0.0, 2.0], [1.0, 1.5], 1, r"presentation 1 must .* got 2\.0 to 1\.5 s"),
        ([0.0, 2.0], [1.0, 2.0], 1, r"presentation 1 must .* got 2\.0 to 2\.0 s"),
        ([0.0, np.nan], [1.0, 2.0], 1, r"presentation 1 must .* got nan"),
        ([0.0], [np.inf], 1, r"presentation 0 must be finite"),
        ([0.0], [1.0, 2.0], 1, "one number per presentation"),
        ([0.0], [1.0], 0, "n_bins must be a positive integer, got 0"),
        ([0.0], [1.0], 2.5, r"n_bins must be a positive integer, got 2\.5"),
        ([0.0], [1.0], True, "n_bins must be a positive integer, got True"),
    ],
)
def test_wrong_presentations_are_refused_by_row_and_value(
    start_s, stop_s, n_bins, words
):
    with pytest.raises(ValueError, match=words):
        bin_spikes([[0.5]], start_s, stop_s, n_bins)


def test_the_import_does_not_wait_for_numba():
    program = (
        "import sys, v1model.presentations.binning, v1model.presentations.splits\n"
        "sys.exit('numba' in sys.modules or 'tensorflow' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
