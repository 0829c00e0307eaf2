"""Builds the mouse V1 column from published tables and writes it to a folder.

    v1-build-network --neurons 5000 --out GLIF_network --nopairs

The folder has the layout of the published network; --data_dir of v1-multi-training
takes it.
"""

import dataclasses
import pathlib
import sys
import time

from training.progress import Progress
from v1model import flags
from v1model.config import DEFAULT_BUILD_SEED
from v1model.network.billeh import write_glif_network
from v1model.network.builder import build_column
from v1model.network.data import RECEPTORS
from v1model.network.placement import ALL_NEURONS, CORE_NEURONS, MIN_NEURONS, POLICIES
from v1model.network.summary import summarize
from v1model.network.target_rates import draw_target_rates
from v1model.options import option, require


@dataclasses.dataclass(frozen=True)
class BuildOptions:
    """The column that is built, and where it goes."""

    neurons: int = option(
        CORE_NEURONS, f"Number of neurons, {MIN_NEURONS} to {ALL_NEURONS}."
    )
    out: str = option("GLIF_network", "Folder to write the network to.")
    seed: int = option(DEFAULT_BUILD_SEED, "Seed that decides every random draw.")
    policy: str = option(
        "crop",
        "How a column smaller than the core is made: crop keeps the density in a "
        "smaller disc, thin keeps the disc and thins it out.",
        choices=POLICIES,
    )
    compensate: bool = option(
        False,
        "A crop's recurrent weights are scaled up for the missing synapses.",
    )
    lgn_to_inhibitory_receptor: str = option(
        "e2i", "Receptor of the LGN synapses on inhibitory neurons.", choices=RECEPTORS
    )
    background_nsyns: int = option(
        0, "Contacts of every background synapse; 0 takes the published numbers."
    )
    pairs: bool = option(True, "The summary lists every pair of populations.")
    overwrite: bool = option(
        False, "Replace the network in a folder that is not empty."
    )

    def __post_init__(self):
        contacts = self.background_nsyns
        require(contacts >= 0, "background_nsyns", "must not be negative", contacts)


def main(options):
    try:
        build(options)
    except (ValueError, FileExistsError, NotADirectoryError) as error:
        sys.exit(f"error: {error}")


def build(options, stream=sys.stderr):
    """Builds, writes and summarizes what the options ask for.

    Args:
        options: BuildOptions.
        stream: Where the progress goes; the summary is printed.

    Raises:
        ValueError: An option that the builder refuses.
        FileExistsError: The folder is not empty and may not be overwritten.
        NotADirectoryError: `--out` is a file.
    """
    folder = pathlib.Path(options.out)
    check_folder(folder, options.overwrite)
    start = time.perf_counter()
    progress = Steps(stream)
    network = build_column(
        options.neurons,
        options.seed,
        policy=options.policy,
        compensate=options.compensate,
        lgn_to_inhibitory_receptor=options.lgn_to_inhibitory_receptor,
        background_nsyns=options.background_nsyns or None,
        progress=progress,
    )
    built = time.perf_counter() - start
    progress("writing the files", 0.0)
    rates = draw_target_rates(network, options.seed)
    write_glif_network(network, folder, target_rates=rates)
    progress("writing the files", 1.0)
    print(summarize(network, policy=options.policy, pairs=options.pairs))
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
    flags.run(main, BuildOptions)


if __name__ == "__main__":
    cli()
