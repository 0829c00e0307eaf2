"""Judges trained models on recordings: numbers, a row per neuron or answer, figures.

    v1-evaluate results/cnn/first                         # on what it has not seen
    v1-evaluate results/cnn/first --recording other.h5 --refit
    v1-evaluate A=results/cnn/a B=results/cnn/b --out judged

RUN is the folder of a training, or one of its checkpoints; several of one room may be
given, also as NAME=RUN, and each is judged on each recording. The folder RUN_RECORDING
in --out gets numbers.csv, figures, and a table: neurons.csv, which says of each neuron
how well it is predicted and why not better, presentations.csv and classes.csv of a
decoder, or answers.csv and tasks.csv of a column. Read-out models have matrix.csv too:
each run on each type of trials.
"""

import dataclasses
import importlib
import logging
import pathlib
import sys

from training.evaluating.places import folder_of_run
from v1model import flags
from v1model.options import option, require
from v1model.rooms import ROOMS
from v1model.runs import Run

USAGE = "RUN [NAME=RUN ...] [--recording=A.h5,B.h5] [--flag=value ...]"
PARTS = ("test", "validation", "train", "all")
OWN = "evaluation"  # folder in a run
MOST_RUNS = 1000


@dataclasses.dataclass(frozen=True)
class EvaluateOptions:
    """What is judged, and where it goes."""

    recording: tuple[str, ...] = option(
        (),
        "Recordings, A,B; none judges on what the run was trained with. A column has "
        "none: it is judged on the trials of its own tasks.",
    )
    part: str = option(
        "",
        f"Of the recording: {', '.join(PARTS)}; none is what the run has not seen: the "
        "test, the validation where there is no test, or all of another recording.",
    )
    types: tuple[str, ...] = option(
        (), "cnn: types of trials that are scored, A,B; none scores all together."
    )
    refit: bool = option(
        False,
        "cnn: fits read-outs on the frozen core to the training part of recordings "
        "that the run was not trained on.",
    )
    out: str = option("", f"Folder to write; none is {OWN} in the run.")
    dpi: int = option(130, "Of the figures.")

    def __post_init__(self):
        if self.part:
            require(self.part in PARTS, "part", f"must be of {PARTS}", self.part)
        require(self.dpi >= 1, "dpi", "must be at least 1", self.dpi)


def main(runs, options):
    """Judges and says what came out. Wrong input ends with one line.

    Args:
        runs: Words of the command line: RUN or NAME=RUN.
        options: EvaluateOptions.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    for name in ("tensorflow", "absl"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        paths = runs_by_name(runs)
        room = common_room(paths)
        require_suitable(room, options)
        out = folder_of(paths, options)
        work = importlib.import_module(f"training.evaluating.{room}")
        found = work.judge(paths, options, out)
    except (ValueError, OSError) as error:
        sys.exit(f"evaluate: {error}")
    print("\n".join(lines_of(found)))
    print(f"wrote {out}")


def lines_of(found):
    """Judgements side by side: what each column is, then a line for each number.

    Args:
        found: Numbers by name, by the title of the judgement.

    Returns:
        A list of lines; a number that a judgement lacks is "-".
    """
    lines = [*(f"[{k}] {title}" for k, title in enumerate(found, 1)), ""]
    names = list(dict.fromkeys(name for one in found.values() for name in one))
    heads = [f"[{k}]" for k in range(1, len(found) + 1)]
    rows = [[_text_of(one.get(name, "-")) for one in found.values()] for name in names]
    width = max(map(len, names), default=0)
    for name, texts in zip(["", *names], [heads, *rows], strict=True):
        lines.append(f"{name:{width}s}{''.join(f' {text:>10s}' for text in texts)}")
    return lines


def _text_of(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def runs_by_name(words):
    """Paths of runs or checkpoints by name.

    Raises:
        ValueError: There is none, or two have one name.
        FileNotFoundError: One does not exist.
    """
    found = {}
    for word in words:
        name, sign, rest = word.partition("=")
        if pathlib.Path(word).expanduser().exists():  # a folder may be called lr=1
            sign = ""
        path = pathlib.Path(rest if sign else word).expanduser()
        if not path.exists():
            raise FileNotFoundError(f"run {path} does not exist.")
        name = name if sign else folder_of_run(path).resolve().name
        if name in found:
            raise ValueError(f"two runs have the name '{name}'; say NAME=RUN.")
        found[name] = path
    if not found:
        raise ValueError(f"a run is needed; usage: {USAGE}")
    return found


def common_room(paths):
    """The room of all runs.

    Raises:
        FileNotFoundError: A folder is no run.
        ValueError: A run is of no room, or two are of different ones.
    """
    rooms = {}
    for path in paths.values():
        room = Run.open(folder_of_run(path)).about["room"]
        if room not in ROOMS:
            raise ValueError(
                f"{path} is a run of no room that can be judged: {room!r}."
            )
        rooms[room] = path
    if len(rooms) > 1:
        words = ", ".join(f"{path} is of {room}" for room, path in rooms.items())
        raise ValueError(f"runs must be of one room: {words}.")
    return next(iter(rooms))


def require_suitable(room, options):
    """Refuses options that a room does not have, and files that are not there."""
    if room == "column" and options.recording:
        raise ValueError(
            "--recording must be left out for a column, which answers questions about "
            "what its own tasks show; scripts/record_column.py records what it does."
        )
    for name in ("refit", "types"):
        if getattr(options, name) and room != "cnn":
            raise ValueError(f"--{name} is for runs of cnn; these are of {room}.")
    for path in options.recording:
        if not pathlib.Path(path).expanduser().exists():
            raise FileNotFoundError(f"recording {path} does not exist.")


def folder_of(paths, options):
    """Where results go."""
    if options.out:
        return pathlib.Path(options.out).expanduser()
    if len(paths) > 1:
        raise ValueError("--out must name a folder where several runs are judged.")
    return folder_of_run(next(iter(paths.values()))) / OWN


def cli():
    if flags.asks_for_help(sys.argv):
        program = f"{pathlib.Path(sys.argv[0]).name} {USAGE}"
        groups = flags.groups_of(EvaluateOptions)
        sys.stdout.write(flags.help_page(__doc__, program, groups))
        return
    runs, options, _ = flags.texts_from(sys.argv, [], EvaluateOptions, MOST_RUNS)
    main(runs, options)


if __name__ == "__main__":
    cli()
