"""What to do with what a program has left: commands to copy."""

import shlex

_SHOW_CURVES = "tensorboard --logdir {0}"
_OF_RUN = "v1-runs show {0}", "v1-evaluate {0}", _SHOW_CURVES
_OF_RUNS = "v1-runs {0}", "v1-compare {0} --out {0}/comparison", _SHOW_CURVES


def after_training(path):
    """Lines that say where a run is and how to look at it."""
    return [f"run folder: {path}", *_commands(path, _OF_RUN)]


def after_many(folder):
    """Lines that say how to look at a folder of runs that can be compared."""
    return [*_commands(folder, _OF_RUNS)]


def _commands(path, commands):
    lead = "next:"
    for command in commands:
        yield f"{lead} {command.format(shlex.quote(str(path)))}"
        lead = "     "
