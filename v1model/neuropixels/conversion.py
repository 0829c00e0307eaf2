"""From a session to a recording: the one format that the rest of the library reads."""

import logging
import pathlib

import numpy as np

from v1model.neuropixels.invalid_times import ALL_PROBES, STIMULUS
from v1model.neuropixels.series import SCENES, RunningSpeed, SceneIndex
from v1model.neuropixels.spike_trains import WINDOW_SPIKES
from v1model.neuropixels.suspects import SUSPECT_SESSIONS
from v1model.recordings import Clock, RecordingWriter, Signal

SOURCE = "Allen Visual Coding Neuropixels"
BLOCK_STEPS = 600_000  # appended at a time; what stimulus and running take in memory
# Numbers of clusters and channels, of no meaning outside the file.
_LEFT_OUT = ("local_index", "cluster_id")

logger = logging.getLogger(__name__)


def session_to_recording(
    session,
    path,
    *,
    dt_ms=1.0,
    templates=None,
    progress=None,
    window_spikes=WINDOW_SPIKES,
):
    """Writes a Session as a recording, with flat memory.

    The recording begins at 0 s and ends with the last spike or presentation. It has
    the activity "spikes" with exact times, the presentations of all stimuli as trials,
    the validity of units by probe, and the behaviour "running_speed" (cm/s): in each
    step the sample of the wheel in which the step begins, NaN where there is none.
    Invalid presentations keep their row as "invalid_presentation".

    Args:
        session: Session; its units are the neurons.
        path: Where to, .h5.
        dt_ms: Length of a step.
        templates: Folder of the pictures natural_scene_N.tiff; they become the stimulus
            "natural_scenes". None leaves the stimulus out.
        progress: Called as `progress(done, total)` with spikes.
        window_spikes: How many are in memory together, about.

    Returns:
        The path.

    Raises:
        ValueError: A spike time is impossible, a picture is missing or of another
            size, or an option is wrong.
    """
    path, clock = pathlib.Path(path), Clock(dt_ms)
    windows = session.spikes.in_windows(clock, window_spikes)
    stimulus = None if templates is None else SceneIndex(session, templates)
    running = RunningSpeed(session) if session.has_running else None
    if running is None:
        logger.warning("%s has no running speed", session.path)
    last_s = max(windows.last_s, float(session.presentations["stop_s"].max()))
    n_steps = int(clock.steps(last_s)) + 1
    invalid, who = _invalid(session)
    writer = RecordingWriter(
        path,
        neurons=_neurons(session),
        dt_ms=dt_ms,
        signals={"spikes": Signal("count", is_exact=True)},
        source=SOURCE,
        session_id=str(session.session_id),
        metadata=_metadata(session, windows),
        frames=None if stimulus is None else {SCENES: stimulus.frames},
        invalid=invalid,
        invalid_neurons=who,
    )
    done, total = 0, int(session.spikes.counts.sum())
    with writer:
        writer.add_trials(session.presentations)
        stops = [*windows.first_steps[1:], n_steps]
        for stop, (time_s, unit) in zip(stops, windows, strict=True):
            while writer.n_steps < stop:
                until = min(writer.n_steps + BLOCK_STEPS, int(stop))
                n = np.searchsorted(time_s, clock.times(until))
                steps_s = clock.times(np.arange(writer.n_steps, until))
                writer.append(
                    {"spikes": (time_s[:n], unit[:n])},
                    stimulus and {SCENES: stimulus.at(steps_s)},
                    running and {"running_speed": running.at(steps_s)},
                    n_steps=len(steps_s),
                )
                time_s, unit, done = time_s[n:], unit[n:], done + int(n)
                if progress is not None:
                    progress(done, total)
    return path


def _neurons(session):
    units = session.units.drop(columns=list(_LEFT_OUT), errors="ignore")
    first = ["id", "area", "probe"]
    return units[[*first, *(name for name in units if name not in first)]]


def _metadata(session, windows):
    repaired = session.spikes.unit_ids[sorted(windows.repaired)]
    metadata = {
        "session_type": session.session_type,
        "subject": session.subject,
        "unit_filter": session.unit_filter.described(),
        "sorted_units": [int(unit) for unit in repaired],
        "file": session.path.name,
    }
    if session.session_id in SUSPECT_SESSIONS:
        metadata["suspect"] = SUSPECT_SESSIONS[session.session_id]
    return metadata


def _invalid(session):
    """Invalid times of spikes and who they concern, (K, U) bool."""
    rows = session.invalid_times
    rows = rows[rows["label"] != STIMULUS].reset_index(drop=True)
    probes = session.units["probe"].to_numpy()
    labels = rows["label"].to_numpy()[:, None]
    who = (probes == labels) | (labels == ALL_PROBES)
    return rows, who.astype(bool).reshape(len(rows), len(probes))
