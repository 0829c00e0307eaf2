"""Convolution of spatial responses with the temporal kernels."""

import numpy as np
import scipy.fft

_SUBUNITS_AT_ONCE = 512  # keeps the scratch arrays near the processor's cache


class TemporalFilters:
    """Causal filtering of J signals, each with its own kernel.

    A signal that stays constant for a while needs no convolution: with the step
    response S of the kernel, its final value G and the jumps of the signal,

        response(t) = G signal(t) + sum_jumps jump (S(t - t_jump) - G)

    and the terms vanish one kernel length after the jump. Before the first sample
    every signal is 0.

    Args:
        kernel: (J, lags) float32, lag 0 first.
    """

    def __init__(self, kernel):
        n_lags = int(np.flatnonzero(kernel.any(axis=0)).max(initial=0)) + 1
        self._kernel = kernel[:, :n_lags]
        step = np.cumsum(self._kernel, axis=1, dtype=np.float64)
        self._final = step[:, -1].astype(np.float32)
        # Lags first: the responses to a jump are then whole rows.
        self._settling = np.empty((n_lags, len(kernel)), np.float32)
        np.subtract(step.T, step[:, -1], out=self._settling, casting="same_kind")

    def to_steps(self, values, durations):
        """Yields (subunits, response) to a piecewise constant signal.

        Args:
            values: Signals of J subunits in F intervals, (J, F) float32.
            durations: Length of the intervals, (F,) int, ms.

        Yields:
            A slice of the subunits and their response, (T, len) float32, which is
            overwritten by the next one.
        """
        ends = np.cumsum(durations)
        n_steps = int(ends[-1])
        starts = ends - durations
        scratch = np.empty((2, n_steps, _SUBUNITS_AT_ONCE), np.float32)
        for block in self._blocks():
            response, term = scratch[:, :, : block.stop - block.start]
            settling, final = self._settling[:, block], self._final[block]
            levels = values[block].T
            jumps = np.diff(levels, axis=0, prepend=0)
            for start, end, level in zip(starts, ends, levels, strict=True):
                response[start:end] = final * level
            for start, jump in zip(starts, jumps, strict=True):
                n = min(len(settling), n_steps - start)
                if jump.any():
                    np.multiply(settling[:n], jump, out=term[:n])
                    response[start : start + n] += term[:n]
            yield block, response

    def to_samples(self, values):
        """Yields (subunits, response) to signals sampled every ms, (J, T) float32.

        The slices and responses are those of `to_steps`.
        """
        n_steps = values.shape[1]
        for block in self._blocks():
            kernel = self._kernel[block, :n_steps]
            n_lags = int(np.flatnonzero(kernel.any(axis=0)).max(initial=0)) + 1
            n = scipy.fft.next_fast_len(n_steps + n_lags - 1, real=True)
            spectrum = scipy.fft.rfft(values[block], n)
            spectrum *= scipy.fft.rfft(kernel[:, :n_lags], n)
            yield block, scipy.fft.irfft(spectrum, n)[:, :n_steps].T

    def _blocks(self):
        n_subunits = len(self._kernel)
        for start in range(0, n_subunits, _SUBUNITS_AT_ONCE):
            yield slice(start, min(start + _SUBUNITS_AT_ONCE, n_subunits))
