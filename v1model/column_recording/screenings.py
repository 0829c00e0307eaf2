"""From a configuration to the Screening that it names."""

import pathlib

import numpy as np

from v1model.stimuli import make_task, view_of
from v1model.stimuli.flashes import flashed, natural_frames
from v1model.stimuli.grating_blocks import drifting_gratings
from v1model.stimuli.own_movie import on_screen, read_footage
from v1model.stimuli.picture_movie import FRAME_MS, moving_pictures, repeated_movie
from v1model.stimuli.picture_movie import STIMULUS as NATURAL_MOVIE
from v1model.stimuli.screening import Screening, gray
from v1model.stimuli.task_stream import task_stream


def screening_for(config, network, lgn, seed):
    """What a configuration shows to a network.

    Args:
        config: ShownConfig.
        network: Network with the table of its LGN units.
        lgn: LGN of these units.
        seed: Of every draw.

    Returns:
        Screening, as long as the configuration says.

    Raises:
        OSError, ValueError: An option or the file that it names is wrong.
    """
    view = view_of(network.lgn)
    screening = _SCREENINGS[config.stimulus](config, lgn, view, seed)
    if not config.seconds:
        return screening
    duration_ms = round(1000 * config.seconds)
    if duration_ms > screening.duration_ms:
        raise ValueError(
            f"seconds must be at most {screening.duration_ms / 1000:g}, as long as "
            f"{config.stimulus} are shown --repeats={config.repeats} times, got "
            f"{config.seconds:g}."
        )
    return screening.cut(duration_ms)


def _pictures(config, lgn, view, seed):
    del lgn
    frames = natural_frames(config.n_pictures, view, config.trials.sti_intensity)
    return flashed(
        frames,
        config.repeats,
        seed,
        shown_ms=config.picture_ms,
        gray_ms=config.gray_ms,
        blank=config.blank,
    )


def _gratings(config, lgn, view, seed):
    del lgn, view
    return drifting_gratings(
        np.arange(config.directions) * 360 / config.directions,
        config.contrasts,
        config.repeats,
        seed,
        shown_ms=config.grating_ms,
        gray_ms=config.grating_gray_ms,
        spatial_frequency=config.cycles_per_degree,
        temporal_frequency=config.drift_hz,
    )


def _movie(config, lgn, view, seed):
    del lgn
    duration_ms = round(1000 * config.movie_seconds)
    intensity = config.trials.sti_intensity
    if config.movie:
        footage = read_footage(config.movie, duration_ms, config.fps)
        movie = on_screen(footage, view, 0, duration_ms, 0, intensity)
        frames, durations = movie.frames, movie.durations_ms.tolist()
        name = pathlib.Path(config.movie).name
    else:
        frames, _ = moving_pictures(duration_ms, view, intensity, seed)
        durations, name = [FRAME_MS] * len(frames), NATURAL_MOVIE
    return repeated_movie(frames, durations, config.repeats, name, config.gray_ms)


def _tasks(config, lgn, view, seed):
    # Without data_dir: of published responses nobody knows the pictures.
    task = make_task(config.trials, lgn, view, seed=seed)
    return task_stream(task, config.split, config.repeats, config.gray_ms)


def _gray(config, lgn, view, seed):
    del lgn, view, seed
    return Screening.of(lambda number: None, 0, gray(round(1000 * config.seconds), 0))


_SCREENINGS = {
    "pictures": _pictures,
    "gratings": _gratings,
    "movie": _movie,
    "tasks": _tasks,
    "gray": _gray,
}
