"""BinnedSpikes keep what belongs together together, and refuse what does not fit."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.presentations.sessions import poisson_session


def a_session():
    binned = poisson_session(np.arange(12.0).reshape(3, 4), 5, n_bins=2)
    labels = np.array([7, -1, 3] * 5)
    units = binned.units.assign(area=["a", "b", "c", "d"])
    return dataclasses.replace(
        binned, labels=labels, units=units, presentation_id=np.arange(15) * 10
    )


@pytest.mark.parametrize("chosen", [[4, 0, 9], np.arange(15) % 2 == 0, slice(3, 8)])
def test_presentations_are_taken_with_everything_of_theirs(chosen):
    binned = a_session()
    some = binned.take(chosen)
    rows = np.arange(15)[chosen]
    for name in ("counts", "labels", "start_s", "stop_s", "block", "valid"):
        np.testing.assert_array_equal(getattr(some, name), getattr(binned, name)[rows])
    np.testing.assert_array_equal(some.presentation_id, rows * 10)
    assert some.n_presentations == len(rows)


@pytest.mark.parametrize("chosen", [[2, 0], np.array([True, False, False, True])])
def test_units_are_taken_with_everything_of_theirs(chosen):
    binned = a_session()
    some = binned.take_units(chosen)
    columns = np.arange(4)[chosen]
    np.testing.assert_array_equal(some.counts, binned.counts[:, :, columns])
    assert some.units["area"].tolist() == [["a", "b", "c", "d"][k] for k in columns]
    assert some.units.index.tolist() == [0, 1]


def test_targets_are_places_among_the_classes():
    binned = a_session()
    assert binned.classes.tolist() == [-1, 3, 7]
    np.testing.assert_array_equal(binned.classes[binned.targets], binned.labels)
    assert binned.targets.dtype == np.int64


def test_presentations_are_numbered_where_no_number_is_given():
    binned = dataclasses.replace(a_session(), presentation_id=None)
    assert binned.presentation_id.tolist() == list(range(15))


def test_the_length_of_a_bin_is_that_of_its_presentation():
    binned = dataclasses.replace(a_session(), stop_s=a_session().start_s + 0.3)
    np.testing.assert_allclose(binned.bin_s, 0.15)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("counts", np.zeros((15, 2, 4), int), "unsigned integers .* got int64"),
        ("counts", np.zeros((15, 4), np.uint8), r"\(P, T, U\), got uint8 of shape"),
        ("labels", np.zeros(3), r"labels must have shape \(15,\), got \(3,\)"),
        ("block", np.zeros(3), r"block must have shape"),
        ("presentation_id", np.zeros(3), r"presentation_id must have shape"),
        ("valid", np.ones((15, 3), bool), r"valid must have shape \(15, 4\)"),
        ("units", pd.DataFrame({"id": [1]}), "units must have 4 rows"),
        ("units", pd.DataFrame({"name": range(4)}), "a column 'id'"),
        ("units", pd.DataFrame({"id": [1, 2, 2, 3]}), "ids of units repeat"),
        ("stop_s", np.arange(15) * 0.25, "presentation 0 must stop after it started"),
        ("start_s", np.full(15, np.nan), "presentation 0 must stop after it started"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(field, value, words):
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(a_session(), **{field: value})
