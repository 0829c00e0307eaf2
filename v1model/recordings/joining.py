"""Recordings joined in time."""

import contextlib
import pathlib

import numpy as np

from v1model.recordings.connections import same_connections
from v1model.recordings.reader import open_recording
from v1model.recordings.writer import RecordingWriter


def concatenate(paths, path):
    """Joins recordings, one after another, with flat memory.

    The first keeps its times. Each other is moved to begin when the one before it
    ended, with its trials, exact spike times and invalid stretches: gaps between the
    recordings are not kept. Pictures of stimuli are kept once per recording.
    Connections are kept where all have the same. `metadata["joined"]` says what came
    from where.

    Args:
        paths: Of recordings of the same neurons, signals, dt and names of stimuli.
        path: Where to.

    Raises:
        ValueError: There are none, or they differ.
    """
    paths = [pathlib.Path(one) for one in paths]
    if not paths:
        raise ValueError(f"{path}: no recordings to join are given.")
    joined = []
    for number, one in enumerate(paths):
        with open_recording(one) as recording:
            itself = {
                "file": one.name,
                "source": recording.source,
                "session_id": recording.session_id,
                "start_s": recording.start_s,
                "n_steps": recording.n_steps,
            }
            joined += recording.metadata.get("joined", [itself])
            if not number:
                connections = recording.connections
            elif not same_connections(connections, recording.connections):
                connections = None
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(open_recording(paths[0]))
        writer = RecordingWriter(
            path,
            neurons=first.neurons,
            dt_ms=first.dt_ms,
            signals={name: one.signal for name, one in first.activity.items()},
            start_s=first.start_s,
            source=first.source,
            session_id=first.session_id,
            metadata={**first.metadata, "joined": joined},
            frames={
                name: np.empty((0, *one.row_shape), one.dtype)
                for name, one in first.stimulus.items()
                if one.is_framed
            },
            connections=connections,
        )
        stack.enter_context(writer)
        writer.append_recording(first)
        for one in paths[1:]:
            with open_recording(one) as recording:
                writer.append_recording(recording)
