"""Figures of the latent evolver show the numbers that they are given."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.latent.diagnosis.worlds import Exploding, fading, source_of
from tests.visualization.texts import assert_texts_are_apart, words_of
from v1model.latent.diagnosis.diagnose import Settings, diagnose
from v1model.latent.diagnosis.rollouts import evaluate_rollouts
from v1model.latent.diagnosis.tables import type_table
from v1model.latent.phases import JOINT_LOSSES
from visualization.latent.errors import aligned_errors, errors_by_time
from visualization.latent.neurons import type_bars, variance_scatter
from visualization.latent.runs import LOSSES, runs_figure, training_losses
from visualization.latent.standard import diagnosis_figures
from visualization.latent.traces import rollout_traces
from visualization.latent.writing import (
    CROSS_VALIDATION,
    VALIDATION,
    pictures_of,
    tags_of,
    write_diagnosis,
    written_pictures,
)

TYPES = ["T4", "T4", "Mi1", "Mi1", "L1", ""]


def wrong(factor=0.9):
    world = fading()
    return type(world)(factor * world.step, world.drive)


@pytest.fixture(scope="module")
def source():
    return source_of(fading(), 400, cell_types=TYPES, dt_ms=20.0, name="bars")


@pytest.fixture(scope="module")
def diagnosis(source):
    return diagnose(wrong(), source, Settings(4, 60, 5, 4))


@pytest.fixture(scope="module")
def exploded(source):
    world = fading()
    exploding = Exploding(world.step, world.drive)
    return diagnose(exploding, source, Settings(4, 60, 5, 4))


def line_of(axes, label):
    return next(line for line in axes.lines if line.get_label() == label)


def test_curves_are_means_over_starts_inside_their_range(diagnosis, source):
    other = evaluate_rollouts(wrong(0.5), source, diagnosis.plan)
    figure = errors_by_time(diagnosis.rollouts, {"half": other}, 1.0)
    axes = figure.axes[0]
    step = np.arange(1, 61)
    for label, curve in (
        ("model", diagnosis.rollouts.model),
        ("constant", diagnosis.rollouts.constant),
        ("half", other.model),
    ):
        line = line_of(axes, label)
        np.testing.assert_array_equal(line.get_xdata(), step)
        np.testing.assert_allclose(line.get_ydata(), curve.mean(axis=0))
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match="4 other models at most"):
        errors_by_time(diagnosis.rollouts, dict.fromkeys("abcde", other))


def test_what_diverges_is_counted_and_runs_along_the_edge(exploded):
    figure = errors_by_time(exploded.rollouts, limit=1.0)
    assert any("4 diverged" in text for text in words_of(figure))
    axes = figure.axes[0]
    assert line_of(axes, "model").get_ydata()[-1] == axes.get_ylim()[1]
    assert_texts_are_apart(figure)


def test_interpolation_and_model_stand_over_the_same_steps(diagnosis):
    """Published, they were one step apart."""
    figure = aligned_errors(diagnosis.rollouts, diagnosis.interpolation)
    axes = figure.axes[0]
    filled = line_of(axes, "interpolation")
    met = line_of(axes, "observed in\ntraining").get_xdata()
    np.testing.assert_array_equal(met, [5, 10, 15, 20])
    without = filled.get_xdata()[np.isnan(filled.get_ydata())]  # no error, no logarithm
    np.testing.assert_array_equal(without, met)
    mean = diagnosis.rollouts.model.mean(axis=0)
    np.testing.assert_allclose(line_of(axes, "model").get_ydata(), mean[:20])
    assert_texts_are_apart(figure)


def test_staggered_errors_have_lines_of_their_own(source):
    phases = np.array([0, 1, 2, 3, 4, 4])
    found = diagnose(wrong(), source, Settings(4, 60, 5, 4, phases))
    figure = aligned_errors(found.rollouts, found.interpolation)
    line = line_of(figure.axes[0], "model,\nnot observed")
    np.testing.assert_allclose(line.get_ydata(), found.rollouts.unobserved.mean(axis=0))
    # No step is one in which all are observed.
    assert not [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert_texts_are_apart(figure)


def test_where_every_step_is_observed_nothing_is_between(source):
    found = diagnose(wrong(), source, Settings(4, 20))
    with pytest.raises(ValueError, match="time_units above 1"):
        aligned_errors(found.rollouts, found.interpolation)
    names = [name for name, _ in diagnosis_figures(found)]
    assert "time_aligned_mse_latent" not in names


def test_a_point_is_a_neuron(diagnosis):
    table = diagnosis.neurons()
    figure = variance_scatter(table)
    points = [line for line in figure.axes[0].lines if line.get_marker() == "."]
    x = np.sort(np.concatenate([line.get_xdata() for line in points]))
    y = np.sort(np.concatenate([line.get_ydata() for line in points]))
    np.testing.assert_allclose(x, np.sort(table["variance"]))
    np.testing.assert_allclose(y, np.sort(table["unexplained"]))
    assert {"T4", "Mi1", "L1"} <= set(words_of(figure))
    assert_texts_are_apart(figure)


def test_neurons_without_a_place_on_the_axes_are_counted(exploded):
    figure = variance_scatter(exploded.neurons())
    assert any("0 neurons; 6 that do not vary" in text for text in words_of(figure))


def test_labels_of_many_types_do_not_collide():
    rng = np.random.default_rng(0)
    n = 600
    table = pd.DataFrame(
        {
            "cell_type": [f"TmY{k % 65}" for k in range(n)],
            "variance": np.exp(rng.standard_normal(n)),
            "unexplained": np.exp(rng.standard_normal(n)),
        }
    )
    assert_texts_are_apart(variance_scatter(table))


def test_bars_are_the_medians_of_types_the_best_on_top(diagnosis):
    types = diagnosis.types()
    figure = type_bars(types, diagnosis.one_step_types())
    bars = [bar.get_width() for bar in figure.axes[0].patches]
    np.testing.assert_allclose(bars, np.sort(types["median_r2_bias"].clip(-1, 1)))
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match="no cell type"):
        type_bars(types[:0])
    worse = diagnosis.one_step_types().assign(median_r2_bias=-0.7)
    axes = type_bars(types.assign(median_r2_bias=0.5), worse).axes[0]
    assert axes.get_xlim()[0] < -0.7  # circles are not cut off
    nothing = types.assign(median_r2_bias=np.nan, variance=0.0)
    assert_texts_are_apart(type_bars(nothing))


def test_traces_carry_their_r2():
    rng = np.random.default_rng(0)
    truth = rng.standard_normal((50, 30)) * np.geomspace(1e-3, 100, 30)
    predicted = truth + 0.1 * truth.std(axis=0)
    predicted[20:, 3] = np.nan
    truth[:, 5] = 1
    figure = rollout_traces(truth, predicted, [f"T{k}" for k in range(30)], 20.0)
    words = words_of(figure)
    assert words.count("R2 1.00") == 28  # a bias has no variance
    assert words.count("R2 -") == 2
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match="2 traces cannot have shapes"):
        rollout_traces(truth, predicted, ["a", "b"])


def test_runs_stand_below_each_other_beside_their_baselines(diagnosis, exploded):
    runs = {"good": diagnosis.scalars(), "bad": exploded.scalars()}
    figure = runs_figure(runs)
    value = line_values(figure.axes[2])
    expected = runs["good"]["rollout_latent_60step_mse_overall"]
    assert value[0] == pytest.approx(expected)
    assert np.isnan(value[1])
    assert "4 ×" in words_of(figure)
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match="no run"):
        runs_figure({})
    other = {"rollout_latent_9step_mse_overall": 1.0}
    with pytest.raises(ValueError, match="one length"):
        runs_figure({**runs, "other": other})


def test_powers_of_ten_at_the_edges_of_panels_do_not_collide():
    between = "time_aligned_mse_latent"
    numbers = {
        f"{between}_intermediate_avg": 0.048,
        f"{between}_interpolation_intermediate_avg": 0.01,
        "rollout_latent_59step_mse_overall": 0.019,
        "rollout_latent_59step_constant_mse_overall": 0.059,
        "median_r2_bias": -0.44,
    }
    assert_texts_are_apart(runs_figure({"one": numbers, "other": numbers}))


def line_values(axes):
    return np.asarray(axes.lines[-1].get_xdata(), np.float64)


def test_losses_that_are_there_are_drawn_over_minutes():
    table = {
        "phase": np.array(["reconstruction", "reconstruction", "joint", "joint"]),
        "seconds": np.array([60.0, 120, 180, 240]),
        "recon": np.array([1, 0.5, 0.3, 0.2]),
        "evolve": np.array([np.nan, np.nan, 2, 1]),
        "reg": np.zeros(4),
        "val_mse": np.array([np.nan, np.nan, 0.4, 0.3]),
        "val_mse_constant": np.array([np.nan, np.nan, 0.5, 0.5]),
    }
    figure = training_losses(table)
    axes = figure.axes[0]
    np.testing.assert_allclose(line_of(axes, "evolve").get_xdata(), [3, 4])
    np.testing.assert_allclose(line_of(axes, "evolve").get_ydata(), [2, 1])
    assert "reg" not in [line.get_label() for line in axes.lines]
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match="no row"):
        training_losses({"phase": [], "seconds": []})


def test_headings_fit_whatever_a_recording_is_called(diagnosis):
    long = diagnosis._replace(name="session_715093703_drifting_gratings_trained")
    for _, figure in diagnosis_figures(long):
        assert_texts_are_apart(figure)


def test_every_loss_of_a_training_has_a_colour():
    assert set(JOINT_LOSSES) == set(LOSSES)


def test_a_diagnosis_is_written_with_the_published_names(diagnosis, source, tmp_path):
    other = evaluate_rollouts(wrong(0.5), source, diagnosis.plan)
    numbers = write_diagnosis(diagnosis, tmp_path / "new", {"half": other})
    stored = json.loads((tmp_path / "new" / "scalars.json").read_text())
    assert stored == pytest.approx(numbers)
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        *("scalars.json", "types.csv", "neurons.csv", "curves.csv"),
        "multi_start_60step_latent_rollout_mses_by_time.png",
        "time_aligned_mse_latent.png",
        "best_60step_rollout_latent_mse_var_scatter.png",
        "worst_60step_rollout_latent_mse_var_scatter.png",
        "best_60step_rollout_latent_traces.png",
        "worst_60step_rollout_latent_traces.png",
        "r2_by_type.png",
    }
    types = pd.read_csv(tmp_path / "new" / "types.csv")
    expected = type_table(diagnosis.neurons())["median_r2"]
    np.testing.assert_allclose(types["median_r2"], expected, rtol=1e-5)
    curves = pd.read_csv(tmp_path / "new" / "curves.csv")
    np.testing.assert_allclose(curves["half"], other.model.mean(axis=0), rtol=1e-5)


def test_tags_are_the_published_ones_and_hold_finite_numbers(exploded):
    prefix = f"{CROSS_VALIDATION}gratings/"
    scalars = tags_of(exploded.scalars(), prefix)
    assert scalars[f"{prefix}rollout_latent_60step_first_divergence_step"] == 5
    assert f"{prefix}rollout_latent_60step_mse_final" not in scalars


def test_traces_are_drawn_of_the_finished_model_only(diagnosis, tmp_path):
    """They take longest, and epochs are many."""
    between = pictures_of(diagnosis, VALIDATION)
    assert between["Val/time_aligned_mse_latent"].startswith(b"\x89PNG")
    assert not [tag for tag in between if "traces" in tag]
    write_diagnosis(diagnosis, tmp_path)
    finally_ = written_pictures(tmp_path, VALIDATION)
    traces = {f"Val/{w}_60step_rollout_latent_traces" for w in ("best", "worst")}
    assert finally_.keys() - between.keys() == traces
    assert all(png.startswith(b"\x89PNG") for png in finally_.values())
