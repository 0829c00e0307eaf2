"""Builds the mouse V1 column from published tables and writes it to a folder."""

import pathlib
import sys
import time

from absl import app, flags

from training.progress import Progress
from v1model.config import DEFAULT_BUILD_SEED
from v1model.flags import list_under_help
from v1model.network.billeh import write_glif_network
from v1model.network.builder import build_column
from v1model.network.data import RECEPTORS
from v1model.network.placement import ALL_NEURONS, CORE_NEURONS, MIN_NEURONS, POLICIES
from v1model.network.summary import summarize
from v1model.network.target_rates import draw_target_rates


def define_flags(values=flags.FLAGS):
    """Defines the flags of this script."""
    known = set(values)
    flags.DEFINE_integer(
        "neurons",
        CORE_NEURONS,
        f"Number of neurons, {MIN_NEURONS} to {ALL_NEURONS}.",
        flag_values=values,
    )
    flags.DEFINE_string(
        "out", "GLIF_network", "Folder to write the network to.", flag_values=values
    )
    flags.DEFINE_integer(
        "seed",
        DEFAULT_BUILD_SEED,
        "Seed that decides every random draw.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "policy",
        "crop",
        POLICIES,
        "How a column smaller than the core is made: 'crop' keeps the density in a "
        "smaller disc, 'thin' keeps the disc and thins it out.",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "compensate",
        False,
        "Whether a crop's recurrent weights are scaled up for the missing synapses.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "lgn_to_inhibitory_receptor",
        "e2i",
        RECEPTORS,
        "Receptor of the LGN synapses on inhibitory neurons.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "background_nsyns",
        None,
        "Contacts of every background synapse; by default the published numbers.",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "pairs",
        True,
        "Whether the summary lists every pair of populations.",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "overwrite",
        False,
        "Whether to replace the network in a folder that is not empty.",
        flag_values=values,
    )
    list_under_help(set(values) - known, values)


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    values = flags.FLAGS
    try:
        build(values)
    except (ValueError, FileExistsError, NotADirectoryError) as error:
        sys.exit(f"error: {error}")


def build(values, stream=sys.stderr):
    """Builds, writes and summarizes what the flags ask for.

    Args:
        values: Parsed flags.
        stream: Where the progress goes; the summary is printed.

    Raises:
        ValueError: A flag that the builder refuses.
        FileExistsError: The folder is not empty and may not be overwritten.
        NotADirectoryError: `--out` is a file.
    """
    folder = pathlib.Path(values.out)
    check_folder(folder, values.overwrite)
    start = time.perf_counter()
    progress = Steps(stream)
    network = build_column(
        values.neurons,
        values.seed,
        policy=values.policy,
        compensate=values.compensate,
        lgn_to_inhibitory_receptor=values.lgn_to_inhibitory_receptor,
        background_nsyns=values.background_nsyns,
        progress=progress,
    )
    built = time.perf_counter() - start
    progress("writing the files", 0.0)
    rates = draw_target_rates(network, values.seed)
    write_glif_network(network, folder, target_rates=rates)
    progress("writing the files", 1.0)
    print(summarize(network, policy=values.policy, pairs=values.pairs))
    total = time.perf_counter() - start
    print(f"Built in {built:.1f} s, written to {folder} in {total - built:.1f} s.")


def check_folder(folder, overwrite):
    """Raises unless the folder is new, empty, or may be overwritten."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"--out {folder} is a file, not a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise FileExistsError(
            f"--out {folder} is not empty; choose another folder or add --overwrite."
        )


class Steps:
    """The progress of steps that follow each other, a line each."""

    def __init__(self, stream):
        self._stream, self._step, self._progress = stream, None, None

    def __call__(self, step, share):
        if step != self._step:
            self._step, self._progress = step, Progress(step, stream=self._stream)
        self._progress(share, 1.0)


def cli():
    define_flags()
    app.run(main)


if __name__ == "__main__":
    cli()
