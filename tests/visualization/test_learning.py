"""Learning curves are drawn from the table that a run writes."""

import numpy as np
import pytest

from visualization.learning import learning_curves, read_epochs

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
