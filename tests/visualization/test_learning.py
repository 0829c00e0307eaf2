"""Learning curves are drawn from the table that a run writes."""

import numpy as np
import pytest

from visualization.learning import by_task, learning_curves, read_epochs

TABLE = """epoch,seconds,accuracy,val_accuracy,val_chance,val_responses
1,60,0.5,0.25,0.5,40
2,120,0.6,0.75,0.5,40
"""


def test_a_panel_shows_held_out_accuracy_over_minutes(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text(TABLE)
    figure = learning_curves({"a": read_epochs(path), "b": read_epochs(path)})
    figure.canvas.draw()
    assert len(figure.axes) == 2
    chance, training, held_out = figure.axes[0].lines
    assert set(chance.get_ydata()) == {0.5}
    np.testing.assert_allclose(training.get_ydata(), [0.5, 0.6])
    np.testing.assert_allclose(held_out.get_xdata(), [1, 2])
    np.testing.assert_allclose(held_out.get_ydata(), [0.25, 0.75])


def test_a_run_without_an_epoch_has_no_curve(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text(TABLE.splitlines()[0])
    with pytest.raises(ValueError, match="no epoch was finished"):
        read_epochs(path)


def test_a_mixture_has_a_panel_for_each_task(tmp_path):
    columns = ("accuracy", "val_accuracy", "val_chance", "val_responses")
    header = ["epoch", "seconds", *columns]
    header += [f"{column}/{task}" for task in "abcd" for column in columns]
    path = tmp_path / "metrics.csv"
    values = [40 if "responses" in name else 0.5 for name in header[2:]]
    rows = [[epoch, 60 * epoch, *values] for epoch in (1, 2)]
    path.write_text("\n".join(",".join(map(str, row)) for row in (header, *rows)))
    tables = by_task(read_epochs(path))
    assert list(tables) == ["a", "b", "c", "d"]
    assert set(tables["b"]) == {"epoch", "seconds", *columns}
    figure = learning_curves(tables)
    figure.canvas.draw()
    drawn = [axes for axes in figure.axes if axes.lines]
    assert [axes.get_title(loc="left").strip() for axes in drawn] == [
        "a",
        "b",
        "c",
        "d",
    ]


def test_a_run_of_one_task_has_no_tasks_apart(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text(TABLE)
    assert by_task(read_epochs(path)) == {}


def test_epochs_without_validation_are_left_out(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text(TABLE + "3,180,0.7,,,\n")
    figure = learning_curves({"a": read_epochs(path)})
    assert len(figure.axes[0].lines[2].get_xdata()) == 2
