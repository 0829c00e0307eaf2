"""The page of a comparison as text: its numbers, its size, and what it says."""

import json
import re
import types

import numpy as np
import pandas as pd
import pytest

from tests.comparison.fake_runs import fake_runs
from tests.visualization.comparison.made_up import comparison
from visualization.comparison import page_data as data
from visualization.comparison.page import answer_of, page_html, write_page
from visualization.comparison.page_intervals import Scale, interval_words
from visualization.comparison.page_options import option_cell
from visualization.comparison.page_sections import number_cell


def found_in(made):
    return json.loads(data.page_data(made, "recording"))


def row(difference, low, high):
    return types.SimpleNamespace(difference=difference, low=low, high=high)


def test_scores_of_the_units_are_means_over_seeds():
    made = comparison(n_seeds=3, n_units=7)
    found = found_in(made)
    names = [variant["name"] for variant in found["variants"]]
    for k, metric in enumerate(("score", "correlation")):
        table = found["units"]["metrics"][k]["values"]
        for v, name in enumerate(names):
            for i, unit in enumerate(found["units"]["names"]):
                rows = made.aligned[
                    (made.aligned["variant"] == name) & (made.aligned["unit"] == unit)
                ]
                assert len(rows) == 3
                mean = sum(rows[metric]) / 3
                assert table[v][i] == pytest.approx(mean, rel=1e-3)
    units = found["units"]
    for name, group in zip(units["names"], units["group"], strict=True):
        assert units["groups"][group] == f"mouse_{int(name[1:]) % 2}"


def test_units_of_one_name_in_two_recordings_are_two():
    made = comparison(n_units=10)
    made.aligned["unit"] = [f"n{int(name[1:]) // 2}" for name in made.aligned["unit"]]
    found = found_in(made)["units"]
    assert len(found["names"]) == 10 and len(set(found["names"])) == 5


def test_what_is_not_known_is_null_and_never_nan():
    made = comparison(n_units=4)
    made.aligned.loc[made.aligned["unit"] == "n0001", "rate_hz"] = np.nan
    for table in made.histories.values():
        table.loc[0, "val_bps"] = np.inf
    found = found_in(made)
    units = found["units"]
    unknown = [
        n for n, v in zip(units["names"], units["rate"], strict=True) if v is None
    ]
    assert unknown == ["n0001"]
    bps = [one["words"] for one in found["curves"]["metrics"]].index("val_bps")
    assert found["curves"]["runs"][0]["y"][bps][0] is None


def test_more_units_than_can_be_told_apart_are_thinned_evenly(monkeypatch):
    monkeypatch.setattr(data, "MOST_UNITS", 10)
    found = found_in(comparison(n_units=100))["units"]
    assert found["total"] == 100
    # In the order of recordings, of which the even ones are the first.
    order = [*range(0, 100, 2), *range(1, 100, 2)]
    assert found["names"] == [f"n{k:04d}" for k in order[::11]]
    monkeypatch.setattr(data, "MOST_SCORES", 12 * 5)  # six variants, two metrics
    assert len(found_in(comparison(n_units=100))["units"]["names"]) == 5


def test_long_curves_keep_their_ends_and_the_page_stays_small(monkeypatch):
    monkeypatch.setattr(data, "MOST_NUMBERS", 3000)
    made = comparison(n_epochs=500)
    found = found_in(made)["curves"]
    numbers = sum(len(x) for run in found["runs"] for x in (*run["x"], *run["y"]))
    assert numbers <= 3000 + len(found["runs"]) * 5 * 2  # the last rows come on top
    for run in found["runs"]:
        assert run["row"][0] == 0 and run["row"][-1] == 499


def test_epochs_of_several_phases_go_on_counting():
    made = comparison(n_epochs=6)
    for table in made.histories.values():
        table["phase"] = ["warmup"] * 2 + ["joint"] * 4
        table["epoch"] = [1, 2, 1, 2, 3, 4]
    curves = found_in(made)["curves"]
    axis = [one["words"] for one in curves["axes"]].index("epoch")
    assert curves["runs"][0]["x"][axis] == [1, 2, 3, 4, 5, 6]


def test_the_numbers_cannot_end_their_element():
    made = comparison(names=["</script>", *"abcde"])
    text = data.page_data(made, "recording")
    assert "<" not in text
    assert json.loads(text)["variants"][0]["name"] == "</script>"


def test_a_thousand_neurons_of_twelve_runs_are_a_small_page():
    text = page_html(comparison(n_units=1000, n_epochs=200), {}, "now")
    assert len(text.encode()) < 1e6


def test_the_page_asks_for_nothing_and_names_its_scripts_by_hash():
    text = page_html(comparison(), {}, "now")
    assert not re.search(r"(src|href)=[\"']?(http|//)", text)
    assert "default-src 'none'" in text and "unsafe" not in text
    assert not re.search(r"<[^>]+\s(style|on\w+)=", text)


def test_options_that_all_runs_share_are_told_once(tmp_path):
    paths = fake_runs(
        tmp_path / "runs",
        {
            "a": {"model.width": 1, "model.depth": 77, "model.new": 5},
            "b": {"model.width": 2, "model.depth": 77},
        },
    )
    made = comparison()
    paths = [*paths, tmp_path / "removed"]
    made = made._replace(runs=made.runs.assign(path=(paths * 2)[: len(made.runs)]))
    text = write_page(made, tmp_path / "page.html").read_text()
    shared = text.partition("Options that are the same")[2].partition("</details>")[0]
    assert "<td>model.depth</td><td>77</td>" in shared
    assert "model.width" not in shared and "model.new" not in shared


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="name a file"):
        write_page(comparison(), tmp_path)


def test_what_was_left_out_is_told_with_its_reason():
    text = page_html(comparison(), {}, "now")
    assert "<td>/results/broken</td><td>config.json is not valid JSON</td>" in text


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0.02345, 0.0151, 0.0317), "+0.023 (+0.015 to +0.032)"),
        ((-0.5, -1.51, 0.5), "−0.5 (−1.5 to +0.5)"),
        ((0.0, 0.0, 0.0), "0.0000 (0.0000 to 0.0000)"),
        ((1234.5, 1100.0, 1400.0), "+1234 (+1100 to +1400)"),
        ((0.1, np.nan, np.nan), "+0.1"),
        ((np.nan, np.nan, np.nan), "–"),
    ],
)
def test_an_interval_is_told_with_two_digits_of_its_width(numbers, words):
    assert interval_words(row(*numbers)) == words


def test_the_answer_tells_what_is_sure_from_what_is_not():
    made = comparison()
    rows = made.differences
    best = rows["variant"].iloc[1]
    for verdict, words in {
        "better": f"{best} is better than resnet, batch by",
        "worse": "Nothing is better than resnet, batch",
        "not told apart": "do not tell from chance",
    }.items():
        rows["verdict"] = verdict
        assert words in answer_of(made)
    rows["difference"] = np.nan
    assert "no other variant with scores" in answer_of(made)


def test_zero_and_all_values_lie_inside_the_scale():
    scale = Scale([0.01, 0.03, np.nan])
    places = [scale(value) for value in (0.0, 0.01, 0.03)]
    assert places == sorted(places) and places[0] > 0 and places[-1] < 100
    assert all(0 <= scale(tick) <= 100 for tick in scale.ticks)
    assert 0.0 in scale.ticks
    assert 0 < Scale([0.0])(0.0) < 100


def test_cells_show_a_number_and_are_sorted_by_it():
    assert number_cell(1234567.0).html == "1,234,567"
    assert number_cell(3.2e8).value == 3.2e8 and number_cell(3.2e8).html == "3.2e8"
    assert number_cell(-0.12346) == ("−0.1235", -0.12346)
    assert number_cell(float("nan")).value is None
    assert option_cell(16).value == 16 and option_cell(True) == "True"
    assert option_cell([8, 16]) == "8, 16" and option_cell(None) == ""
    assert option_cell("<b>") == "<b>"  # escaped by the table


def test_variants_without_units_keep_their_curves():
    made = comparison()._replace(aligned=pd.DataFrame(columns=["variant"]))
    found = found_in(made)
    assert found["units"] is None and len(found["curves"]["runs"]) == 12
