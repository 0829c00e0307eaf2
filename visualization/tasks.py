"""The timeline of each task: what is shown, what the LGN makes of it, what is asked.

python -m visualization.tasks --out figures --task garrett
"""

import argparse
import dataclasses
import pathlib
import sys

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import StrMethodFormatter

from v1model.config import CHUNK_MS, TaskConfig
from v1model.lgn import LGN
from v1model.lgn.current import rates_from_current
from v1model.lgn.kernels import N_COLUMNS, N_ROWS
from v1model.network import build_column
from v1model.stimuli import TASKS, make_task, view_of
from v1model.stimuli.trials import GRAY
from visualization import style
from visualization.files import write_figure
from visualization.trial.inputs import block_means
from visualization.trial.stimulus import SCREEN_GRAY

MARGIN = 1.4  # shown part of the visual field, in sizes of the view
WIDE = 0.05  # share of a trial from which on a segment has room for words
LGN_ROWS = 130  # of the picture of rates, means over units: less than it has pixels
STEP = 3  # an ordinary step, not the first of an epoch


def task_timeline(task, frames, view, rates, labels, weights):
    """One trial of a task from the screen to the answer, all on one time axis.

    Args:
        task: Task.
        frames: What is on the screen in each segment, (n_segments, 120, 240).
        view: View of the column, drawn as a frame around what it sees.
        rates: LGN rates, (T, I), Hz; units are drawn from left to right of the field.
        labels: Right answer in each chunk, (C,).
        weights: Loss weight of each chunk, (C,).

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The number of frames or of milliseconds is not the timeline's.
    """
    segments = task.timeline.segments
    if len(frames) != len(segments):
        raise ValueError(
            f"task timeline: {len(segments)} segments need as many frames, "
            f"got {len(frames)}."
        )
    if len(rates) != task.seq_len:
        raise ValueError(
            f"task timeline: rates must last {task.seq_len} ms, got {len(rates)}."
        )
    with style.paper():
        figure = Figure(figsize=(7.4, 5.2), layout="constrained")
        screen, lgn, mean, answer = figure.subplots(
            4, 1, sharex=True, height_ratios=(2.1, 2.4, 1, 0.7)
        )
        title = {"x": 0.01, "ha": "left", "fontsize": 10, "fontweight": "bold"}
        figure.suptitle(f"{task.name}: one trial", **title)
        _draw_screen(screen, segments, frames, view)
        _draw_rates(lgn, mean, rates)
        _draw_answers(answer, task, labels, weights)
        for chunk in task.timeline.windows:
            for edge in _span(chunk):  # a filled span would tint the rates
                lgn.axvline(edge, color=style.WINDOW, lw=0.8)
            mean.axvspan(*_span(chunk), color=style.WINDOW, alpha=0.3, lw=0)
        answer.set(xlabel="Time (ms)", xlim=(0, task.seq_len))
        answer.set_xticks(np.arange(0, task.seq_len + 1, 2 * CHUNK_MS))
    return figure


def _span(chunk):
    return chunk * CHUNK_MS, (chunk + 1) * CHUNK_MS


def _draw_screen(axes, segments, frames, view):
    half = MARGIN / 2 * np.array([view.width, view.height])
    columns = slice(max(int(view.x - half[0]), 0), int(view.x + half[0]) + 1)
    rows = slice(max(int(view.y - half[1]), 0), int(view.y + half[1]) + 1)
    limit = max(np.abs(frames).max(), 1e-6)
    ends = np.cumsum([segment.ms for segment in segments])
    axes.add_patch(Rectangle((0, 0), ends[-1], 1, color=SCREEN_GRAY))
    for segment, frame, end in zip(segments, frames, ends, strict=True):
        start = end - segment.ms
        kind = "gray" if segment.slot == GRAY else "picture"
        is_wide = segment.ms >= WIDE * ends[-1]
        label = f"{kind}\n{segment.ms} ms" if is_wide else f"{segment.ms}"
        axes.text((start + end) / 2, 1.04, label, ha="center")
        if start:
            axes.plot([start, start], [0, 1], color="white", lw=0.8, zorder=6)
        if segment.slot == GRAY:
            continue
        shown = frame[rows, columns]
        extent = (columns.start, columns.start + shown.shape[1])
        extent += (rows.start + shown.shape[0], rows.start)
        picture = axes.inset_axes([start, 0, segment.ms, 1], transform=axes.transData)
        picture.imshow(shown, cmap="gray", vmin=-limit, vmax=limit, extent=extent)
        corner = view.x - view.width / 2, view.y - view.height / 2
        seen = Rectangle(corner, view.width, view.height, fill=False, lw=0.6)
        seen.set_edgecolor(style.WINDOW)
        picture.add_patch(seen)
        picture.set_axis_off()
    axes.set(ylim=(0, 1.3), yticks=[], ylabel="Screen")
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(bottom=False)


def _draw_rates(axes, mean_axes, rates):
    picture = block_means(rates, len(rates), LGN_ROWS).T
    image = axes.imshow(
        picture,
        aspect="auto",
        extent=(0, len(rates), rates.shape[1], 0),
        cmap="magma",
        vmin=0,
        vmax=np.percentile(picture, 99.8),
    )
    axes.set_ylabel("LGN unit\n(left to right)")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.figure.colorbar(image, ax=axes, label="Rate (Hz)", pad=0.01)
    mean_axes.plot(rates.mean(axis=1), color=style.INK)
    mean_axes.set(ylabel="Mean (Hz)", ylim=(0, None))


def _draw_answers(axes, task, labels, weights):
    for chunk in range(task.n_chunks):
        is_due = chunk in task.timeline.windows and weights[chunk] > 0
        start, end = _span(chunk)
        colour = style.WINDOW if is_due else style.BACKDROP
        axes.add_patch(Rectangle((start, 0), end - start, 1, fc=colour, ec="white"))
        text = str(labels[chunk]) if is_due else f"({weights[chunk]:g})"
        weight = "bold" if is_due else "normal"
        middle = (start + end) / 2
        axes.text(middle, 0.5, text, ha="center", va="center", fontweight=weight)
    axes.set(ylim=(0, 1), yticks=[], ylabel="Answer\n(weight)")
    axes.spines["left"].set_visible(False)


def draw_task(task, lgn, view, step=STEP):
    """`task_timeline` of the first lane of a training step.

    Args:
        task: Task that shows pictures through the LGN model and gives currents.
        lgn: Its LGN.
        view: View of the column.
        step: Training step.
    """
    batch = task.batch("training", step, 1, step + 1)
    plan = task.plan("training", step, 1, step + 1)
    pictures = plan.pictures[0, -task.timeline.n_slots :]
    gray = np.zeros((N_ROWS, N_COLUMNS), np.float32)
    frames = [
        gray if segment.slot == GRAY else task.rates.frame(pictures[segment.slot])
        for segment in task.timeline.segments
    ]
    rates = rates_from_current(batch.inputs[0])
    left_to_right = np.argsort(lgn.units.x)
    return task_timeline(
        task,
        np.stack(frames),
        view,
        rates[:, left_to_right],
        batch.labels[0],
        batch.weights[0],
    )


def main(argv=None):
    """The command line: one picture file per task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("figures"))
    parser.add_argument("--task", choices=list(TASKS), help="Default: every task.")
    parser.add_argument("--neurons", type=int, default=2000, help="Size of the column.")
    parser.add_argument("--seed", type=int, default=3000)
    arguments = parser.parse_args(argv)
    try:
        draw_tasks(arguments)
    except (ValueError, OSError) as error:
        sys.exit(f"tasks: {error}")


def draw_tasks(arguments):
    """Draws the tasks that the arguments name, each to a file in their folder."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    population = build_column(arguments.neurons, arguments.seed).lgn.connected()
    lgn, view = LGN(population.units), view_of(population)
    for name in [arguments.task] if arguments.task else TASKS:
        config = dataclasses.replace(TaskConfig(), task=name)
        task = make_task(config, lgn, view, seed=arguments.seed)
        path = arguments.out / f"task_{name}.png"
        write_figure(draw_task(task, lgn, view), path)


if __name__ == "__main__":
    main()
