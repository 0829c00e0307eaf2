"""Tiny trainings of all four rooms through their programs, watched or not."""

import re
import sys

import yaml

from tests.cnn.trainings import two_recordings
from tests.decoders.sessions import drawn_session
from tests.latent.trainings import driven, params_of
from tests.training.drill import arrays_of
from training import (
    cnn_training,
    decoder_training,
    latent_training,
    multi_training,
)
from v1model.monitoring.records import read_watched
from v1model.presentations.binned_files import write_binned

EPOCHS = 3
OWN = "tests.training.test_monitors:breaks"  # a monitor that fails
# Everything that there is, as often as there is something to see.
ALWAYS = (
    f"--fast_monitors=all,{OWN}",
    "--fast_every=1",
    "--slow_every=2",
    "--fast_share=1",
    "--slow_share=1",
)
NEVER = ("--fast_monitors=none", "--slow_monitors=none")
# What depends on the clock or on the machine.
MEASURED = {"throughput", "memory"}
TIMES = re.compile(r"^(Time|Latency)/|seconds|epoch_duration")
# A layer that Keras numbers on when a process makes a second model.
NUMBERED = re.compile(r"(learnable_temporal)_\d+")


class Column:
    """A column of 500 neurons, through the engine that every machine has."""

    latest = "latest.weights.h5"

    def __init__(self, folder):
        self.folder = folder

    def run(self, *words):
        """Runs the program in this process; the run folder."""
        given = (
            "--task=10class --neurons=500 --neurons_per_output=2 --seq_len=200 "
            "--post_delay=50 --post_chunks=0 --batch_size=2 --steps_per_epoch=1 "
            f"--val_steps=1 --log_activity_every=0 --n_epochs={EPOCHS} --run_name=run"
        )
        place = self.folder / "column"
        _call(multi_training, *given.split(), f"--results_dir={place}", *words)
        return place / "run"


class Latent:
    """A latent model of five neurons."""

    latest = "latest.h5"

    def __init__(self, folder):
        self.folder, self.settings = folder, folder / "settings.yaml"
        folder.mkdir()
        params = params_of(driven(folder / "seen.h5", 400), epochs=EPOCHS)
        self.settings.write_text(yaml.safe_dump(params.model_dump(mode="json")))

    def run(self, *words):
        given = "exp", str(self.settings), "--run_name=run"
        place = self.folder / "results"
        _call(latent_training, *given, f"--results_dir={place}", *words)
        return place / "exp" / "run"


class Cnn:
    """A core of three channels over two recordings."""

    latest = "latest.h5"

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.paths = two_recordings(folder)

    def run(self, *words):
        given = (
            "--model.convnet.type=plain --model.convnet.channels=3 "
            "--model.convnet.stem=null --model.frontend.kernel_size=3 "
            "--data.segment_bins=10 --training.steps_per_epoch=4 "
            "--training.batch_size=4 --training.init_readouts=false "
            f"--training.ema_decay=0.9 --training.epochs={EPOCHS} --run_name=run"
        )
        place = self.folder / "results"
        recordings = f"--recordings={self.paths[0]},{self.paths[1]}"
        _call(
            cnn_training, *given.split(), recordings, f"--results_dir={place}", *words
        )
        return place / "run"


class Decoder:
    """An LSTM of width 16."""

    latest = "latest.weights.h5"

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        write_binned(drawn_session(), folder / "binned.h5")

    def run(self, *words, decoder="lstm"):
        given = (
            f"--decoder={decoder} --width=16 --batch_size=16 --epochs={EPOCHS} "
            f"--recording={self.folder / 'binned.h5'}"
        )
        place = self.folder / "results"
        _call(decoder_training, *given.split(), f"--results_dir={place}", *words)
        (folder,) = place.glob(f"*_{decoder}_*")
        return folder


ROOMS = {"column": Column, "latent": Latent, "cnn": Cnn, "decoder": Decoder}


def weights_of(room, folder):
    """Weights and optimizer of the last checkpoint, arrays by name."""
    return arrays_of(folder / "checkpoints" / room.latest)


def seen_in(folder):
    """Records of a run without what depends on time: comparable with another's."""
    found = []
    for record in read_watched(folder):
        if record["kind"] == "resumed" or record.get("monitor") in MEASURED:
            continue
        record = {k: v for k, v in record.items() if k not in ("time", "seconds")}
        if "values" in record:
            record["values"] = {
                NUMBERED.sub(r"\1", k): v
                for k, v in record["values"].items()
                if not TIMES.search(k)
            }
        found.append(record)
    return found


def _call(program, *words):
    before = sys.argv
    sys.argv = [f"{program.__name__}.py", *map(str, words)]
    try:
        program.cli()
    finally:
        sys.argv = before
