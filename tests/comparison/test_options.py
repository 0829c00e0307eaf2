"""Options that differ, and what variants are called."""

import pathlib
from types import SimpleNamespace

from v1model.comparison.options import (
    seeds_of,
    short_labels,
    short_value,
    telling_options,
    variants_of,
    varied_options,
)
from v1model.runs.options_text import dotted


def summary(config, inputs=None, path="run"):
    return SimpleNamespace(
        config=dotted(config), inputs=inputs or {}, path=pathlib.Path(path), name=path
    )


def table_of(*configs):
    return varied_options(
        [summary(config, path=f"run{k}") for k, config in enumerate(configs)]
    )


def test_options_that_differ_are_found_and_those_that_compute_nothing_are_not():
    table = varied_options(
        [
            summary(
                {"a.b": 1, "a.c": 2, "results_dir": "x", "fast_every": 2}, path="p"
            ),
            summary(
                {"a.b": 1, "a.c": 3, "results_dir": "y", "fast_every": 4}, path="q"
            ),
        ]
    )
    assert list(table) == ["a.c"]
    assert table.loc["q", "a.c"] == 3


def test_an_option_that_a_run_lacks_differs():
    table = table_of({"a": 1}, {"a": 1, "b": 2})
    assert list(table) == ["b"] and table["b"].iloc[0] is None


def test_whole_numbers_are_the_same_however_they_are_written():
    assert list(table_of({"a": 1.0}, {"a": 1})) == []
    assert list(table_of({"a": True}, {"a": 1})) == ["a"]


def test_inputs_are_options():
    table = varied_options(
        [summary({}, {"stage": "fit"}, "p"), summary({}, {"stage": "refit"}, "q")]
    )
    assert list(table) == ["inputs.stage"]


def test_seeds_make_no_variants_but_seeds_of_splits_do():
    configs = [
        {"training.seed": 1, "data.split_seed": 5},
        {"training.seed": 2, "data.split_seed": 5},
        {"training.seed": 1, "data.split_seed": 6},
    ]
    table = table_of(*configs)
    names, options = variants_of(table)
    assert options == ["data.split_seed"]
    assert names == ["split_seed=5", "split_seed=5", "split_seed=6"]
    assert seeds_of(list(map(summary, configs))) == ["1", "2", "1"]


def test_of_several_seeds_those_that_differ_count():
    runs = [summary({"seed": 5, "noise.seed": k}) for k in (1, 2)]
    assert seeds_of(runs) == ["1", "2"]
    assert seeds_of(runs[:1]) == ["5"]
    assert seeds_of([summary({})]) == [""]


def test_words_stand_alone_in_names_and_numbers_with_their_option():
    names, _ = variants_of(
        table_of(
            {"core.type": "resnet", "core.depth": 2},
            {"core.type": "densenet", "core.depth": 2},
            {"core.type": "resnet", "core.depth": 3},
            {"core.type": "densenet", "core.depth": 3},
        )
    )
    assert names[0] == "depth=2, resnet" and names[3] == "depth=3, densenet"


def test_words_that_say_nothing_alone_keep_their_option():
    names, _ = variants_of(table_of({"norm": "none"}, {"norm": "grn"}))
    assert names == ["norm=none", "norm=grn"]


def test_what_most_variants_share_is_left_out_of_names():
    base = {"a": 1, "b": 1, "c": 1}
    names, _ = variants_of(
        table_of(base, base | {"a": 2}, base | {"b": 2}, base | {"c": 2})
    )
    assert names == ["base", "a=2", "b=2", "c=2"]


def test_runs_of_single_recordings_are_one_variant_and_joint_ones_another():
    table = varied_options(
        [
            summary({}, {"recordings": ["a.h5"]}, "p"),
            summary({}, {"recordings": ["b.h5"]}, "q"),
            summary({}, {"recordings": ["a.h5", "b.h5"]}, "r"),
        ]
    )
    names, _ = variants_of(table)
    assert names[0] == names[1] != names[2]
    names, options = variants_of(table.iloc[:2])
    assert names == ["all", "all"] and options == []


def test_labels_are_the_shortest_ends_that_tell_options_apart():
    labels = short_labels(["a.x.type", "a.y.type", "depth"])
    assert labels == {"a.x.type": "x.type", "a.y.type": "y.type", "depth": "depth"}
    assert short_labels(["type", "core.type"]) == {
        "type": "type",
        "core.type": "core.type",
    }


def test_values_are_shown_shortly():
    assert short_value(None) == "none"
    assert short_value(True) == "yes"
    assert short_value(0.25) == "0.25"
    assert short_value([1, 2]) == "1,2"
    assert short_value(list(range(40))) == "40 values"
    assert short_value("a" * 100 + ".h5").endswith(".h5")
    assert len(short_value("a" * 100)) == 24


def test_names_that_shortening_made_alike_are_numbered():
    first, second = ({"data": letter + "x" * 100} for letter in "ab")
    names, _ = variants_of(table_of(first, second))
    assert len(set(names)) == 2


def test_sections_in_lists_are_taken_apart():
    blocks = [[{"norm": {"type": name}, "size": 3}] for name in ("grn", "layer")]
    table = table_of(*({"core.blocks": own} for own in blocks))
    assert list(table) == ["core.blocks.0.norm.type"]


def test_options_that_change_together_are_named_once():
    configs = [
        {"core.type": t, "core.widths": w, "stem.norm": n, "blocks.0.norm": n}
        for t, w in (("resnet", [12]), ("densenet", [8]))
        for n in ("grn", "layer")
    ]
    names, options = variants_of(table_of(*configs))
    assert names == [
        "resnet, grn",
        "resnet, layer",
        "densenet, grn",
        "densenet, layer",
    ]
    assert len(options) == 4


def test_of_options_that_change_together_one_whose_words_say_something_gives_names():
    names, _ = variants_of(
        table_of(
            {"adapter.type": "none", "readout.type": "linear"},
            {"adapter.type": "adapter", "readout.type": "gaussian"},
        )
    )
    assert names == ["linear", "gaussian"]


def test_a_name_says_which_of_several_types_it_is_of():
    names, _ = variants_of(
        table_of(
            {"adapter.type": "none", "frontend.type": "none"},
            {"adapter.type": "adapter", "frontend.type": "da"},
        )
    )
    assert names == ["adapter.type=none", "adapter.type=adapter"]


def test_an_option_that_follows_from_another_is_not_in_names():
    configs = [
        {"core": core, "norm.type": norm, "norm.k": None if norm == "context" else 1.0}
        for core in ("resnet", "densenet")
        for norm in ("grn", "layer", "context")
    ]
    names, _ = variants_of(table_of(*configs))
    assert names[2] == "resnet, context" and len(set(names)) == 6


def test_an_option_that_follows_from_another_tells_nothing():
    columns = {
        "core.type": ["resnet", "densenet"] * 3,
        "core.channels": [[8, 8], [12, 12]] * 3,  # with the type
        "norm.type": ["grn", "grn", "layer", "layer", "none", "none"],
        "norm.alpha": [0.1, 0.1, None, None, None, None],  # of one norm only
    }
    assert telling_options(columns) == ["core.type", "norm.type"]
    assert telling_options({"core.channels": [[8], [12]]}) == ["core.channels"]
    assert telling_options({}) == []
