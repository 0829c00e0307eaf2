"""Progress: few lines, and true ones."""

import io

from training.progress import FILE_S, Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_terminal_has_one_line_that_is_renewed_and_ended():
    terminal, clock = Terminal(), Clock()
    progress = Progress("built", stream=terminal, clock=clock)
    for done in range(11):
        progress(done, 10)
        clock.now += 0.3
    text = terminal.getvalue()
    assert text.count("\n") == 1 and text.endswith("\n")
    assert text.startswith("\rbuilt: 0%") and "\rbuilt: 100%" in text
    assert text.count("\r") == 6  # every second call
    longest = max(len(line) for line in text.split("\r"))
    assert all(len(line.rstrip("\n")) in (0, longest - 1) for line in text.split("\r"))


def test_a_file_gets_a_line_now_and_then_and_at_the_end():
    file, clock = io.StringIO(), Clock()
    progress = Progress("built", stream=file, clock=clock)
    for done in range(1, 101):
        clock.now += FILE_S / 20
        progress(done, 100)
    lines = file.getvalue().splitlines()
    assert len(lines) == 5
    assert lines[0] == "built: 20%, about 20 s left"
    assert lines[-1] == "built: 100%"


def test_speed_is_that_of_this_start():
    """12,000 steps were there already, and took no time now."""
    file, clock = io.StringIO(), Clock()
    progress = Progress("recorded", "s", 0.001, stream=file, clock=clock)
    progress(12_000, 20_000)
    clock.now += 10
    progress(14_000, 20_000)
    assert file.getvalue() == (
        "recorded: 14.0 of 20.0 s (70%), 0.2 s/s, about 30 s left\n"
    )


def test_calls_are_counted_where_they_do_not_say_how_many():
    file, clock = io.StringIO(), Clock()
    progress = Progress("decoded", "fits", total=1000, stream=file, clock=clock)
    for _ in range(1000):
        progress()
    assert file.getvalue() == "decoded: 1,000 of 1,000 fits (100%)\n"


def test_an_unknown_end_is_not_announced():
    file, clock = io.StringIO(), Clock()
    progress = Progress("downloaded", "MB", 1e-6, stream=file, clock=clock)
    progress(1_000_000, None)
    clock.now += 10
    progress(2_500_000, None)
    assert file.getvalue() == "downloaded: 2.5 MB, 0.15 MB/s\n"
