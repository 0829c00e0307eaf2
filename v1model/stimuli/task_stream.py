"""The trials of a task as one long screening, one directly after the other."""

import numpy as np

from v1model.config import CHUNK_MS
from v1model.stimuli.grating_blocks import MovingFrames
from v1model.stimuli.responses import GratingRates, PublishedRates
from v1model.stimuli.screening import BLANK, Screening, Shown, gray
from v1model.stimuli.trials import GRAY


def task_stream(task, split, n_trials, gray_ms=500):
    """Trials of a Task or a Mixture in their order, without a pause.

    The trials are those of a batch of one. In training, the column of a task that
    does not carry its state starts each trial at rest; here time goes on.

    Args:
        task: Task or Mixture.
        split: "training" or "validation".
        n_trials: How many.
        gray_ms: Gray before the first and after the last.

    Returns:
        Screening. There is a row for each showing of a picture, grating or cue, with
        the task as `stimulus`, its `frame` (the picture's number in the task; gratings
        have `orientation` and `phase` too), the `trial`, and the right `answer` of the
        next question, due from `answer_start_s` to `answer_stop_s` after the first
        ms of the screening; -1 where the answer does not count.

    Raises:
        ValueError: Only the published responses to a task's pictures are known.
    """
    if n_trials < 1:
        raise ValueError(f"trials must be positive, got {n_trials}.")
    frames = _TaskFrames(task.members)
    shown = gray(gray_ms, 0)
    start = gray_ms
    for step in range(n_trials):
        member, plan = _trial(task, split, step, n_trials)
        shown += _shown(frames, member, plan, step, start)
        start += member.seq_len
    return Screening.of(frames.draw, len(frames), [*shown, *gray(gray_ms, 2)])


def _trial(task, split, step, n_trials):
    """The member of a task that has the trial, and its Plan."""
    if task.members == (task,):
        return task, task.plan(split, step, 1, n_trials)
    chosen, places = task.places(split, step, 1, n_trials)
    member = task.members[chosen[0]]
    return member, member.plans(split, places)


def _shown(frames, member, plan, trial, start):
    timeline = member.timeline
    pictures = plan.pictures[0, -timeline.n_slots :]
    windows = CHUNK_MS * np.asarray(timeline.windows)
    answers = np.where(plan.is_asked[0], plan.answers[0], -1)
    elapsed = 0
    for slot, ms in timeline.segments:
        picture = GRAY if slot == GRAY else int(pictures[slot])
        if picture == GRAY:
            yield Shown([BLANK], [ms])
        else:
            due = int(np.searchsorted(windows, elapsed))
            due = min(due, len(windows) - 1)
            window_s = (start + windows[due]) / 1000
            row = {
                "stimulus": member.name,
                "block": 1,
                "frame": picture,
                "trial": trial,
                "answer": int(answers[due]),
                "answer_start_s": float(window_s),
                "answer_stop_s": float(window_s + CHUNK_MS / 1000),
                **_described(member, picture),
            }
            yield Shown(*frames.of(member, picture, ms), row)
        elapsed += ms


def _described(member, picture):
    if not isinstance(member.rates, GratingRates):
        return {}
    grating = member.rates.gratings[picture]
    return {"orientation": grating.direction % 180, "phase": grating.phase % 360}


class _TaskFrames:
    """The different frames of some tasks, numbered as they come."""

    def __init__(self, members):
        for member in members:
            if isinstance(member.rates, PublishedRates):
                raise ValueError(
                    f"{member.name}: only the published responses to its pictures are "
                    "known, not the pictures."
                )
        self._members = {member.name: member for member in members}
        self._gratings = MovingFrames()
        self._numbers = {}
        self._sources = []

    def __len__(self):
        return len(self._sources)

    def of(self, member, picture, ms):
        """Numbers and durations of the frames of a picture shown for `ms`."""
        if not isinstance(member.rates, GratingRates):
            return [self._number((member.name, picture))], [ms]
        numbers, durations = self._gratings.of(member.rates.gratings[picture], ms)
        return [self._number(("", number)) for number in numbers], durations

    def draw(self, number):
        """A frame, (120, 240) float32."""
        name, own = self._sources[number]
        if not name:
            return self._gratings.draw(own)
        return self._members[name].rates.frame(own)

    def _number(self, source):
        if source not in self._numbers:
            self._numbers[source] = len(self._sources)
            self._sources.append(source)
        return self._numbers[source]
