"""Means and variances of a stream, without keeping it."""

import numpy as np


class Moments:
    """Mean and variance along time of values that arrive in blocks.

    Blocks are merged by the formula of Chan, Golub and LeVeque (1983), in float64. What
    is not finite makes the mean and the variance NaN, never an error.

    Args:
        shape: Of a value, for example (R, N).

    Attributes:
        count, mean, squares: (*shape,), values seen, their mean, and the sum of squared
            deviations from it.
    """

    def __init__(self, shape):
        self.count = np.zeros(shape)
        self.mean = np.zeros(shape)
        self.squares = np.zeros(shape)

    def add(self, values, valid=None, place=...):
        """Adds a block.

        Args:
            values: (K, *shape[place]).
            valid: Which of them count, a mask of the same shape; None for all.
            place: Index of the values that the block is about.
        """
        values = np.asarray(values, np.float64)
        count = np.full(values.shape[1:], float(len(values)))
        with np.errstate(invalid="ignore", over="ignore"):
            if valid is None:
                mean = values.mean(axis=0)
                squares = np.square(values - mean).sum(axis=0)
            else:
                count = valid.sum(axis=0, dtype=np.float64)
                seen = np.where(valid, values, 0)
                mean = seen.sum(axis=0) / np.maximum(count, 1)
                squares = np.square(np.where(valid, values - mean, 0)).sum(axis=0)
            old = self.count[place], self.mean[place], self.squares[place]
            merged = _merge(old, (count, mean, squares))
        self.count[place], self.mean[place], self.squares[place] = merged

    @property
    def variance(self):
        """(*shape,), of the population; NaN where nothing was seen."""
        return _over(self.squares, self.count)

    @property
    def mean_square(self):
        """Mean of the squared values, (*shape,); NaN where nothing was seen."""
        with np.errstate(invalid="ignore", over="ignore"):
            return self.variance + np.square(self.mean)

    def row(self, index):
        """Moments of one place along the first axis."""
        return _moments(self.count[index], self.mean[index], self.squares[index])

    def pooled(self):
        """Moments over the first axis too, as if it were more time."""
        parts = self.count[0], self.mean[0], self.squares[0]
        with np.errstate(invalid="ignore", over="ignore"):
            for row in zip(
                self.count[1:], self.mean[1:], self.squares[1:], strict=True
            ):
                parts = _merge(parts, row)
        return _moments(*parts)


def _merge(one, other):
    """Count, mean and squares of two samples together."""
    count = one[0] + other[0]
    share = other[0] / np.maximum(count, 1)
    apart = other[1] - one[1]
    mean = one[1] + apart * share
    return count, mean, one[2] + other[2] + np.square(apart) * one[0] * share


def _moments(count, mean, squares):
    found = Moments(np.shape(count))
    found.count, found.mean, found.squares = count, mean, squares
    return found


def _over(sums, counts):
    nothing = np.full(np.shape(sums), np.nan)
    return np.divide(sums, counts, out=nothing, where=counts > 0)
