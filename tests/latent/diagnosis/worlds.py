"""A world whose law is known exactly, and models of it that are right or wrong."""

import numpy as np

from v1model.latent.diagnosis.arrays import ArraySource


class Rotor:
    """x(t + 1) = A x(t) + B s(t), which is its own perfect model: N = L, E = S.

    Args:
        step: A, (N, N).
        drive: B, (N, S).
    """

    def __init__(self, step, drive):
        self.step, self.drive = np.asarray(step, "f"), np.asarray(drive, "f")

    def encode(self, x):
        return np.asarray(x, np.float32)

    def encode_stimulus(self, s):
        return np.asarray(s, np.float32)

    def evolve(self, z, encoded):
        states = []
        for frame in np.asarray(encoded):
            z = z @ self.step.T + frame @ self.drive.T
            states.append(z)
        return np.stack(states)

    def decode(self, z):
        return z

    def rows(self, n_rows, rng, scale=0.25):
        """Activity and stimulus of n_rows, from zero on."""
        n, s = self.drive.shape
        stimulus = np.float32(rng.integers(-4, 5, (n_rows, s)) * scale)
        activity = np.zeros((n_rows, n), np.float32)
        for t in range(n_rows - 1):
            activity[t + 1] = self.step @ activity[t] + self.drive @ stimulus[t]
        return activity, stimulus


def fading(n=6, s=2, seed=0, factor=0.5):
    """A world that forgets, in which float32 is exact for a while."""
    rng = np.random.default_rng(seed)
    step = np.zeros((n, n))
    step[rng.permutation(n), np.arange(n)] = factor
    return Rotor(step, rng.integers(-2, 3, (n, s)))


def source_of(world, n_rows=400, seed=1, **options):
    """A recording of a world, as an ArraySource."""
    activity, stimulus = world.rows(n_rows, np.random.default_rng(seed))
    return ArraySource(activity, stimulus, **options)


class Lazy(Rotor):
    """A model of the world that uses the stimulus of the step before: one row off."""

    def evolve(self, z, encoded):
        late = np.concatenate([np.zeros_like(encoded[:1]), encoded[:-1]])
        return super().evolve(z, late)


class Exploding(Rotor):
    """A model of the world that leaves the finite numbers after some steps."""

    last = 5

    def evolve(self, z, encoded):
        states = super().evolve(z, encoded)
        states[self.last :] = np.nan
        return states
