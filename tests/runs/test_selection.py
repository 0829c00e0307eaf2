"""Conditions that choose runs."""

import pytest

from tests.runs.made import made_run
from v1model.runs.index import find_runs
from v1model.runs.selection import as_text, parse_condition, select


@pytest.fixture
def runs(tmp_path):
    made_run(tmp_path / "a", seed=1, rate=0.5, core="resnet", sizes=[1, 2])
    made_run(tmp_path / "b", seed=2, rate=1.0, core="DenseNet", ema=None, is_big=True)
    made_run(tmp_path / "c", "column", "killed")
    return find_runs(tmp_path).runs


def chosen(runs, *texts, **more):
    found = select(runs, [parse_condition(text) for text in texts], **more)
    return "".join(run.name for run in found)


@pytest.mark.parametrize(
    "condition, names",
    [
        ("training.seed=1", "a"),
        ("training.seed = 1.0", "a"),
        ("training.seed!=1", "bc"),
        ("rate>=0.5", "ab"),
        ("rate>0.5", "b"),
        ("rate<1", "a"),
        ("rate<=1", "ab"),
        ("core~dense", "b"),
        ("core=resnet", "a"),
        ("core>1", ""),
        ("is_big=true", "b"),
        ("is_big=True", "b"),
        ("sizes=1,2", "a"),
        ("sizes=[1, 2]", "a"),
        ("score>=0.2", "ab"),
        ("epochs=2", "abc"),
        ("name~B", "b"),
        ("room=column", "c"),
        ("recordings~b.h5", "abc"),
        ("blocks.0.norm.type=grn", "ab"),
        ("ema=", "abc"),
        ("core!=resnet", "bc"),
    ],
)
def test_a_condition_compares_numbers_as_numbers_and_texts_as_texts(
    runs, condition, names
):
    assert chosen(runs, condition) == names


def test_all_conditions_states_and_rooms_must_hold(runs):
    assert chosen(runs, "rate>0.1", "training.seed=2") == "b"
    assert chosen(runs, states=["killed"]) == "c"
    assert chosen(runs, rooms=["cnn"], states=["finished", "killed"]) == "ab"
    assert chosen(runs) == "abc"


@pytest.mark.parametrize("text", ["seed", "=3", "seed 3", ""])
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(ValueError, match="--where must be an option"):
        parse_condition(text)


def test_an_unknown_option_is_answered_with_the_nearest(runs):
    with pytest.raises(ValueError, match="no run has an option training.sed; near are"):
        chosen(runs, "training.sed=1")


def test_an_end_is_of_the_option_that_each_run_has(runs):
    """The seed of a read-out is training.seed, that of a column network.seed."""
    assert chosen(runs, "seed>=1") == "abc"
    assert chosen(runs, "seed=3") == "c"


def test_seed_alone_is_that_of_the_run_beside_other_seeds(tmp_path):
    made_run(tmp_path / "a", "latent", seed=4, acquisition_mode={"seed": 9})
    runs = find_runs(tmp_path).runs
    assert chosen(runs, "seed=4") == "a"
    assert chosen(runs, "seed=9") == ""


def test_an_end_that_several_options_of_a_run_have_is_ambiguous(runs):
    with pytest.raises(ValueError, match="type may be model.convnet.*give more"):
        chosen(runs, "type=grn")


def test_values_are_shown_as_one_would_type_them():
    values = (None, True, 0.5, [1, "a"], {"b": 1})
    assert [as_text(value) for value in values] == [
        "",
        "true",
        "0.5",
        "1,a",
        '{"b": 1}',
    ]
