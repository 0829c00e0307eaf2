"""LGN rates to sequences of pictures and gratings: computed, or published ones."""

import functools
import itertools
import pathlib

import numpy as np

from v1model.lgn.kernels import KERNEL_MS, N_COLUMNS, N_ROWS
from v1model.network.restricted_pickle import load
from v1model.stimuli.gratings import Grating
from v1model.stimuli.trials import GRAY

_KEPT_BYTES = 256 * 2**20  # of spatial responses; a picture is filtered once
_GRAY_FRAME = np.zeros((N_ROWS, N_COLUMNS), np.float32)

# Beside the data folder, as in the published layout: training, validation.
PUBLISHED_FILES = ("many_small_stimuli.pkl", "alternate_small_stimuli.pkl")
# A published response: rates of all units during 50 ms of gray, 100 ms of the picture
# and 850 ms of gray.
PUBLISHED_SHAPE = (1000, 17_400)
PUBLISHED_GRAY_MS, PUBLISHED_PICTURE_MS = 50, 100


class PictureRates:
    """Rates of the LGN model; the screen was gray for ever before.

    Pictures are static, so each is filtered in space once; the temporal part then
    runs over the whole sequence, so that a response extends into whatever follows.

    Args:
        lgn: LGN of I units.
        frame: Function from a picture's number to its frame, (120, 240).
        pause: Frame between pictures, (120, 240); None is gray.
    """

    memory_ms = KERNEL_MS  # a picture is seen in the rates for so long

    def __init__(self, lgn, frame, pause=None):
        self.frame = frame
        pause = _GRAY_FRAME if pause is None else pause
        self._gray = lgn.spatial_responses(pause[None])[:, 0]

        @functools.lru_cache(max(1, _KEPT_BYTES // self._gray.nbytes))
        def spatial_response(picture):
            return lgn.spatial_responses(frame(picture)[None])[:, 0]

        self._spatial_response = spatial_response
        self._lgn = lgn

    def __call__(self, shown, n_ms):
        """Rates of the last n_ms of the segments, (n_ms, I), Hz."""
        responses = [
            self._gray if picture == GRAY else self._spatial_response(int(picture))
            for picture, _ in shown
        ]
        durations = [ms for _, ms in shown]
        rates = self._lgn.rates_from_spatial(np.stack(responses, 1), durations)
        return rates[-n_ms:]


class GratingRates:
    """Rates of the LGN model to gratings; the screen was gray for ever before.

    A grating of any phase is a sum of two, a quarter of a cycle apart. So two pictures
    per orientation are filtered in space, once, however the bars stand or move.

    Args:
        lgn: LGN of I units.
        gratings: GratingSet.
    """

    memory_ms = KERNEL_MS

    def __init__(self, lgn, gratings):
        self.gratings = gratings
        self._lgn = lgn
        self._gray = lgn.spatial_responses(_GRAY_FRAME[None])

        @functools.lru_cache(max(1, _KEPT_BYTES // (2 * self._gray.nbytes)))
        def quadrature(grating):
            return lgn.spatial_responses(grating.quadrature())

        self._quadrature = quadrature

    def frame(self, number):
        """The grating of this number at its onset, (120, 240)."""
        return self.gratings[number].movie(1)[0]

    def __call__(self, shown, n_ms):
        """Rates of the last n_ms of the segments, (n_ms, I), Hz."""
        responses, durations = zip(
            *itertools.starmap(self._segment, shown), strict=True
        )
        rates = self._lgn.rates_from_spatial(
            np.concatenate(responses, axis=1), np.concatenate(durations)
        )
        return rates[-n_ms:]

    def _segment(self, number, ms):
        """Spatial responses (J, F) of one segment, and how long each stays, (F,)."""
        if number == GRAY:
            return self._gray, [ms]
        grating = self.gratings[number]
        durations = np.ones(ms, int) if grating.temporal_frequency else [ms]
        weights = grating.weights(np.arange(len(durations)))
        # One entry of the cache for all phases.
        pattern = Grating(grating.direction, grating.spatial_frequency)
        return self._quadrature(pattern) @ weights, durations


class PublishedRates:
    """Published rates, put together as in the published code (Chen et al. 2022).

    A picture is the stored response from its onset on, until the gray before the
    next one begins, which is `pause`; earlier pictures leave no trace.

    Args:
        responses: Rates to each picture, the first 50 ms at gray, n times (T, I), Hz.
        pause: Rates at gray, (50, I), Hz.
    """

    memory_ms = 0

    def __init__(self, responses, pause):
        self._responses = responses
        self._pause = pause

    def __call__(self, shown, n_ms):
        """Rates of the last n_ms of the segments, (n_ms, I), Hz."""
        pieces = []
        before = GRAY
        for picture, ms in shown:
            if picture != GRAY:
                response, elapsed = self._responses[picture], PUBLISHED_GRAY_MS
            elif before == GRAY:
                response = np.resize(self._pause, (ms, self._pause.shape[1]))
                elapsed = 0
            pieces.append(response[elapsed : elapsed + ms])
            elapsed += ms
            before = picture
        return np.concatenate(pieces)[-n_ms:]


def published_paths(data_dir):
    """Where the published responses are, (training, validation), or None.

    Args:
        data_dir: Folder of the network; the files lie beside it. Empty for none.

    Raises:
        FileNotFoundError: Only one of the two files is there.
    """
    if not data_dir:
        return None
    folder = pathlib.Path(data_dir).expanduser().resolve().parent
    paths = [folder / name for name in PUBLISHED_FILES]
    missing = [path for path in paths if not path.exists()]
    if len(missing) == 1:
        raise FileNotFoundError(
            f"{missing[0]} is missing: published LGN responses come in two files, "
            f"{' for training and '.join(PUBLISHED_FILES)} for validation."
        )
    return None if missing else paths


def published_columns(path, n_inputs, inputs):
    """Columns of the published responses that belong to a network's LGN units.

    Args:
        path: For the error.
        n_inputs: Number of LGN units of the network, I.
        inputs: Their numbers among the published units, (I,) int; None for all.

    Raises:
        ValueError: These are not the published units.
    """
    n_units = PUBLISHED_SHAPE[1]
    columns = np.arange(n_units) if inputs is None else np.asarray(inputs)
    if len(columns) != n_inputs or columns.max() >= n_units:
        raise ValueError(
            f"{path}: the responses are those of the {n_units} published LGN units, "
            f"but this network has {n_inputs} (numbers given: {len(columns)}, up to "
            f"{columns.max()}). Move the file away to compute responses instead."
        )
    return columns


def published_ms(path, picture_ms, gray_ms):
    """How much of a published response is needed, ms.

    Args:
        path: For the error.
        picture_ms, gray_ms: How long a picture stays, and gray until the pause.

    Raises:
        ValueError: Pictures were shown for another time, or the responses end before.
    """
    if picture_ms != PUBLISHED_PICTURE_MS:
        raise ValueError(
            f"{path}: pictures were shown for {PUBLISHED_PICTURE_MS} ms, so im_slice "
            f"cannot be {picture_ms}."
        )
    n_ms = PUBLISHED_GRAY_MS + picture_ms + gray_ms
    if n_ms > PUBLISHED_SHAPE[0]:
        raise ValueError(
            f"{path}: responses last {PUBLISHED_SHAPE[0]} ms, but these delays need "
            f"{n_ms} ms."
        )
    return n_ms


def read_published_rates(path, n_ms, columns):
    """Reads a pickle of published responses.

    Args:
        path: Pickle of {picture name: (1000, 17400) rates in Hz}, or of one array
            (n, 1000, 17400).
        n_ms: How much of each response is kept.
        columns: Units that are kept, (I,) int.

    Returns:
        Responses, a list of (n_ms, I) float32, and the end of the first one,
        (50, I), when the LGN is back at gray.

    Raises:
        ValueError: There are fewer than two responses, one has another shape, or a
            rate is not a number from 0 on.
    """
    stored = load(path)
    named = list(stored.items() if isinstance(stored, dict) else enumerate(stored))
    if len(named) < 2:
        raise ValueError(
            f"{path}: a change needs at least 2 pictures, the file has {len(named)}."
        )
    kept = []
    for name, response in named:
        if np.shape(response) != PUBLISHED_SHAPE:
            raise ValueError(
                f"{path}: response {name!r} must have shape {PUBLISHED_SHAPE}, "
                f"got {np.shape(response)}."
            )
        kept.append(response[:n_ms, columns].astype(np.float32))
        if not kept[-1].min() >= 0:  # NaN is not either
            raise ValueError(
                f"{path}: rates of response {name!r} must not be negative or NaN, "
                f"got {kept[-1].min()}."
            )
    _, first = named[0]
    return kept, first[-PUBLISHED_GRAY_MS:, columns].astype(np.float32)
