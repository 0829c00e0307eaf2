import pickle

import numpy as np
import pytest

from tests.networks import small_network
from v1model.network.target_rates import (
    MAX_RATE,
    draw_target_rates,
    read_target_rates,
    resample_target_rates,
)


def test_drawn_rates_follow_the_fit_of_their_population():
    network = small_network(4000, n_inputs=1)
    rates = draw_target_rates(network, seed=1)
    is_e23 = network.pop_name == "e23Cux2"
    is_i5_pv = network.pop_name == "i5Pvalb"
    # Log-normal parameters of L2/3 Exc and L5 PV units, ln Hz.
    log_rate = np.log(1000 * rates)
    assert np.mean(log_rate[is_e23]) == pytest.approx(-0.434, abs=0.25)
    assert np.std(log_rate[is_e23]) == pytest.approx(1.283, abs=0.2)
    assert np.median(log_rate[is_i5_pv]) == pytest.approx(2.43, abs=0.35)
    assert rates.dtype == np.float32
    assert (rates >= 0).all()
    assert rates.max() <= np.float32(MAX_RATE)


def test_the_seed_decides_the_rates(network):
    first, second = (draw_target_rates(network, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (first != draw_target_rates(network, seed=5)).any()


def test_resampled_rates_are_those_of_the_published_sampling():
    rates = np.array([0.004, 0.001, 0.002, 0.010])
    # Inverse CDF with the levels 1/4 .. 1, written out for each uniform number.
    uniform = np.random.RandomState(3000).uniform(size=50)  # noqa: NPY002
    expected = []
    for u in uniform:
        levels, values = [0.25, 0.5, 0.75, 1.0], [0.001, 0.002, 0.004, 0.010]
        if u <= levels[0]:
            expected.append(values[0])
            continue
        k = next(i for i in range(3) if u <= levels[i + 1])
        share = (u - levels[k]) / (levels[k + 1] - levels[k])
        expected.append(values[k] + share * (values[k + 1] - values[k]))
    result = resample_target_rates(rates, 50, seed=3000)
    np.testing.assert_allclose(result, sorted(expected), rtol=1e-6)


def test_a_pickled_array_is_read(tmp_path):
    rates = np.array([0.0, 0.002, 0.03], np.float32)
    (tmp_path / "r.pkl").write_bytes(pickle.dumps(rates))
    np.testing.assert_array_equal(read_target_rates(tmp_path / "r.pkl"), rates)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((2, 2)), r"1-D array.*\(2, 2\)"),
        (np.zeros(0), "1-D array"),
        ({"rates": 1}, "1-D array"),
        (np.array([0.1, np.nan]), "target rate nan in row 1"),
        (np.array([0.1, -0.5]), r"target rate -0\.5 in row 1"),
        (np.array([5.0, 20.0]), r"target rate 5\.0 .*spikes per ms"),
    ],
)
def test_wrong_rates_are_named_with_their_file(tmp_path, value, message):
    (tmp_path / "r.pkl").write_bytes(pickle.dumps(value))
    with pytest.raises(ValueError, match=rf"r\.pkl: .*{message}"):
        read_target_rates(tmp_path / "r.pkl")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"r\.pkl"):
        read_target_rates(tmp_path / "r.pkl")
