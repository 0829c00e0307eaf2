"""How each picture of the gallery is drawn from its Scene."""

import dataclasses
import subprocess
import tempfile

import numpy as np

from v1model.engine.cell_currents import cell_currents
from v1model.lgn import LGN
from v1model.models.cell_background import background_at
from v1model.stimuli import make_task
from v1model.trained_run import read_trained_run
from visualization.files import write_figure
from visualization.film.animation import animate_trial
from visualization.gallery.scene import SEED
from visualization.lgn import lgn_movie_response, lgn_overview
from visualization.report.writing import write_report
from visualization.tasks import draw_task
from visualization.trial.cell import cell_trace
from visualization.trial.movie_frames import shown_in
from visualization.trial.raster import spike_raster
from visualization.trial.standard import STANDARD_FIGURES
from visualization.weights import weight_distributions

DPI = 110


def drawn(figure):
    """A function that writes a figure, from one that makes it of a Scene."""
    return lambda scene, path: write_figure(figure(scene), path, dpi=DPI)


def standard(name):
    return drawn(lambda scene: STANDARD_FIGURES[name](scene.trial, scene.neurons))


def laminar(scene):
    stimulus = shown_in(scene.movie, scene.view)
    return spike_raster(scene.trial, scene.neurons, stimulus=stimulus)


def cell(scene):
    """The cell that fired most of those that are traced, in a trial as it was."""
    trial = scene.true_trials[0]
    neuron = int(trial.traced[np.argmax(trial.spike_counts[trial.traced])])
    seed = scene.batch(0).noise_seeds[0]
    background = background_at(scene.column, seed, neuron, trial.n_steps)
    currents = cell_currents(scene.network, trial, neuron, background)
    return cell_trace(trial, scene.neurons, currents)


def animation(scene, path):
    lgn = scene.network.lgn
    animate_trial(
        scene.trial,
        scene.neurons,
        path,
        movie=scene.movie,
        units=lgn.units,
        view=scene.view,
    )


def lgn_classes(scene):
    units = scene.network.lgn.units
    return lgn_overview(units, {"A digit": LGN(units).rates(scene.movie)})


def lgn_movie(scene):
    units = scene.network.lgn.units
    rates = LGN(units).rates(scene.movie)
    return lgn_movie_response(units, scene.movie, rates, scene.view)


def task(scene, name):
    trials = dataclasses.replace(scene.config.trials, task=name)
    lgn = LGN(scene.network.lgn.units)
    return draw_task(make_task(trials, lgn, scene.view, seed=SEED), lgn, scene.view)


def weights(scene):
    trained = read_trained_run(scene.run.path)
    return weight_distributions(trained.before, trained.after)


def report(scene, path):
    """The upper part of a report, as a browser shows it; not without Chromium."""
    page = write_report(scene.run.path)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu"),
            *("--no-first-run", "--disable-background-networking", "--disable-sync"),
            *("--disable-component-update", "--disable-quic", "--hide-scrollbars"),
            *(f"--user-data-dir={profile}", "--window-size=1180,1560"),
            *(f"--screenshot={path.resolve()}", page.resolve().as_uri()),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
