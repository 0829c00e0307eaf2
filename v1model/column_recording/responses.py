"""PictureResponses: spikes of a recorded column, and of its LGN, beside pictures."""

import dataclasses

import numpy as np
import pandas as pd

from v1model.decoders.groups import LGN
from v1model.presentations.recording_bins import bin_recording
from v1model.stimuli.flashes import STIMULUS
from v1model.stimuli.screening import BLANK

_STEPS_AT_ONCE = 10_000


class PictureResponses:
    """Spikes of a column and of its LGN around the onsets of natural pictures.

    Args:
        recording: Recording of natural pictures, open.

    Raises:
        ValueError: It has no spikes of the LGN, or other stimuli only.
    """

    def __init__(self, recording):
        if "lgn" not in recording.stimulus:
            raise ValueError(f"{recording.path}: stimulus 'lgn' is missing.")
        sent = recording.stimulus["lgn"]
        if sent.dtype.kind != "u":
            raise ValueError(
                f"{recording.path}: stimulus 'lgn' must be counts of spikes, got "
                f"{sent.dtype}."
            )
        self._recording = recording
        self._step, self._unit = _events(sent, recording.n_steps)
        self._n_units = sent.shape[1]
        first = self._of_column(None)
        self.shown_ms = round(1000 * float(np.min(first.stop_s - first.start_s)))
        self.units = self._with_lgn(first).units

    def counts(self, start_ms, stop_ms):
        """Spikes in [start, stop) ms after the onset: BinnedSpikes of one bin.

        The units are those of the column, then those of the LGN, of layer LGN.
        """
        return self._with_lgn(self._of_column((start_ms / 1000, stop_ms / 1000)))

    def _of_column(self, window):
        return bin_recording(
            self._recording, 1, stimulus=STIMULUS, drop=(BLANK,), window=window
        )

    def _with_lgn(self, binned):
        clock = self._recording.clock
        first = clock.steps(binned.start_s + 1e-6)
        last = clock.steps(binned.stop_s + 1e-6)
        counts = np.zeros((binned.n_presentations, 1, self._n_units), np.uint16)
        low, high = np.searchsorted(self._step, (first, last))
        for row, span in enumerate(map(slice, low, high)):
            counts[row, 0] = np.bincount(self._unit[span], minlength=self._n_units)
        ids = binned.units["id"].max() + 1 + np.arange(self._n_units)
        lgn = pd.DataFrame({"id": ids, "layer": LGN, "is_excitatory": True})
        units = binned.units[["id", "layer", "is_excitatory"]]
        valid = np.ones((binned.n_presentations, self._n_units), bool)
        return dataclasses.replace(
            binned,
            counts=np.concatenate([binned.counts, counts], axis=2),
            valid=np.concatenate([binned.valid, valid], axis=1),
            units=pd.concat([units, lgn], ignore_index=True),
        )


def _events(series, n_steps):
    """Spikes (T, I) as events in order of time, read in pieces."""
    steps, units = [], []
    for start in range(0, n_steps, _STEPS_AT_ONCE):
        step, unit = np.nonzero(
            series.read(start, min(start + _STEPS_AT_ONCE, n_steps))
        )
        steps.append(step + start)
        units.append(unit)
    return np.concatenate(steps), np.concatenate(units)
