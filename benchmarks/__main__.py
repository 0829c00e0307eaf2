"""All benchmarks, one after the other: the whole table for this machine.

    python benchmarks            # about forty minutes on four cores
    python benchmarks --quick    # small columns only, a few minutes

Results are recorded as by the single programs, and the figures drawn anew. A program
that fails does not keep the others from running.
"""

import argparse
import importlib.util
import os
import pathlib
import subprocess
import sys
import time
from typing import NamedTuple

import draw_figures
from results_table import machine

FOLDER = pathlib.Path(__file__).parent


class Program(NamedTuple):
    """A benchmark.

    name: Of its file.  whole, quick: Its arguments; None leaves it out.
    seconds, quick_seconds: How long it took on four cores that others used too.
    needs: A module without which it cannot run.
    """

    name: str
    whole: tuple
    seconds: int
    quick: tuple | None
    quick_seconds: int
    needs: str = "numba"


PROGRAMS = (
    Program("build_network", (), 8, ("--sizes=500,5000",), 3),
    Program("load_network", (), 10, ("--neurons=5000",), 5),
    Program("lgn_picture", (), 30, ("--repeats=1",), 15),
    Program("first_call", (), 80, None, 0),
    Program("engine_step", (), 320, ("--cases=5000x1",), 40),
    Program("engine_scaling", (), 90, ("--sizes=500,1000,2000,5000",), 40),
    Program("adjoint_ideas", (), 15, None, 0),
    Program("memory_length", (), 150, None, 0),
    Program(
        "figures_speed",
        ("--sizes=51978", "--repeats=1"),
        40,
        ("--sizes=5000", "--repeats=1"),
        25,
        "matplotlib",
    ),
    Program("logging_cost", (), 60, ("--repeats=2",), 40),
    Program("nest_speed", (), 80, ("--threads=1",), 30, "nest"),
    Program("nest_speed", ("--core", "--repeats=1"), 150, None, 0, "nest"),
    Program("recording_speed", (), 25, ("--neurons=5000",), 8, "h5py"),
    Program("record_column", (), 90, ("--sizes=1000", "--repeats=1"), 25),
    Program("convert_session", (), 60, None, 0, "h5py"),
    Program("bin_spikes", (), 40, None, 0),
    Program("decoder_bayes", (), 700, None, 0, "sklearn"),
    Program(
        "latent_rollout", (), 80, ("--sizes=1200", "--repeats=1"), 20, "tensorflow"
    ),
    Program("latent_update", (), 45, None, 0, "tensorflow"),
    Program("latent_loader", (), 25, ("--steps=8000",), 20, "tensorflow"),
    Program("cnn_sequence", (), 20, None, 0, "tensorflow"),
    Program("comparison_page", (), 60, ("--quick",), 15, "matplotlib"),
    Program("index_runs", (), 10, ("--quick",), 5, "pandas"),
    Program("readout_oracle", ("--quick",), 90, ("--quick",), 90, "tensorflow"),
)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="Small columns only.")
    options = parser.parse_args(arguments)
    planned = plan(options.quick)
    total = sum(seconds for *_, seconds in planned)
    print(f"{machine()}\nabout {total / 60:.0f} minutes on four cores", flush=True)
    began, failed = time.perf_counter(), []
    for number, (program, arguments, seconds) in enumerate(planned, 1):
        minutes = (time.perf_counter() - began) / 60
        words = " ".join((f"{program.name}.py", *arguments))
        print(
            f"\n[{number}/{len(planned)}] {words}: about {seconds} s; "
            f"{minutes:.1f} minutes so far",
            flush=True,
        )
        if not has(program.needs):
            print(f"{program.needs} is not installed: not measured")
        elif run(program.name, arguments) != 0:
            failed.append(words)
    print("\nfigures")
    draw_figures.main()
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def plan(is_quick):
    """(Program, arguments, seconds) of what is to run."""
    if not is_quick:
        return [(program, program.whole, program.seconds) for program in PROGRAMS]
    return [
        (program, program.quick, program.quick_seconds)
        for program in PROGRAMS
        if program.quick is not None
    ]


def has(module):
    """Whether a module can be imported."""
    return importlib.util.find_spec(module) is not None


def run(name, arguments):
    """Exit status of a program, whose output goes where ours goes."""
    command = [sys.executable, str(FOLDER / f"{name}.py"), *arguments]
    # TensorFlow tells of drivers that it did not find, in the midst of the table.
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
    return subprocess.run(command, check=False, env=quiet).returncode


if __name__ == "__main__":
    main()
