"""Packing receptors loses nothing and keeps neurons together."""

import hypothesis
import hypothesis.strategies as st
import numpy as np

from v1model.engine.lanes import lanes_of


@hypothesis.given(
    n=st.integers(1, 9),
    n_receptors=st.integers(1, 4),
    share=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_unpacking_returns_what_was_packed(n, n_receptors, share, seed):
    rng = np.random.default_rng(seed)
    is_used = rng.random(n * n_receptors) < share
    values = rng.normal(size=(2, n * n_receptors)).astype(np.float32)
    lanes = lanes_of(is_used, n_receptors)
    packed = lanes.pack(values)
    most = is_used.reshape(n, n_receptors).sum(1).max()
    assert packed.shape == (2, max(most, 1) * n)
    np.testing.assert_array_equal(lanes.unpack(packed), values * is_used)
    # A position belongs to the neuron of its receptor; padding is zero.
    filled = lanes.receptor >= 0
    neuron = np.arange(len(lanes.receptor)) % n
    np.testing.assert_array_equal(lanes.receptor[filled] // n_receptors, neuron[filled])
    assert not packed[:, ~filled].any()


def test_receptors_that_are_all_in_use_are_merely_transposed():
    lanes = lanes_of(np.ones(6, bool), 2)
    np.testing.assert_array_equal(lanes.receptor, [0, 2, 4, 1, 3, 5])
