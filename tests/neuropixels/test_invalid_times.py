import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.neuropixels.invalid_times import mask_units, overlaps
from v1model.recordings.clock import ROUNDING_S

PROBES = ["probeA", "probeA", "probeB"]
seconds = st.integers(0, 40).map(lambda n: n / 4)
intervals = st.tuples(seconds, seconds.filter(bool)).map(lambda p: (p[0], sum(p)))


def table(rows, labels="probeA"):
    rows = np.array(rows).reshape(-1, 2)
    return pd.DataFrame({"start_s": rows[:, 0], "stop_s": rows[:, 1], "label": labels})


@settings(deadline=None)
@given(st.lists(intervals, max_size=6), st.lists(intervals, max_size=4))
def test_intervals_overlap_if_they_share_a_stretch_of_time(shown, invalid):
    start, stop = np.array(shown).reshape(-1, 2).T
    found = overlaps(start, stop, table(invalid))
    ticks = np.arange(0, 21, 0.25) + 0.125  # a stretch of quarters contains a tick
    for (begin, end), is_hit in zip(shown, found, strict=True):
        inside = ticks[(ticks > begin) & (ticks < end)]
        assert is_hit == any(((inside > a) & (inside < b)).any() for a, b in invalid)


@settings(deadline=None)
@given(intervals, st.floats(-1, 1))
def test_touching_within_rounding_is_no_overlap(interval, share):
    start, stop = interval
    late = stop + share * ROUNDING_S / 2
    assert not overlaps([start], [late], table([(stop, stop + 1)])).any()
    assert not overlaps([late], [stop + 1], table([interval])).any()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            intervals,
            st.sampled_from(["probeA", "probeB", "probeC", "all_probes", "stimulus"]),
        ),
        max_size=5,
    )
)
def test_a_label_masks_the_units_of_its_probe_alone(rows):
    start, stop = np.arange(0, 20.0), np.arange(1, 21.0)
    labels = [label for _, label in rows]
    invalid = table([interval for interval, _ in rows], labels)
    valid = mask_units(invalid, PROBES, start, stop)
    for unit, probe in enumerate(PROBES):
        hit = [i for i, label in rows if label in (probe, "all_probes")]
        expected = ~overlaps(start, stop, table(hit))
        np.testing.assert_array_equal(valid[:, unit], expected)
