"""Loops over neurons that the compiled engine is made of.

Each touches few arrays: so the compiler can show that they do not overlap, and computes
eight or sixteen neurons at a time. Nothing may be reordered or fused: spikes of the
compiled engine agree bit for bit with the stepwise one.

All arrays have one axis, neurons, and float32.
"""

import numpy as np

from v1model.engine.kernel import kernel

_ONE = np.float32(1)
_ZERO = np.float32(0)


@kernel()
def copy(values, out):
    """out = values; a slice assignment takes Numba seconds more to compile"""
    for i in range(len(out)):
        out[i] = values[i]


@kernel()
def add(values, total):
    """total += values"""
    for i in range(len(total)):
        total[i] += values[i]


@kernel()
def add_product(a, b, total):
    """total += a * b"""
    for i in range(len(total)):
        total[i] += a[i] * b[i]


@kernel()
def decay_and_add(values, decay, a, b):
    """values = decay * values + a * b"""
    for i in range(len(values)):
        values[i] = decay[i] * values[i] + a[i] * b[i]


@kernel()
def decay_with_source(values, decay, source, dt):
    """values = decay * values + dt * decay * source"""
    for i in range(len(values)):
        values[i] = values[i] * decay[i] + dt * decay[i] * source[i]


@kernel()
def scale(factor, values):
    """values = factor * values"""
    for i in range(len(values)):
        values[i] = factor[i] * values[i]


@kernel()
def weigh(a, b, c, d, total):
    """total = a * b + c * d"""
    for i in range(len(total)):
        total[i] = a[i] * b[i] + c[i] * d[i]


@kernel()
def add_weighed(a, b, c, d, total):
    """total += a * b + c * d"""
    for i in range(len(total)):
        total[i] += a[i] * b[i] + c[i] * d[i]


@kernel()
def count_down(rest, dt):
    """Refractory periods: rest = max(rest - dt, 0)"""
    for i in range(len(rest)):
        left = rest[i] - dt
        rest[i] = left if left > _ZERO else _ZERO


@kernel()
def fire(v, rest, spikes, refractory):
    """Spikes where v - 1 > 0 outside the refractory period."""
    for i in range(len(v)):
        spikes[i] = _ONE if (v[i] - _ONE > _ZERO) & (rest[i] <= _ZERO) else _ZERO
        refractory[i] = rest[i] > _ZERO


@kernel()
def integrate_free(v, rest, half, decay, a, b, c):
    """v = decay * v + a + b * c where rest <= half"""
    for i in range(len(v)):
        moved = decay[i] * v[i] + a[i] + b[i] * c[i]
        v[i] = v[i] if rest[i] > half else moved


@kernel()
def scale_free(factor, rest, half, values):
    """values = factor * values where rest <= half"""
    for i in range(len(values)):
        scaled = factor[i] * values[i]
        values[i] = values[i] if rest[i] > half else scaled


@kernel()
def fire_free(v, rest, half, spikes):
    """Spikes where v - 1 > 0 and rest <= half."""
    for i in range(len(v)):
        spikes[i] = _ONE if (v[i] - _ONE > _ZERO) & (rest[i] <= half) else _ZERO


@kernel(fastmath={"contract"})
def gaussian_slopes(v, refractory, surrogate, slope):
    """Surrogate derivatives height exp(-((v - 1) / width)^2), zero while refractory.

    exp(y) is the Taylor polynomial at y / 64 to the power of 64, to 1e-6 for y > -20.
    Where y < -80 the derivative is below the smallest float32 that matters: zero.

    Args:
        surrogate: Width, height, and tolerance below which a slope counts as zero.
    """
    width, height, tolerance = surrogate
    for i in range(len(v)):
        x = (v[i] - _ONE) / width
        y = -x * x
        u = y * np.float32(1 / 64)
        e = u * np.float32(1 / 5) + _ONE
        e = u * np.float32(1 / 4) * e + _ONE
        e = u * np.float32(1 / 3) * e + _ONE
        e = u * np.float32(1 / 2) * e + _ONE
        e = u * e + _ONE
        e = e * e
        e = e * e
        e = e * e
        e = e * e
        e = e * e
        e = height * (e * e)
        is_zero = (y < np.float32(-80)) | (refractory[i] != 0) | (e < tolerance)
        slope[i] = _ZERO if is_zero else e
