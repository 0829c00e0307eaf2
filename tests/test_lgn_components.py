"""What the LGN tells, in a few numbers, against a covariance matrix."""

import numpy as np
import pytest

from v1model.column_recording.lgn_components import find_components
from v1model.lgn import LGN
from v1model.stimuli import view_of
from v1model.stimuli.flashes import flashed, natural_frames
from v1model.stimuli.screening import ScreenRates

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def screen(network):
    frames = natural_frames(6, view_of(network.lgn), 2.0)
    screening = flashed(frames, 3, 0, shown_ms=120, gray_ms=80)
    return ScreenRates(LGN(network.lgn.units), screening)


class MadeUp:
    """Rates of 5 units that two sources drive; as ScreenRates."""

    def __init__(self, n_ms=9000):
        rng = np.random.default_rng(0)
        sources = rng.normal(size=(n_ms, 2)) * [3, 1]
        mixing = np.linalg.qr(rng.normal(size=(5, 2)))[0].T
        self.rates = (10 + sources @ mixing).astype(np.float32)

    def between(self, start, stop):
        return self.rates[start:stop]


def test_components_are_those_of_the_covariance_matrix():
    made_up = MadeUp()
    found = find_components(made_up, 0, 9000, 2)
    values, vectors = np.linalg.eigh(np.cov(made_up.rates.T.astype(np.float64)))
    overlap = np.abs(vectors[:, ::-1][:, :2].T @ found.axes)
    np.testing.assert_allclose(overlap, np.eye(2), atol=0.2)  # of 225 samples
    np.testing.assert_allclose(found.scale, np.sqrt(values[-1]), rtol=0.15)
    assert found.share > 0.999


def test_all_components_hold_all_of_the_rates(screen):
    rates = screen.between(0, 2000)
    components = find_components(screen, 0, 2000, 10**6)
    back = components.between(screen, 0, 2000) * components.scale
    back = back @ components.axes.T + components.mean
    np.testing.assert_allclose(back, rates, atol=0.02 * rates.std())
    assert components.share == pytest.approx(1)


def test_few_components_hold_most_and_pieces_do_not_show(screen):
    components = find_components(screen, 0, 2100, 4)
    assert 0.5 < components.share < 1
    whole = components.between(screen, 0, 2100)
    assert whole.shape == (2100, 4)
    assert whole.dtype == np.float32
    later = components.between(screen, 700, 2100)
    np.testing.assert_allclose(later, whole[700:], atol=1e-4)


def test_too_short_a_stretch_is_refused(screen):
    with pytest.raises(ValueError, match="at least 80 ms, got 79"):
        find_components(screen, 0, 79, 4)
