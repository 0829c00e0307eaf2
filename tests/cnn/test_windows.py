"""The anti-alias window of kernels."""

import numpy as np
import pytest
import scipy.signal

from v1model.cnn.windows import hann_window


@pytest.mark.parametrize("size", [5, 8, 15])
@pytest.mark.parametrize("power", [0.25, 1.0])
def test_the_window_is_a_power_of_hanns_without_its_zeros(size, power):
    inner = scipy.signal.windows.hann(size + 2)[1:-1]
    expected = (inner / inner.max()) ** power
    np.testing.assert_allclose(hann_window((size,), power), expected, rtol=1e-6)


def test_no_tap_is_lost_and_the_peak_is_one():
    window = hann_window((16,), 0.25)
    assert window.min() > 0.4
    assert window.max() == 1
    np.testing.assert_allclose(window, window[::-1], rtol=1e-6)


def test_axes_are_windowed_apart_and_short_ones_not_at_all():
    window = hann_window((3, 5, 7), 0.5)
    one, other = hann_window((5,), 0.5), hann_window((7,), 0.5)
    expected = np.broadcast_to(np.outer(one, other), (3, 5, 7))
    np.testing.assert_allclose(window, expected, rtol=1e-6)
