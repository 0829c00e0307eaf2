"""LGN rates to sequences of static pictures: computed, or from published files."""

import functools

import numpy as np

from v1model.network.restricted_pickle import load
from v1model.stimuli.trials import GRAY

_KEPT_BYTES = 256 * 2**20  # of spatial responses; a picture is filtered once

# The published responses: rates of all units during 50 ms of gray, 100 ms of the
# picture and 850 ms of gray.
PUBLISHED_SHAPE = (1000, 17_400)
PUBLISHED_GRAY_MS, PUBLISHED_PICTURE_MS = 50, 100


class PictureRates:
    """Rates of the LGN model; the screen was gray for ever before.

    Pictures are static, so each is filtered in space once; the temporal part then
    runs over the whole sequence, so that a response extends into whatever follows.

    Args:
        lgn: LGN of I units.
        frame: Function from a picture's number to its frame, (120, 240).
    """

    def __init__(self, lgn, frame):
        n_subunits = len(lgn.spatial_responses(np.zeros((1, 120, 240), np.float32)))

        @functools.lru_cache(max(1, _KEPT_BYTES // (4 * n_subunits)))
        def spatial_response(picture):
            return lgn.spatial_responses(frame(picture)[None])[:, 0]

        self._gray = np.zeros(n_subunits, np.float32)
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


class PublishedRates:
    """Published rates, put together as in the published code (Chen et al. 2022).

    A picture is the stored response from its onset on, until the gray before the
    next one begins, which is `pause`; earlier pictures leave no trace.

    Args:
        responses: Rates to each picture, the first 50 ms at gray, (n, T, I), Hz.
        pause: Rates at gray, (50, I), Hz.
    """

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
                response, elapsed = np.resize(self._pause, (ms, self._n_units)), 0
            pieces.append(response[elapsed : elapsed + ms])
            elapsed += ms
            before = picture
        return np.concatenate(pieces)[-n_ms:]

    @property
    def _n_units(self):
        return self._pause.shape[1]


def read_published_rates(path, n_ms, columns):
    """Reads a pickle of published responses.

    Args:
        path: Pickle of {picture name: (1000, 17400) rates in Hz}, or of one array
            (n, 1000, 17400).
        n_ms: How much of each response is kept.
        columns: Units that are kept, (I,) int.

    Returns:
        Responses (n, n_ms, I), and the end of the first one, (50, I), float32.

    Raises:
        ValueError: A response has another shape.
    """
    stored = load(path)
    named = stored.items() if isinstance(stored, dict) else enumerate(stored)
    kept = []
    for name, response in named:
        if np.shape(response) != PUBLISHED_SHAPE:
            raise ValueError(
                f"{path}: response {name!r} must have shape {PUBLISHED_SHAPE}, "
                f"got {np.shape(response)}."
            )
        if not kept:
            pause = response[-PUBLISHED_GRAY_MS:, columns].astype(np.float32)
        kept.append(response[:n_ms, columns].astype(np.float32))
    if not kept:
        raise ValueError(f"{path}: no responses, the file is empty.")
    return np.stack(kept), pause
