"""The best linear model of a latent space that is linear too: PCA and ridge regression.

What a network must beat. It is fitted in closed form, either to every step, which no
observation at `time_units` allows, or to observed steps alone.
"""

from typing import NamedTuple

import numpy as np

MOST_ROWS = 100_000  # of the training part that are used, its last ones
PCA_BYTES = 100e6  # of frames from which the components are found
RIDGES = (1e-6, 1e-4, 1e-2)  # in the mean variance of what is regressed on
HELD_OUT = 0.2  # last part of the rows, on which the ridge is chosen
BINS = 4  # of the frames between two observations, where their weights are not known


class LinearEvolver(NamedTuple):
    """A latent model without a network.

        z(t)     = (x(t) - mean) basis
        z(t + 1) = z(t) step + s(t) drive + offset        s: components of the stimulus

    mean, basis: (N,) and (N, L), orthonormal columns.
    frame_mean, frame_basis: (S,) and (S, E).
    step, drive, offset: (L, L), (E, L) and (L,).
    """

    mean: np.ndarray
    basis: np.ndarray
    frame_mean: np.ndarray
    frame_basis: np.ndarray
    step: np.ndarray
    drive: np.ndarray
    offset: np.ndarray

    def encode(self, x):
        """Latent states (..., L) of activity (..., N)."""
        return (np.asarray(x) - self.mean) @ self.basis

    def encode_stimulus(self, s):
        """Components (..., E) of the stimulus (..., S)."""
        return (np.asarray(s) - self.frame_mean) @ self.frame_basis

    def evolve(self, z, encoded):
        """Latent states after 1 to T steps, (T, B, L), of z (B, L)."""
        pushed = np.asarray(encoded) @ self.drive + self.offset
        states = np.empty(pushed.shape, np.float32)
        for t, push in enumerate(pushed):
            states[t] = z = np.asarray(z) @ self.step + push
        return states

    def decode(self, z):
        """Activity (..., N) of latent states (..., L)."""
        z = np.asarray(z)
        flat = z.reshape(-1, z.shape[-1]) @ self.basis.T + self.mean
        return flat.reshape(*z.shape[:-1], -1)


def fit_linear_evolver(source, first, last, n_latent, n_encoded=64, spacing=1):
    """Fits rows [first, last) of a recording: LinearEvolver.

    With a spacing above 1 only every spacing-th row of the activity is used, and all
    frames of the stimulus. The step is then the principal root of what leads from one
    of these rows to the next, and each of its modes is fitted to the frames in between
    as it would sum them up. Modes that grow are held.

    Args:
        source: ActivitySource.
        first, last: Rows.
        n_latent, n_encoded: L and E at most.
        spacing: Steps between two rows of activity that are used.

    Raises:
        ValueError: There are fewer than three such rows, or something is not valid.
    """
    if source.has_gaps:
        raise ValueError(
            f"{source.name}: a linear evolver needs all activity to be valid."
        )
    first = max(first, last - MOST_ROWS)
    first += -first % spacing
    mean, basis = _components(source, first, last, n_latent, spacing)
    latent, frames = _project(source, first, last, spacing, mean, basis)
    if len(latent) < 3:
        raise ValueError(
            f"{source.name}: a linear evolver needs three rows of activity, got "
            f"{len(latent)} in [{first}, {last}) every {spacing}."
        )
    frame_mean, frame_basis = _principal(frames, n_encoded)
    n = len(latent) - 1
    encoded = ((frames - frame_mean) @ frame_basis)[: n * spacing]
    encoded = encoded.reshape(n, spacing, -1).astype(np.float64)
    step, drive, offset = _law(latent.astype(np.float64), encoded)
    parts = (mean, basis, frame_mean, frame_basis, step, drive, offset)
    return LinearEvolver(*(np.asarray(part, np.float32) for part in parts))


def _components(source, first, last, n_latent, spacing):
    """Mean (N,) and basis (N, L) of frames spread over the rows."""
    rows = np.arange(first, last, spacing)
    n_most = max(int(PCA_BYTES / (4 * source.n_neurons)), 2 * n_latent)
    chosen = rows[np.linspace(0, len(rows) - 1, min(n_most, len(rows))).astype(int)]
    chosen = np.unique(chosen)
    frames = np.empty((len(chosen), source.n_neurons), np.float32)
    for begin in range(first, last, 1024):
        end = min(begin + 1024, last)
        inside = (chosen >= begin) & (chosen < end)
        if inside.any():
            frames[inside] = source.read(begin, end).activity[chosen[inside] - begin]
    return _principal(frames, n_latent)


def _project(source, first, last, spacing, mean, basis):
    """Latent states of every spacing-th row (K, L), and all frames (T, S)."""
    latent, frames, size = [], [], -(-512 // spacing) * spacing
    for begin in range(first, last, size):
        rows = source.read(begin, min(begin + size, last))
        latent.append((rows.activity[::spacing] - mean) @ basis)
        frames.append(rows.stimulus)
    return np.concatenate(latent), np.concatenate(frames)


def _principal(rows, most):
    """Mean and at most so many principal components (columns) of rows (T, N)."""
    if not rows.shape[1]:
        return np.zeros(0, np.float32), np.zeros((0, 0), np.float32)
    mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    if len(rows) > rows.shape[1]:
        gram = _product(rows, mean)
        values, vectors = np.linalg.eigh(gram)
    else:
        centred = rows - mean
        values, vectors = np.linalg.eigh((centred @ centred.T).astype(np.float64))
        keep = values > 1e-7 * values[-1]
        values, vectors = values[keep], vectors[:, keep]
        vectors = centred.T @ (vectors / np.sqrt(values))
    keep = np.flatnonzero(values > 1e-7 * values[-1])[::-1][:most]
    return mean, np.ascontiguousarray(vectors[:, keep], np.float32)


def _product(rows, mean):
    """Sum of the outer products of centred rows, in blocks, float64."""
    total = np.zeros((rows.shape[1],) * 2)
    for begin in range(0, len(rows), 4096):
        block = rows[begin : begin + 4096].astype(np.float64) - mean
        total += block.T @ block
    return total


def _law(latent, encoded):
    """Step, drive and offset of z (K + 1, L) under frames (K, spacing, E)."""
    n, spacing, n_encoded = encoded.shape
    n_latent = latent.shape[1]
    bins = np.array_split(np.arange(spacing), min(BINS, spacing))
    seen = [encoded[:, own].mean(axis=1) for own in bins]
    features = np.concatenate([latent[:-1], *seen, np.ones((n, 1))], axis=1)
    ridge = _best_ridge(features, latent[1:])
    weights = _solve(features, latent[1:], ridge)
    jump = weights[:n_latent]
    values, modes = np.linalg.eig(jump)
    root = _root(values, spacing)
    back = np.linalg.inv(modes)
    step = ((modes * root) @ back).real
    if spacing == 1:
        return step, weights[n_latent:-1], weights[-1]
    # What the modes are left to explain by the frames in between.
    rest = latent[1:] @ modes - (latent[:-1] @ modes) * root**spacing
    powers = root[:, None] ** np.arange(spacing - 1, -1, -1)  # (L, spacing)
    drives = np.empty((n_encoded + 1, n_latent), np.complex128)
    ones = np.ones((n, spacing, 1))
    driving = np.concatenate([encoded, ones], axis=2)
    for k, power in enumerate(powers):
        summed = np.einsum("nje,j->ne", driving, power)
        drives[:, k] = _solve(summed, rest[:, k : k + 1], ridge)[:, 0]
    weights = (drives @ back).real
    return step, weights[:-1], weights[-1]


def _root(values, spacing):
    """Modes of one step from those of several; none grows.

    Negative real ones, which no real step explains, lose their sign.
    """
    size = np.clip(np.abs(values), 1e-12, 1) ** (1 / spacing)
    angle = np.angle(values) / spacing
    if spacing > 1:
        angle = np.where(np.abs(values.imag) < 1e-12, 0, angle)
    return size * np.exp(1j * angle)


def _best_ridge(features, targets):
    border = int((1 - HELD_OUT) * len(features))
    if not 1 < border < len(features):
        return RIDGES[0]
    errors = [
        np.square(
            features[border:] @ _solve(features[:border], targets[:border], ridge)
            - targets[border:]
        ).mean()
        for ridge in RIDGES
    ]
    return RIDGES[int(np.argmin(errors))]


def _solve(features, targets, ridge):
    """Ridge regression; the last feature is constant and not held back."""
    gram = features.conj().T @ features
    held = np.full(len(gram), ridge * np.trace(gram).real / len(gram))
    held[-1] = 1e-9 * held[0]
    return np.linalg.solve(gram + np.diag(held), features.conj().T @ targets)
