"""Comparisons of run folders: variants, differences, what is left out."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from tests.comparison.fake_runs import fake_run, fake_runs
from v1model.comparison.comparing import compare
from v1model.comparison.contents import BETTER, OPEN, WORSE
from v1model.comparison.costs import is_pareto
from v1model.comparison.differences import binned_differences, unit_table
from v1model.comparison.loading import short_paths
from v1model.rooms import ROOMS

THREE = {name: {"model.convnet.type": name} for name in ("resnet", "densenet", "plain")}


def row_of(comparison, variant):
    table = comparison.differences.set_index("variant")
    return table.loc[variant]


@pytest.mark.parametrize("room", ROOMS)
def test_all_rooms_are_compared(tmp_path, room):
    fake_runs(tmp_path, THREE, room=room, effects={"plain": 0.5}, n_units=12)
    found = compare([tmp_path], against="resnet")
    assert (found.room, found.score) == (room, ROOMS[room].score)
    assert list(found.variants["variant"]) == ["resnet", "plain", "densenet"]
    assert list(found.differences["variant"]) == ["resnet", "plain", "densenet"]
    assert row_of(found, "plain")["verdict"] == BETTER
    assert row_of(found, "densenet")["verdict"] == OPEN
    assert row_of(found, "resnet")["difference"] == 0
    assert len(found.aligned) == 9 * 24
    assert set(found.histories) == set(found.runs["run"])
    assert found.curve in next(iter(found.histories.values()))


def test_means_and_differences_are_those_of_the_files(tmp_path):
    paths = fake_runs(tmp_path, THREE, effects={"plain": -0.5})
    found = compare([tmp_path], against="densenet")
    means = {p.name: pd.read_csv(p / "scores.csv")["bps"].mean() for p in paths}
    for run in found.runs.itertuples():
        assert run.score == pytest.approx(means[run.run])
    for name in THREE:
        own = np.mean([means[f"{name}_seed{k}"] for k in (1, 2, 3)])
        base = np.mean([means[f"densenet_seed{k}"] for k in (1, 2, 3)])
        assert row_of(found, name)["difference"] == pytest.approx(own - base)
    assert row_of(found, "plain")["verdict"] == WORSE
    assert row_of(found, "plain")["share_better"] == 0


def test_identical_runs_differ_by_exactly_zero(tmp_path):
    paths = fake_runs(tmp_path, THREE)
    for k in (1, 2, 3):
        scores = tmp_path / f"resnet_seed{k}" / "scores.csv"
        shutil.copy(scores, tmp_path / f"plain_seed{k}" / "scores.csv")
    assert len(paths) == 9
    row = row_of(compare([tmp_path], against="resnet"), "plain")
    assert row[["difference", "low", "high", "low_new", "high_new"]].eq(0).all()
    assert (row["verdict"], row["share_better"], row["share_worse"]) == (OPEN, 0, 0)


def test_a_shifted_copy_differs_by_the_shift(tmp_path):
    fake_runs(tmp_path, {k: THREE[k] for k in ("resnet", "plain")})
    for k in (1, 2, 3):
        scores = pd.read_csv(tmp_path / f"resnet_seed{k}" / "scores.csv")
        scores["bps"] += 0.25
        scores.to_csv(tmp_path / f"plain_seed{k}" / "scores.csv", index=False)
    row = row_of(compare([tmp_path], against="resnet"), "plain")
    numbers = row[["difference", "low", "high", "low_new", "high_new"]].to_numpy(float)
    np.testing.assert_allclose(numbers, 0.25, rtol=1e-9)
    assert (row["verdict"], row["share_better"]) == (BETTER, 1)


def test_the_same_runs_give_the_same_comparison(tmp_path):
    fake_runs(tmp_path, THREE)
    first, second = compare([tmp_path]), compare([tmp_path])
    pd.testing.assert_frame_equal(first.differences, second.differences)


def test_the_baseline_is_a_variant_or_one_of_its_runs(tmp_path):
    fake_runs(tmp_path, THREE)
    assert compare([tmp_path], against="plain_seed2").baseline == "plain"
    with pytest.raises(ValueError, match=r"did you mean 'resnet'"):
        compare([tmp_path], against="rasnet")


def test_without_a_name_the_baseline_has_the_most_usual_options(tmp_path):
    options = {
        "a": {"width": 2, "depth": 1},
        "b": {"width": 1, "depth": 1},
        "c": {"width": 1, "depth": 2},
        "d": {"width": 1, "depth": 3},
    }
    fake_runs(tmp_path, options, seeds=(1,))
    found = compare([tmp_path])
    assert found.runs.set_index("run").loc["b_seed1", "variant"] == found.baseline
    assert "most usual" in found.notes[0]


def test_broken_and_foreign_folders_are_reported_and_left_out(tmp_path):
    fake_runs(tmp_path, THREE)
    (tmp_path / "plain_seed1" / "config.json").write_text("{", encoding="utf-8")
    (tmp_path / "plain_seed2" / "scores.csv").write_text("unit\n1\n", encoding="utf-8")
    (tmp_path / "plain_seed3" / "metrics.csv").write_text("a\n1,2\n3,4,5\n")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "starts.json").write_text("[]", encoding="utf-8")
    (tmp_path / "holidays").mkdir()
    (tmp_path / "holidays" / "beach.txt").write_text("sand", encoding="utf-8")
    found = compare([tmp_path, tmp_path / "nowhere"])
    assert len(found.runs) == 6
    reasons = " ".join(one.reason for one in found.problems)
    for words in ("config.json", "scores.csv", "metrics.csv", "half", "holidays"):
        assert words in reasons
    assert "nowhere" in reasons


def test_a_curve_that_is_no_number_is_named_and_left_out(tmp_path):
    paths = fake_runs(tmp_path, THREE)
    (paths[0] / "metrics.csv").write_text("epoch,val_bps\n1,0.1\n2,high\n")
    found = compare([tmp_path])
    assert len(found.runs) == 8
    (problem,) = found.problems
    assert problem.reason == (
        f"{paths[0] / 'metrics.csv'}: column 'val_bps' must be numbers."
    )


def test_a_curve_needs_a_finite_number(tmp_path):
    for path in fake_runs(tmp_path, THREE):
        (path / "metrics.csv").write_text("epoch,val_bps,loss\n1,nan,2\n2,inf,1\n")
    assert compare([tmp_path]).curve == "loss"
    for path in tmp_path.iterdir():
        (path / "metrics.csv").write_text("epoch,val_bps\n1,nan\n2,inf\n")
    assert compare([tmp_path]).curve == ""


def test_a_run_that_is_trained_has_curves_and_no_scores(tmp_path):
    fake_runs(tmp_path, THREE, seeds=(1, 2))
    units = {"group": ["mouse_a"], "unit": ["n0"]}
    young = {"training.seed": 3, "model.convnet.type": "resnet"}
    fake_run(tmp_path / "young", young, units, None, state="killed")
    found = compare([tmp_path])
    row = found.runs.set_index("run").loc["young"]
    assert np.isnan(row["score"]) and row["n_units"] == 0
    assert len(found.histories["young"]) == 4
    assert any(
        note.startswith("young (killed): no scores that") for note in found.notes
    )


@pytest.mark.parametrize("cells", ["nan", "no rows"])
def test_a_run_without_a_finite_score_does_not_spoil_the_others(tmp_path, cells):
    paths = fake_runs(tmp_path, THREE, seeds=(1, 2))
    expected = compare(paths[:-1])
    table = pd.read_csv(paths[-1] / "scores.csv")
    table = table.assign(bps=np.nan) if cells == "nan" else table[:0]
    table.to_csv(paths[-1] / "scores.csv", index=False)
    found = compare(paths)
    pd.testing.assert_frame_equal(found.aligned, expected.aligned)
    name = paths[-1].name
    assert np.isnan(found.runs.set_index("run").loc[name, "score"])
    assert f"{name}: bps is a number of no unit." in found.notes


def test_a_training_done_again_is_no_second_seed(tmp_path):
    paths = fake_runs(tmp_path / "first", THREE, seeds=(1, 2))
    expected = compare(paths)
    shutil.copytree(paths[0], tmp_path / "again")
    found = compare([tmp_path])
    pd.testing.assert_frame_equal(found.differences, expected.differences)
    words = f"again has the very scores of {paths[0].name}"
    other = f"{paths[0].name} has the very scores of again"
    assert any(note.startswith((words, other)) for note in found.notes)


def test_runs_without_any_scores_are_compared_by_their_curves(tmp_path):
    units = {"group": ["mouse_a"], "unit": ["n0"]}
    for name, own in THREE.items():
        fake_run(tmp_path / name, own, units, None, state="failed")
    found = compare([tmp_path])
    assert found.differences["difference"].isna().all()
    assert found.differences["n_units"].eq(0).all()
    assert found.aligned.empty and found.curve == "val_bps"


def test_runs_of_two_rooms_are_not_compared(tmp_path):
    fake_runs(tmp_path / "a", THREE)
    fake_runs(tmp_path / "b", room="latent")
    with pytest.raises(ValueError, match="9 of cnn, 6 of latent"):
        compare([tmp_path])
    assert compare([tmp_path], room="latent").room == "latent"
    with pytest.raises(ValueError, match="no run of column"):
        compare([tmp_path], room="column")


def test_another_split_is_refused(tmp_path):
    options = {"a": {"data.split_seed": 1}, "b": {"data.split_seed": 2}}
    fake_runs(tmp_path, options)
    with pytest.raises(ValueError, match="data.split_seed is 1 in a_seed1, 2 in b_see"):
        compare([tmp_path])


def test_other_seeds_are_not_paired_and_that_is_said(tmp_path):
    fake_runs(tmp_path, {"resnet": THREE["resnet"]}, seeds=(1, 2, 3))
    fake_runs(tmp_path, {"plain": THREE["plain"]}, seeds=(7, 8), draw=0)
    found = compare([tmp_path], against="resnet")
    row = row_of(found, "plain")
    assert not row["is_paired"] and row["n_seeds"] == 2
    assert any("not paired" in note for note in found.notes)


def test_two_runs_of_a_seed_count_as_two(tmp_path):
    fake_runs(tmp_path, THREE, seeds=(1,))
    fake_runs(tmp_path / "again", {"resnet": THREE["resnet"]}, seeds=(1,), draw=1)
    found = compare([tmp_path], against="plain")
    assert sorted(found.runs["seed"]) == ["1", "1", "1", "1 (2)"]
    words = ": a seed that another run of the variant has, counted as one more."
    assert sum(note.endswith(words) for note in found.notes) == 1
    assert row_of(found, "resnet")["n_seeds"] == 2
    assert set(found.runs["run"]) >= {"again/resnet_seed1"}


def test_bins_of_rate_hold_all_units_and_average_to_the_difference(tmp_path):
    fake_runs(tmp_path, THREE, n_units=60, effects={"plain": 0.1})
    found = compare([tmp_path], against="resnet")
    rows = found.by_rate[found.by_rate["variant"] == "plain"]
    for _, own in rows.groupby("covariate"):
        assert own["n_units"].sum() == 120 and len(own) == 6
        mean = np.average(own["difference"], weights=own["n_units"])
        assert mean == pytest.approx(row_of(found, "plain")["difference"])
        assert own["value"].is_monotonic_increasing
    assert not len(binned_differences(found.aligned, "resnet", "unheard_of"))


def test_the_table_of_units_is_means_over_seeds(tmp_path):
    fake_runs(tmp_path, THREE)
    found = compare([tmp_path], against="resnet")
    table = unit_table(found.aligned, "resnet").set_index(["group", "unit"])
    own = found.aligned[found.aligned["variant"] == "plain"]
    means = own.groupby(["group", "unit"])["score"].mean()
    np.testing.assert_allclose(table["plain"], means.loc[table.index])
    gain = table["plain"] - table["resnet"]
    np.testing.assert_allclose(table["plain minus resnet"], gain)


def test_the_front_is_who_is_not_beaten_in_both():
    front = is_pareto([1, 2, 3, 2, np.nan], [0.1, 0.3, 0.2, 0.3, 0.9])
    assert front.tolist() == [True, True, False, True, False]


def test_costs_are_read_and_averaged(tmp_path):
    paths = fake_runs(tmp_path, THREE, seeds=(1, 2))
    result = json.loads((paths[0] / "result.json").read_text())
    result["costs"]["parameters"] = 7000
    result["costs"]["peak_memory_gb"] = None
    (paths[0] / "result.json").write_text(json.dumps(result), encoding="utf-8")
    (paths[1] / "result.json").write_text("{}", encoding="utf-8")
    found = compare([tmp_path])
    variants = found.variants.set_index("variant")
    assert variants.loc["resnet", "parameters"] == 7000
    assert np.isnan(variants.loc["resnet", "peak_memory_gb"])


def test_names_of_runs_are_the_shortest_ends_of_their_paths():
    assert short_paths(["/x/a/run", "/x/b/run", "/x/b/other"]) == [
        "a/run",
        "b/run",
        "other",
    ]


def test_by_one_option_all_others_repeat_like_seeds(tmp_path):
    options = {
        f"{core}_{norm}": {"core.type": core, "core.width": width, "core.norm": norm}
        for core, width in (("resnet", 12), ("densenet", 8))
        for norm in ("grn", "layer")
    }
    effects = {"resnet_grn": 0.3, "resnet_layer": 0.1}
    fake_runs(tmp_path, options, effects=effects, seed_sd=0.001, noise_sd=0.001)
    found = compare([tmp_path], by="type", against="densenet")
    row = row_of(found, "resnet")
    assert row["difference"] == pytest.approx(0.2, abs=0.01)
    assert row["n_seeds"] == 6 and row["is_paired"]
    assert row["high"] - row["low"] > 0.1  # the norm changes by how much
    assert set(found.options) == {"core.type", "core.width"}
    with pytest.raises(ValueError, match="no option that differs named 'depth'"):
        compare([tmp_path], by="depth")


def test_of_one_seed_each_nothing_is_called_better(tmp_path):
    fake_runs(tmp_path, THREE, seeds=(1,), effects={"plain": 0.5})
    found = compare([tmp_path], against="resnet")
    row = row_of(found, "plain")
    assert row["low"] > 0.3 and row["verdict"] == OPEN
    assert any("no variant has two seeds" in note for note in found.notes)
    assert any("are for new neurons" in note for note in found.notes)
