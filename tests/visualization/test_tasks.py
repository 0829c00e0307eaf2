"""A task's timeline shows its pictures, its answers and nothing of another length."""

import numpy as np
import pytest

from tests.networks import small_network
from v1model.config import TaskConfig
from v1model.lgn import LGN
from v1model.stimuli import TASKS, View, make_task
from visualization.tasks import draw_task, main, task_timeline

VIEW = View(120.0, 60.0, 40.0, 30.0)


@pytest.mark.parametrize("name", list(TASKS))
def test_a_timeline_draws_each_picture_and_the_answers_that_count(name):
    lgn = LGN(small_network().lgn.units)
    task = make_task(TaskConfig(task=name), lgn, VIEW, seed=1)
    figure = draw_task(task, lgn, VIEW)
    screen, _, _, answer = figure.axes[:4]
    assert len(screen.child_axes) == task.timeline.n_slots
    batch = task.batch("training", 3, 1, 4)
    due = [text for text in answer.texts if text.get_fontweight() == "bold"]
    expected = batch.labels[0, list(task.timeline.windows)]
    assert [text.get_text() for text in due] == [str(label) for label in expected]
    assert len(answer.texts) == task.n_chunks


def test_no_unit_of_the_lgn_is_lost_between_the_pixels():
    lgn = LGN(small_network().lgn.units)
    task = make_task(TaskConfig(task="10class"), lgn, VIEW, seed=1)
    n_units = 2618
    for loud in (0, 1001, n_units - 1):
        rates = np.zeros((600, n_units))
        rates[:, loud] = 50.0
        frames = np.zeros((len(task.timeline.segments), 120, 240))
        chunks = np.zeros(12)
        figure = task_timeline(task, frames, VIEW, rates, chunks, chunks)
        (image,) = figure.axes[1].images
        rows = np.asarray(image.get_array())
        assert len(rows) < figure.axes[1].bbox.height
        assert np.flatnonzero(rows[:, 0]) == [loud * len(rows) // n_units]


def test_frames_or_rates_of_another_length_are_refused():
    lgn = LGN(small_network().lgn.units)
    task = make_task(TaskConfig(task="10class"), lgn, VIEW, seed=1)
    frames, chunks = np.zeros((3, 120, 240)), np.zeros(12)
    with pytest.raises(ValueError, match="must last 600 ms, got 599"):
        task_timeline(task, frames, VIEW, np.zeros((599, 20)), chunks, chunks)
    with pytest.raises(ValueError, match="3 segments need as many frames, got 2"):
        task_timeline(task, frames[:2], VIEW, np.zeros((600, 20)), chunks, chunks)


def test_the_command_writes_the_task_that_is_asked_for(tmp_path):
    main(["--out", str(tmp_path / "new"), "--task", "10class", "--neurons", "500"])
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["task_10class.png"]


def test_wrong_input_ends_the_command_with_one_line(tmp_path):
    (tmp_path / "file").touch()
    for arguments in (["--neurons", "3"], ["--out", str(tmp_path / "file" / "new")]):
        with pytest.raises(SystemExit, match="^tasks: .+$"):
            main(["--out", str(tmp_path / "new"), *arguments])
