#!/usr/bin/env python
"""Records model neurons of V1 whose rates are known.

    python scripts/simulate_v1.py OUT.h5 [--seed 2] [--n_neurons 24] [--pictures FOLDER]

Simple, complex and normalised cells see natural pictures under simulated eye movements,
flashed Gabors and gratings. The recording holds their Poisson spikes, their true rates
and what a model of them can reach; v1model.recordings.open_recording reads it.
"""

import argparse
import sys
import typing

import pydantic

from v1model.known_v1 import KnownV1Config, simulate
from v1model.recordings import open_recording
from v1model.recordings.summary import summary_text

PROGRAM = "simulate_v1"


def main(arguments=None):
    """Simulates, and says what came out; wrong input ends with one line."""
    options = vars(parser().parse_args(arguments))
    out = options.pop("out")
    try:
        if not out.endswith(".h5"):
            raise ValueError(f"OUT must end with .h5, got {out!r}")
        path = simulate(out, config_from(options))
    except (ValueError, OSError) as error:
        sys.exit(f"{PROGRAM}: {' '.join(str(error).split())}")
    with open_recording(path) as recording:
        print(summary_text(recording))
        print(f"\n{table_of(recording.neurons)}")


def parser():
    """A flag for each option of KnownV1Config."""
    found = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("out", metavar="OUT.h5", help="Recording to write.")
    for name, field in KnownV1Config.model_fields.items():
        kind = field.annotation
        kind = typing.get_args(kind)[0] if typing.get_args(kind) else kind
        text = f"{field.description} [{field.default}]"
        found.add_argument(f"--{name}", type=kind, default=field.default, help=text)
    return found


def config_from(options):
    """KnownV1Config of options by name.

    Raises:
        ValueError: A value is impossible; names the option and the value.
    """
    try:
        return KnownV1Config(**options)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        where = f"--{name}: " if name else ""
        got = f", got {first['input']}" if name else ""
        raise ValueError(f"{where}{first['msg']}{got}.") from None


def table_of(neurons):
    """Medians of the neurons of each kind, as text."""
    columns = {
        "rate_hz": "Hz",
        "latency_ms": "latency ms",
        "oracle_bps_train": "bits per spike, train",
        "oracle_bps_test": "test",
    }
    medians = neurons.groupby("kind")[list(columns)].median().rename(columns=columns)
    medians.insert(0, "neurons", neurons.groupby("kind").size())
    return medians.round(2).to_string()


if __name__ == "__main__":
    main()
