#!/usr/bin/env python
"""Times writing a column, reading it, and loading it again from the cache.

    python benchmarks/load_network.py --neurons 51978

The target is a second load of the core (51,978 neurons) under 3 s. Both loads
include the digest of the files, which is how the cache knows them.
"""

import argparse
import os
import pathlib
import resource
import sys
import tempfile
import time

from v1model.network.billeh import read_glif_network, write_glif_network
from v1model.network.builder import build_column
from v1model.network.cache import cached_network
from v1model.network.placement import CORE_NEURONS
from v1model.network.sonata import read_sonata, write_sonata

FORMATS = {
    "GLIF_network": (write_glif_network, read_glif_network),
    "SONATA": (write_sonata, read_sonata),
}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=CORE_NEURONS, help="Size.")
    parser.add_argument(
        "--format", choices=FORMATS, default="GLIF_network", help="Layout of the files."
    )
    options = parser.parse_args(argv)
    write, read = FORMATS[options.format]
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["V1MODEL_CACHE"] = f"{scratch}/cache"
        folder = pathlib.Path(scratch) / "network"
        write_column(options.neurons, write, folder)
        size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
        print(f"{size / 1e6:.0f} MB in files")
        for name in ("first load", "second load"):
            timed(name, lambda: cached_network([folder], lambda: read(folder)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak /= 1e9 if sys.platform == "darwin" else 1e6
    print(f"peak memory {peak:.2f} GB")


def write_column(neurons, write, folder):
    network = timed("build", lambda: build_column(neurons))
    print(f"{len(network.recurrent):,} recurrent synapses")
    timed("write", lambda: write(network, folder))


def timed(name, action):
    """Runs `action`, prints how long it took, returns its result."""
    began = time.perf_counter()
    result = action()
    print(f"{name:12} {time.perf_counter() - began:6.2f} s", flush=True)
    return result


if __name__ == "__main__":
    main()
