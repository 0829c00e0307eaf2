"""Gaussian receptive fields: pictures to one number per subunit."""

import itertools

import numpy as np
import scipy.sparse

from v1model.lgn.kernels import N_COLUMNS, N_ROWS

TRUNCATE = 4.0  # the Gaussians end at 4 standard deviations (BMTK, through SciPy)

_FRAMES_AT_ONCE = 16  # keeps a stack of frames near the processor's cache
_ROWS_AT_ONCE = 24  # a Gaussian touches few pixels; blocks skip most zeros


class SpatialFilters:
    """Gaussian filtering of frames at the centres of J subunits.

    The Gaussian is separable, so the filtering is two products with narrow band
    matrices per size, computed only in rows and columns next to a subunit, then a
    bilinear interpolation between the four pixels around each centre. Outside the
    field the picture is gray (0).

    Args:
        x, y: Centres, (J,), pixels.
        sigma: Standard deviations, (J,), pixels; few distinct values.
    """

    def __init__(self, x, y, sigma):
        self._n_subunits = len(x)
        self._sizes = [
            _OneSize(x, y, value, np.flatnonzero(sigma == value))
            for value in np.unique(sigma)
        ]

    def __call__(self, frames):
        """Responses (J, F) float32 to frames (F, 120, 240) float32."""
        response = np.empty((self._n_subunits, len(frames)), np.float32)
        for start in range(0, len(frames), _FRAMES_AT_ONCE):
            block = slice(start, start + _FRAMES_AT_ONCE)
            # Time last, so that the filters are plain matrix products.
            pixels = np.ascontiguousarray(np.moveaxis(frames[block], 0, -1))
            for size in self._sizes:
                response[size.rows, block] = size(pixels)
        return response


class _OneSize:
    """All subunits whose Gaussian has one standard deviation."""

    def __init__(self, x, y, sigma, rows):
        self.rows = rows
        self._vertical, row, row_next, row_share = _axis(y[rows], sigma, N_ROWS)
        self._horizontal, column, column_next, column_share = _axis(
            x[rows], sigma, N_COLUMNS
        )
        self._shape = (_length(self._vertical), _length(self._horizontal))
        self._columns = slice(
            min(inputs.start for _, inputs, _ in self._horizontal),
            max(inputs.stop for _, inputs, _ in self._horizontal),
        )
        weights, nodes = [], []
        for (r, r_weight), (c, c_weight) in itertools.product(
            ((row, 1 - row_share), (row_next, row_share)),
            ((column, 1 - column_share), (column_next, column_share)),
        ):
            nodes.append(r * self._shape[1] + c)
            weights.append(r_weight * c_weight)
        self._interpolation = scipy.sparse.csr_matrix(
            (
                np.stack(weights, axis=-1).ravel().astype(np.float32),
                np.stack(nodes, axis=-1).ravel(),
                4 * np.arange(len(rows) + 1),
            ),
            shape=(len(rows), np.prod(self._shape)),
        )

    def __call__(self, pixels):
        """Responses (len(rows), F) to pixels (120, 240, F)."""
        n_frames = pixels.shape[-1]
        first, stop = self._columns.start, self._columns.stop
        lines = np.empty((self._shape[0], stop - first, n_frames), np.float32)
        for outputs, inputs, weights in self._vertical:
            source = pixels[inputs, self._columns]
            lines[outputs] = np.tensordot(weights, source, axes=1)
        grid = np.empty((*self._shape, n_frames), np.float32)
        for outputs, inputs, weights in self._horizontal:
            source = lines[:, inputs.start - first : inputs.stop - first]
            np.matmul(weights, source, out=grid[:, outputs])
        return self._interpolation @ grid.reshape(-1, n_frames)


def gaussian(sigma):
    """One-dimensional Gaussian, (2 r + 1,), that sums to 1 (radius r as in SciPy)."""
    radius = int(TRUNCATE * sigma + 0.5)
    values = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return values / values.sum()


def _axis(centre, sigma, n_pixels):
    """The filter along one axis, at the pixels on both sides of each centre.

    Returns:
        Blocks (outputs, inputs, weights) of the band matrix that filters the needed
        pixels; the position among them of the pixel before and after each centre;
        and the share of the pixel after.
    """
    before = np.floor(centre).astype(int)
    after = np.ceil(centre).astype(int)
    needed = np.unique(np.concatenate([before, after]))
    profile = gaussian(sigma)
    radius = len(profile) // 2
    offset = np.arange(n_pixels) - needed[:, None] + radius
    is_inside = (offset >= 0) & (offset < len(profile))
    weights = np.where(is_inside, profile[np.clip(offset, 0, 2 * radius)], 0)
    blocks = []
    for start in range(0, len(needed), _ROWS_AT_ONCE):
        part = weights[start : start + _ROWS_AT_ONCE]
        used = np.flatnonzero(part.any(axis=0))
        inputs = slice(used[0], used[-1] + 1)
        outputs = slice(start, start + len(part))
        blocks.append((outputs, inputs, part[:, inputs].astype(np.float32)))
    position = np.searchsorted(needed, before), np.searchsorted(needed, after)
    return blocks, *position, centre - before


def _length(blocks):
    return blocks[-1][0].stop
