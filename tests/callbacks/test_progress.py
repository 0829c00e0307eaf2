"""The line of progress on a terminal and in a file."""

import io
import os
import pty
import re

from tests.callbacks.training import N_STEPS, Chance, Clock, Wait, train
from v1model.callbacks import ProgressLine, StepTimer


def test_progress_in_a_file_is_one_line_every_n_seconds():
    clock, stream = Clock(), io.StringIO()
    progress = ProgressLine(every_seconds=3.5, stream=stream, clock=clock)
    train(Wait(clock, seconds=1), StepTimer(), Chance(), progress)
    lines = stream.getvalue().splitlines()
    assert [line.split("  ")[1] for line in lines[:-1]] == ["step 1/6", "step 5/6"]
    for line in lines:
        assert re.search(r"epoch 1/1  .*loss \S+  accuracy \S+ \(chance 0.500\)", line)
    assert "\r" not in stream.getvalue()


def test_progress_ends_an_epoch_with_the_validation():
    stream = io.StringIO()
    train(Chance(), ProgressLine(stream=stream), epochs=2, validation=True)
    ends = [line for line in stream.getvalue().splitlines() if "validation" in line]
    assert len(ends) == 2
    assert re.search(
        r"\| validation:  loss \S+  accuracy \S+ \(chance 0.500\)", ends[1]
    )


def test_progress_announces_the_time_of_the_steps_that_are_left():
    clock, stream = Clock(), io.StringIO()
    progress = ProgressLine(every_seconds=0, stream=stream, clock=clock)
    train(Wait(clock, seconds=10), progress, epochs=2)
    lines = [line for line in stream.getvalue().splitlines() if "step" in line]
    assert "ETA" not in lines[0]
    assert lines[1].endswith("ETA 0:01:40")  # 10 steps of 10 s
    assert lines[-1].endswith("ETA 0:00:00")


def test_progress_announces_no_more_than_the_time_budget():
    stream = io.StringIO()
    progress = ProgressLine(seconds_left=lambda: 3661.0, every_seconds=0, stream=stream)
    train(progress, epochs=1)
    assert stream.getvalue().splitlines()[0].endswith("ETA 1:01:01")


def test_progress_on_a_terminal_rewrites_one_line_and_keeps_it_short(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    reader, writer = pty.openpty()
    with os.fdopen(writer, "w") as stream:
        train(ProgressLine(stream=stream), epochs=2)
        text = os.read(reader, 100_000).decode()
    os.close(reader)
    assert text.count("\n") == 2  # one final line per epoch
    rewritten = [part for part in text.split("\r") if "step" in part]
    assert len(rewritten) == 2 * N_STEPS
    assert all(len(part) < 40 for part in rewritten)


def test_progress_shows_epochs_that_have_several_validations():
    stream = io.StringIO()
    progress = ProgressLine(2 * N_STEPS, every_seconds=0, stream=stream)
    train(Chance(), progress, epochs=4, validation=True)
    places = [line.partition("  loss")[0] for line in stream.getvalue().splitlines()]
    one, two = ([f"epoch {n}/2  step {k}/12" for k in range(1, 13)] for n in (1, 2))
    middle = [[epoch[5]] for epoch in (one, two)]  # the line of the validation
    assert places == [
        *(one[:6] + middle[0] + one[6:] + ["epoch 1/2"]),
        *(two[:6] + middle[1] + two[6:] + ["epoch 2/2"]),
    ]
