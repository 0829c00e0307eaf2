"""Shows a column at work: draws trials of it, and animates the first.

Without --data_dir a column is built from published tables, without --checkpoint it is
untrained. --stimulus shows a movie or picture of your own instead of a task.
"""

import dataclasses
import logging
import os
import pathlib
import sys
import time

from training.quiet_start import quiet_start
from v1model import flags
from v1model.atomic import WriteError
from v1model.config import ColumnConfig, NetworkConfig, TaskConfig
from v1model.options import option, require, require_positive
from v1model.task_config import CHUNK_MS
from visualization.files import write_figure
from visualization.film.writing import best_suffix
from visualization.trial.axes import share_right, verdict
from visualization.trial.standard import STANDARD_FIGURES

PROGRAM = "demo_visualization"
GALLERY = "gallery"
PROGRESS_EVERY = 10  # frames of the animation
DESCRIPTIONS = {
    "raster": "spikes of all neurons, by layer and class",
    "voltages": "membrane voltages of 20 neurons",
    "input": "activity of the LGN",
    "population": "spikes and rates of populations and cell types",
    "output": "readout over time, probability of each class",
}


@dataclasses.dataclass(frozen=True)
class DemoConfig:
    """What is shown, and where the pictures go."""

    network: NetworkConfig = NetworkConfig()
    column: ColumnConfig = ColumnConfig()
    trials: TaskConfig = TaskConfig()
    log_dir: str = option("visualizations", "Folder that receives everything.")
    checkpoint: str = option(
        "",
        "Trained weights: folder of a run, .weights.h5 or .keras; empty for none. Of a "
        "run its options count too, but for --data_dir and what is shown.",
    )
    batch_size: int = option(1, "Trials per sample; of several, the first is drawn.")
    n_samples: int = option(10, "Samples that are drawn.")
    stimulus: str = option(
        "", "Movie (gif, mp4, avi, npy) or picture (png, jpg) shown instead of a task."
    )
    stimulus_ms: int = option(400, "How long it is shown; shorter movies begin again.")
    gray_ms: int = option(100, "Gray before the stimulus, and after it, ms.")
    fps: float = option(0.0, "Frames per second of the movie; 0 as the file says.")
    animation: bool = option(True, "Animate the first trial.")

    def __post_init__(self):
        for name in ("batch_size", "n_samples", "stimulus_ms"):
            require_positive(self, name)
        for name in ("gray_ms", "fps"):
            value = getattr(self, name)
            require(value >= 0, name, "must not be negative", value)
        require(bool(self.log_dir), "log_dir", "needs a folder", repr(self.log_dir))
        whole = 2 * self.gray_ms + self.stimulus_ms
        is_whole = whole % CHUNK_MS == 0 or not self.stimulus
        rule = f"plus twice gray_ms {self.gray_ms} must be a multiple of {CHUNK_MS} ms"
        require(is_whole, "stimulus_ms", rule, self.stimulus_ms)


def main(config):
    """Draws everything, and says where it is.

    Wrong input ends with one line, before any long work where that is possible.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    logging.getLogger("tensorflow").setLevel(logging.WARNING)
    began = time.perf_counter()
    try:
        with quiet_start():
            from visualization.demo.scene import DemoScene, read_inputs
        inputs = read_inputs(config)
        make_folder(config.log_dir)
        scene = DemoScene(config, *inputs)
    except (ValueError, OSError) as error:
        sys.exit(f"{PROGRAM}: {' '.join(str(error).split())}")
    try:
        trials = draw_samples(scene, config)
        made = draw_first(scene, trials, config)
    except WriteError as error:
        sys.exit(f"{PROGRAM}: {error}")
    print_summary(config, trials, made, time.perf_counter() - began)


def make_folder(log_dir):
    """Makes the folder that receives everything, if it is missing.

    Raises:
        ValueError: It cannot be made or written to.
    """
    folder = pathlib.Path(log_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"log_dir {log_dir} cannot be made: {error.strerror}."
        ) from error
    if not os.access(folder, os.W_OK):
        raise ValueError(f"log_dir {log_dir} cannot be written to.")


def draw_samples(scene, config):
    """Runs and draws all samples; the first trial of each, a list of TrialActivity."""
    drawn = []
    for number in range(config.n_samples):
        began = time.perf_counter()
        trial = scene.draw_sample(number)
        drawn.append(trial)
        words, _ = verdict(trial)
        seconds = time.perf_counter() - began
        print(
            f"sample {number + 1} of {config.n_samples}: {words}, "
            f"{trial.rates.mean():.2f} Hz, {seconds:.1f} s",
            flush=True,
        )
    scene.writer.finish()
    return drawn


def draw_first(scene, trials, config):
    """Draws the first trial from all sides; the paths of what was made."""
    folder = pathlib.Path(config.log_dir)
    scene.write_network_state(folder / "network_state.txt")
    made = []
    for name, figure in scene.gallery(trials[0]):
        path = folder / GALLERY / f"{name}.png"
        write_figure(figure, path)
        made.append(path)
    if config.animation:
        path = folder / f"animation{best_suffix()}"
        scene.animate(trials[0], path, _progress)
        made.append(path)
    return made


def print_summary(config, trials, made, seconds):
    """Says what there is and where."""
    folder, n = pathlib.Path(config.log_dir), len(trials)
    words = share_right(trials)
    right = f", {words}" if words else ""
    samples = "1 sample" if n == 1 else f"{n} samples"
    print(f"\n{samples} in {seconds:.0f} s{right}. In {folder.resolve()}:")
    for name in STANDARD_FIGURES:
        _print_line(f"{name}_step_*.png", DESCRIPTIONS.get(name, "one per sample"))
    _print_line("sample_*/batch_predictions.png", "the answers")
    for path in made:
        _print_line(path.relative_to(folder), "of the first trial")
    _print_line("network_state.txt", "layers, shapes, parameters, cell types, state")
    _print_line("activity_summary.npz", "everything that was recorded")
    print(f"\ntensorboard --logdir {config.log_dir}")


def _print_line(name, what):
    print(f"  {name!s:<34} {what}")


def _progress(done, total):
    """One line that counts; in a file, which keeps every state of it, the last one."""
    is_last = done == total
    if is_last or (done % PROGRESS_EVERY == 0 and sys.stdout.isatty()):
        start, end = "\r" if sys.stdout.isatty() else "", "\n" if is_last else ""
        print(f"{start}animation: {done} of {total} frames", end=end, flush=True)


def cli():
    flags.run(main, DemoConfig)


if __name__ == "__main__":
    cli()
