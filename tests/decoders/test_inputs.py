"""What decoders see."""

import dataclasses

import numpy as np
import pytest

from tests.decoders.sessions import drawn_session, session_of
from v1model.decoders.inputs import Inputs


def test_z_scores_of_the_training_part_have_mean_0_and_deviation_1():
    binned = drawn_session()
    seen = Inputs.fit(binned).apply(binned)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen.mean(axis=(0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(seen.std(axis=(0, 1)), 1, atol=1e-5)


def test_units_are_found_by_their_ids_whatever_their_order():
    binned = drawn_session()
    inputs = Inputs.fit(binned)
    order = np.random.default_rng(1).permutation(binned.n_units)
    more = drawn_session(n_units=binned.n_units + 5)  # ids begin alike
    turned = binned.take_units(order)
    np.testing.assert_array_equal(inputs.apply(turned), inputs.apply(binned))
    assert inputs.apply(more).shape[2] == binned.n_units


def test_a_unit_that_is_not_valid_is_at_its_mean_and_counts_for_nothing():
    rng = np.random.default_rng(2)
    counts = rng.poisson(3, (40, 2, 4))
    valid = np.ones((40, 4), bool)
    valid[:20, 1] = False
    with_gap = session_of(counts, np.arange(40) % 2, valid)
    inputs = Inputs.fit(with_gap)
    assert not inputs.apply(with_gap)[:20, :, 1].any()
    recorded = counts[20:, :, 1]
    assert inputs.standardizer.mean[1] == pytest.approx(recorded.mean())
    assert inputs.standardizer.scale[1] == pytest.approx(recorded.std())


def test_silent_units_of_the_training_part_are_left_out():
    binned = drawn_session(n_units=5)
    counts = binned.counts.copy()
    counts[:, :, 2] = 0
    inputs = Inputs.fit(session_of(counts, binned.labels))
    assert inputs.unit_ids.tolist() == [100, 101, 103, 104]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b.take_units(np.arange(3)), "27 of the 30 units"),
        (lambda b: dataclasses.replace(b, counts=b.counts[:, :2]), "2 bins.*reads 3"),
    ],
)
def test_other_units_or_bins_are_refused(change, message):
    binned = drawn_session()
    inputs = Inputs.fit(binned)
    with pytest.raises(ValueError, match=message):
        inputs.apply(change(binned))


def test_labels_that_were_never_trained_are_refused():
    binned = drawn_session()
    inputs = Inputs.fit(binned.take(binned.labels != 2))
    with pytest.raises(ValueError, match=r"labels \[2\] are not among the 5 classes"):
        inputs.targets(binned)


def test_one_class_or_no_spike_cannot_be_decoded():
    binned = drawn_session()
    with pytest.raises(ValueError, match="two classes at least"):
        Inputs.fit(binned.take(binned.labels == 1))
    with pytest.raises(ValueError, match="no unit"):
        Inputs.fit(session_of(np.zeros((4, 2, 3)), [0, 1, 0, 1]))
