"""Distributions and sizes as TensorBoard gets them, against NumPy."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from v1model.event_files import EventFile, buckets_of, size_of

VALUES = arrays(np.float32, st.integers(0, 50), elements=st.floats(-1e6, 1e6, width=32))


@given(VALUES)
def test_buckets_hold_every_value_once_between_the_smallest_and_the_largest(values):
    buckets = buckets_of(values)
    assert buckets[:, 2].sum() == values.size
    if values.size:
        assert buckets[0, 0] == values.min() and buckets[-1, 1] == values.max()
    np.testing.assert_array_equal(buckets[1:, 0], buckets[:-1, 1])


def test_a_bucket_counts_what_lies_in_it():
    values = np.array([0, 1, 1, 15.5, 30])
    buckets = buckets_of(values)
    assert len(buckets) == 30
    assert buckets[[0, 1, 15, 29], 2].tolist() == [1, 2, 1, 1]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("n_between", [1, 10, 100])
def test_values_hardly_apart_have_buckets_too(dtype, n_between):
    """Voltages of a silent network differ in their last digits."""
    high = dtype(-70)
    low = high - n_between * np.spacing(dtype(70))
    buckets = buckets_of(np.array([low, high, high], dtype))
    assert buckets[:, 2].sum() == 3
    assert (buckets[0, 0], buckets[-1, 1]) == (low, high)


def test_values_as_large_as_their_type_allows_have_buckets():
    assert buckets_of(np.array([-65504, 65504], np.float16))[:, 2].sum() == 2


def test_what_is_not_finite_is_left_out():
    assert buckets_of([np.nan, 1, np.inf, 2])[:, 2].sum() == 2
    assert buckets_of([np.nan]).shape == (0, 3)


def test_the_size_of_a_png_is_read_from_its_header():
    file = io.BytesIO()
    Image.new("RGB", (37, 11)).save(file, "PNG")
    assert size_of(file.getvalue()) == (37, 11)


def test_a_closed_file_is_followed_by_another(tmp_path):
    events = EventFile(tmp_path / "new" / "folder")
    for step in (3, 8):
        events.write(step, scalars={"x": step}, histograms={"h": [1, 2]}, pictures={})
        events.close()
    read = EventAccumulator(str(tmp_path / "new" / "folder"))
    read.Reload()
    # By step: files of one second are read by their number in the process, as words,
    # and so 10 comes before 9.
    found = {event.step: event.tensor_proto.float_val[0] for event in read.Tensors("x")}
    assert found == {3: 3, 8: 8}
    plugin = read.SummaryMetadata("h").plugin_data.plugin_name
    assert plugin == "histograms"
