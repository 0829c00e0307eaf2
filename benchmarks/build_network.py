"""Time and memory of building the column, and its totals beside the published ones.

python benchmarks/build_network.py [--sizes=500,5000,51978]
"""

import multiprocessing
import resource
import sys
import time

from absl import app, flags

from v1model.config import DEFAULT_BUILD_SEED
from v1model.network.builder import build_column
from v1model.network.tables import crop_totals, lgn_rules, populations

_SIZES = flags.DEFINE_list(
    "sizes", ["500", "5000", "51978"], "Numbers of neurons to build."
)
_SEED = flags.DEFINE_integer("seed", DEFAULT_BUILD_SEED, "Seed of every column.")

# What the project promises, on one processor core.
TARGET_SECONDS = {5000: 3.0, 51_978: 60.0}
TARGET_GB = {51_978: 6.0}


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    print(
        f"{'neurons':>8} {'seconds':>8} {'target':>7} {'GB':>6} {'target':>7} "
        f"{'recurrent':>11} {'published':>11} {'':8} {'LGN':>10}"
    )
    # A process of its own for every size, so that its peak memory is its own.
    spawn = multiprocessing.get_context("spawn")
    for size in map(int, _SIZES.value):
        with spawn.Pool(1) as pool:
            seconds, gigabytes, recurrent, lgn = pool.apply(
                measure, (size, _SEED.value)
            )
        published = crop_totals().get(size)
        difference = f"{100 * (recurrent / published - 1):+.2f} %" if published else ""
        print(
            f"{size:8,} {seconds:8.2f} {TARGET_SECONDS.get(size, '-'):>7} "
            f"{gigabytes:6.2f} {TARGET_GB.get(size, '-'):>7} {recurrent:11,} "
            f"{published or 0:11,} {difference:>8} {lgn:10,}",
            flush=True,
        )
    core = sum(
        p.n_core * lgn_rules()[p.name].in_degree
        for p in populations()
        if p.name in lgn_rules()
    )
    print(f"Published LGN synapses of 51,978 neurons: about {core:,.0f}.")


def measure(size, seed):
    """Seconds, peak memory (GB) and numbers of synapses of one build."""
    start = time.perf_counter()
    network = build_column(size, seed)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes on Linux, bytes on macOS.
    gigabytes = peak / (1e9 if sys.platform == "darwin" else 1e6)
    return seconds, gigabytes, len(network.recurrent), len(network.lgn.synapses)


if __name__ == "__main__":
    app.run(main)
