"""Numbers that are no longer finite are found wherever they are."""

import numpy as np
import pytest

from v1model.finite import first_not_finite, is_finite

LONG = 2_500_000  # longer than what is looked at together


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, LONG // 2, LONG - 1])
def test_one_number_is_found_anywhere(value, place):
    array = np.ones(LONG, np.float32)
    assert is_finite(array)
    array[place] = value
    assert not is_finite(array)
    assert not is_finite(array.reshape(5, -1))


def test_large_integers_empty_arrays_and_scalars_are_finite():
    top = np.finfo(np.float32).max
    for array in (np.int64(2**62), np.zeros((0, 3)), np.full(9, top, np.float32)):
        assert is_finite(array)


def test_the_first_array_is_named():
    arrays = [("a", np.ones(3)), ("b", np.array(np.nan)), ("c", np.array(np.inf))]
    assert first_not_finite(iter(arrays)) == "b"
    assert first_not_finite(arrays[:1]) is None
