"""How much of the loading of a latent training is hidden behind the training.

    python benchmarks/latent_loader.py [--neurons 1200] [--steps 16384] [--updates 12]

Two cases. "sleep" is that of the published tests: ten chunks that take 100 ms to load
and 100 ms to train on, 2 s one after the other, of which less than 85 % must remain.
"recording" is real: a compressed recording with staggered observations is read from the
disk, filled in between observations, copied to the device, and trained on by a latent
model, some updates per chunk. Ways:

    in turn     everything in one thread
    loader      ChunkLoader: reading, filling in and copying have a thread each
    tf.data     Dataset.from_generator of reading and filling in, with prefetch

The share of the time for which the training waited for a chunk is what counts. Where
the training itself keeps all cores busy, loading takes them from it, so that less is
won than waiting is saved; seconds of all cores stand beside it. Results are added to
benchmarks/results/latent_loader.csv.
"""

import argparse
import os
import pathlib
import tempfile
import time

import numpy as np
import tensorflow as tf
from results_table import machine, record

from v1model.latent.acquisition import draw_starts
from v1model.latent.config import Acquisition, ModelParams, TrainingConfig
from v1model.latent.loader import ChunkLoader
from v1model.latent.model import LatentModel
from v1model.latent.objective import Objective
from v1model.latent.overlap import Overlapped
from v1model.latent.source import open_source
from v1model.recordings import save_recording

RESULTS = pathlib.Path(__file__).parent / "results" / "latent_loader.csv"
WAYS = ("in turn", "loader", "tf.data")
CHUNKS, SLEEP_S = 10, 0.1
TARGET = 0.85  # of the time of loading and training in turn
ROWS, TIME_UNITS, N_INPUTS, BATCH = 2000, 10, 20, 32


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=1200, help="Neurons.")
    parser.add_argument("--steps", type=int, default=16_384, help="Steps of 20 ms.")
    parser.add_argument("--updates", type=int, default=12, help="Updates per chunk.")
    options = parser.parse_args(arguments)
    rows = []
    for way in WAYS:
        rows.append(row_of("sleep", way, 0, 0, *sleeping(way)))
        print(words_of(rows[-1], rows[0]), flush=True)
    share = rows[1]["seconds"] / (2 * CHUNKS * SLEEP_S)
    verdict = "reached" if share < TARGET else "missed"
    print(f"  loader: {share:.2f} of loading and training in turn: {TARGET} {verdict}")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "eye.h5"
        write(path, options.steps, options.neurons)
        first = len(rows)
        training = Training(path, options.neurons, options.updates)
        for way in WAYS:
            measured = training.measure(way)
            sizes = (options.neurons, options.updates)
            rows.append(row_of("recording", way, *sizes, *measured))
            print(words_of(rows[-1], rows[first]), flush=True)
    record(RESULTS, rows, key_of)
    return rows


def sleeping(way):
    """Seconds, waited and of cores, of ten chunks that sleep."""

    def load(k):
        time.sleep(SLEEP_S)
        return k

    def chunks():
        if way == "in turn":
            return map(load, range(CHUNKS))
        if way == "loader":
            return Overlapped(range(CHUNKS), (load, int), (1, 1))
        generator = tf.data.Dataset.from_generator(
            lambda: map(load, range(CHUNKS)),
            output_signature=tf.TensorSpec((), "int64"),
        )
        return iter(generator.prefetch(1))

    return timed(chunks, lambda chunk: time.sleep(SLEEP_S))


def timed(chunks, train):
    """(seconds, waited for chunks, seconds of all cores) of a training.

    Args:
        chunks: Function to an iterator.
        train: Function of a chunk.
    """
    began, cores, waited = time.perf_counter(), time.process_time(), 0.0
    iterator = iter(chunks())
    while True:
        asked = time.perf_counter()
        chunk = next(iterator, None)
        waited += time.perf_counter() - asked
        if chunk is None:
            break
        train(chunk)
    return time.perf_counter() - began, waited, time.process_time() - cores


def write(path, n_steps, n_neurons, seed=0):
    """Writes a recording of smooth noise, which is compressed like voltages."""
    rng = np.random.default_rng(seed)
    kept, state = 0.9, np.zeros(n_neurons, np.float32)
    voltage = rng.standard_normal((n_steps, n_neurons), np.float32)
    for row in voltage:
        state = kept * state + (1 - kept) * row
        row[:] = state
    save_recording(
        path,
        dt_ms=20,
        activity={"voltage": voltage},
        quantities={"voltage": "voltage"},
        stimulus={"noise": rng.random((n_steps, N_INPUTS), np.float32)},
    )


class Training:
    """A latent model that is trained on a recording with staggered observations.

    Args:
        path: The recording.
        n_neurons: N.
        n_updates: Updates per chunk.
    """

    def __init__(self, path, n_neurons, n_updates):
        acquisition = Acquisition(mode="staggered_random")
        self.config = TrainingConfig(
            training_data_path=str(path),
            time_units=TIME_UNITS,
            acquisition_mode=acquisition,
        )
        params = ModelParams(latent_dims=64, training=self.config)
        self._model = LatentModel(n_neurons, N_INPUTS, params)
        self._n_updates, self._params = n_updates, params
        self._update = None

    def measure(self, way):
        """See `timed`; all chunks of the recording once."""
        with open_source(self.config) as source:
            stop = source.n_steps
            with ChunkLoader(
                source, self.config, 0, stop, rows=ROWS, kept_bytes=0
            ) as loader:
                self._prepare(loader)
                return timed(lambda: self._chunks(way, loader), self._train)

    def _prepare(self, loader):
        if self._update is None:
            objective = Objective(self._model, self._params, loader.phases, None)
            self._update = compiled(self._model, objective)
            self._train(next(loader.epoch(0)))  # compiles

    def _chunks(self, way, loader):
        if way == "loader":
            return loader.epoch(0)
        windows = [(start, start + loader.plan.rows) for start in loader.plan.epoch(0)]

        def prepared():
            for window in windows:
                yield loader.prepared(loader.read(window))

        if way == "in turn":
            return map(loader.transferred, prepared())
        n, c = self._model.n_neurons, loader.plan.rows
        shapes = {"activity": (c, n), "stimulus": (c, N_INPUTS), "filled": (c, n)}
        signature = {name: tf.TensorSpec(shape) for name, shape in shapes.items()}
        dataset = tf.data.Dataset.from_generator(
            prepared, output_signature=(tf.TensorSpec((), tf.int64), signature)
        )
        origin = {"origin": tf.constant(0)}  # of chunks at multiples of time_units
        return ((start, {**arrays, **origin}) for start, arrays in dataset.prefetch(1))

    def _train(self, item):
        _, chunk = item
        rng = np.random.default_rng(0)
        size = (self._n_updates, BATCH, "staggered_random")
        starts = draw_starts(rng, ROWS, TIME_UNITS, 1, *size)
        self._update(chunk, tf.constant(starts)).numpy()


def compiled(model, objective):
    """A function of a chunk and starts that does an update per row of the starts."""

    @tf.function(reduce_retracing=True)
    def update(chunk, starts):
        total = tf.zeros(())
        for k in tf.range(tf.shape(starts)[0]):
            with tf.GradientTape() as tape:
                seed = tf.stack([0, k])
                loss = tf.add_n(
                    list(objective.joint(chunk, starts[k], 1, seed).values())
                )
            variables = [one.value for one in model.trainable_variables]
            gradients = tape.gradient(loss, variables)
            for variable, gradient in zip(variables, gradients, strict=True):
                variable.assign_sub(1e-4 * tf.convert_to_tensor(gradient))
            total += loss
        return total

    return update


def row_of(case, way, n_neurons, n_updates, seconds, waited, core_s):
    return {
        "case": case,
        "way": way,
        "neurons": n_neurons,
        "updates": n_updates,
        "seconds": round(seconds, 3),
        "waited": round(waited / seconds, 3),
        "core_s": round(core_s, 2),
        "load": round(os.getloadavg()[0], 1),
        "machine": machine(),
    }


def words_of(row, in_turn):
    """A row in one line."""
    return (
        f"{row['case']:9}  {row['way']:7}  {row['seconds']:6.2f} s "
        f"({row['seconds'] / in_turn['seconds']:.2f} of in turn)  "
        f"waited {100 * row['waited']:3.0f} %  cores {row['core_s']:.1f} s"
    )


def key_of(row):
    """What a row is a result of."""
    case = ("sleep", "recording").index(row["case"])
    return case, int(row["neurons"]), int(row["updates"]), WAYS.index(row["way"])


if __name__ == "__main__":
    main()
