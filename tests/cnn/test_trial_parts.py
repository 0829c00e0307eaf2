import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.cnn.config import DataParams
from v1model.cnn.model_spec import RecordingSpec
from v1model.cnn.trial_parts import assign_parts, held_out_neurons, types_of


def trials(n=60, **columns):
    table = {"start_s": np.arange(n), "stop_s": np.arange(n) + 1}
    given = {name: np.resize(np.array(one, object), n) for name, one in columns.items()}
    return pd.DataFrame({**table, **given})


def parts(table, **options):
    return assign_parts(table, DataParams(**options), "a.h5")


def test_a_column_of_parts_decides():
    table = trials(4, part=["test", "train", "validation", "unused"])
    assert parts(table).tolist() == ["test", "train", "validation", "unused"]


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="a.h5: .*'part' must hold .* got 'val'"):
        parts(trials(2, part=["train", "val"]))


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(3, 200),
    seed=st.integers(0, 2**32 - 1),
    validation=st.floats(0.01, 0.45),
    test=st.floats(0.01, 0.45),
)
def test_each_type_is_split_by_the_shares_to_within_a_trial(n, seed, validation, test):
    table = trials(2 * n, type=["a", "b"])
    found = parts(table, split_seed=seed, validation_share=validation, test_share=test)
    for kind in ("a", "b"):
        of_kind = found[(table["type"] == kind).to_numpy()]
        for part, share in (("validation", validation), ("test", test)):
            size = (of_kind == part).sum()
            assert size >= 1 and abs(size - share * n) <= 1
        assert "train" in of_kind


def test_the_split_of_a_type_does_not_depend_on_the_other_types():
    table = trials(90, type=["a", "b", "c"])
    alone = table[table["type"] == "b"].reset_index(drop=True)
    assert parts(table)[1::3].tolist() == parts(alone).tolist()


def test_another_seed_is_another_split():
    assert parts(trials()).tolist() != parts(trials(), split_seed=3).tolist()
    assert parts(trials()).tolist() == parts(trials()).tolist()


def test_no_picture_is_in_two_parts_over_all_recordings():
    rng = np.random.default_rng(0)
    part_of = {}
    for seed in range(5):  # recordings that share some pictures
        some = rng.choice(60, 40, replace=False)
        table = trials(120, picture=[f"p{k}" for k in some], type=["a", "b", "c"])
        found = parts(table, split_by="picture")
        assert set(found) == {"train", "validation", "test"}, seed
        for picture, part in zip(table["picture"], found, strict=True):
            assert part_of.setdefault(picture, part) == part


def test_values_meet_the_shares_on_average():
    found = parts(
        trials(8000, picture=[f"p{k}" for k in range(8000)]),
        split_by="picture",
        validation_share=0.1,
        test_share=0.3,
    )
    assert abs((found == "test").mean() - 0.3) < 0.02
    assert abs((found == "validation").mean() - 0.1) < 0.02


def test_a_number_is_the_same_value_as_a_whole_and_as_a_float():
    whole = trials(50).assign(picture=np.arange(50))
    gaps = trials(50).assign(picture=np.arange(50).astype(float))
    assert (parts(whole, split_by="picture") == parts(gaps, split_by="picture")).all()


@pytest.mark.parametrize("missing", ["", np.nan, -1])
def test_trials_without_a_picture_are_split_one_by_one(missing):
    values = pd.Series([missing] * 40)
    found = parts(trials(40).assign(picture=values), split_by="picture")
    np.testing.assert_array_equal(np.unique(found, return_counts=True)[1], [4, 32, 4])


def test_a_column_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match="split_by .*start_s.* got 'image'"):
        parts(trials(picture=["a"]), split_by="image")


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shares=st.lists(st.floats(0.01, 1), min_size=2, max_size=2),
    has_column=st.booleans(),
)
def test_a_larger_share_of_trials_holds_the_smaller(seed, shares, has_column):
    columns = {"type": ["a", "b", "c"]}
    if has_column:
        columns["part"] = ["train", "train", "train", "validation", "test"]
    table = trials(90, **columns)
    small, large, whole = (
        parts(table, split_seed=seed, train_share=share)
        for share in (*sorted(shares), 1)
    )
    assert set(np.flatnonzero(small == "train")) <= set(
        np.flatnonzero(large == "train")
    )
    for found in (small, large):
        is_other = whole != "train"
        assert (found[is_other] == whole[is_other]).all()
        assert set(found[~is_other]) <= {"train", "unused"}


def test_a_share_of_the_trials_is_of_each_type():
    table = trials(300, type=["a", "b", "c"], part=["train"])
    found = parts(table, train_share=0.1)
    for kind in "abc":
        assert (found[(table["type"] == kind).to_numpy()] == "train").sum() == 10


def test_the_smallest_share_leaves_a_trial_of_each_type():
    found = parts(trials(30, type=["a", "b"], part=["train"]), train_share=0.01)
    assert (found[::2] == "train").sum() == (found[1::2] == "train").sum() == 1


def test_neurons_are_held_out_by_the_seed_and_the_recording():
    spec = RecordingSpec("a", 50, (4, 4, 1))
    data = DataParams(held_out_neurons=0.2)
    found = held_out_neurons(spec, data)
    assert found.sum() == 10
    assert (found == held_out_neurons(spec, data)).all()
    assert (found != held_out_neurons(spec._replace(name="b"), data)).any()
    other = DataParams(held_out_neurons=0.2, split_seed=1)
    assert (found != held_out_neurons(spec, other)).any()
    assert not held_out_neurons(spec, DataParams()).any()


def test_not_all_neurons_can_be_held_out():
    with pytest.raises(ValueError, match="held_out_neurons must leave .* got 0.9"):
        held_out_neurons(
            RecordingSpec("a", 3, (4, 4, 1)), DataParams(held_out_neurons=0.9)
        )


def test_the_type_is_the_column_type_or_else_the_stimulus():
    trials = pd.DataFrame({"stimulus": ["gabors", "spontaneous"]})
    assert list(types_of(trials)) == ["gabors", "spontaneous"]
    assert list(types_of(trials.assign(type="a"))) == ["a", "a"]
    assert list(types_of(trials.drop(columns="stimulus"))) == ["", ""]
