"""Stimuli that are known less often, beside loops over their steps."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.latent.config import STIMULUS_FREQUENCIES
from v1model.latent.stimulus_frequency import downsample


def frames(n_steps, seed=0):
    return np.random.default_rng(seed).standard_normal((n_steps, 2, 3), np.float32)


def loops(encoded, frequency, time_units, after):
    """What the evolver is given, step by step."""
    if frequency == "ALL":
        return encoded
    known = list(encoded) + ([] if after is None else [after])
    out = []
    for t in range(len(encoded)):
        last = t // time_units * time_units
        held = known[last].astype(np.float64)
        if frequency == "NONE":
            held = 0 * held
        if frequency == "TIME_UNITS_INTERPOLATE" and last + time_units < len(known):
            part = np.linspace(0, 1, time_units + 1)[t - last]
            held = (1 - part) * held + part * known[last + time_units]
        out.append(held)
    return np.array(out)


@settings(deadline=None, max_examples=60)
@given(
    n_steps=st.integers(1, 17),
    time_units=st.integers(1, 6),
    frequency=st.sampled_from(STIMULUS_FREQUENCIES),
    has_after=st.booleans(),
)
def test_known_frames_are_held_or_joined(n_steps, time_units, frequency, has_after):
    encoded, after = frames(n_steps), frames(1, 1)[0] if has_after else None
    found = downsample(encoded, frequency, time_units, after)
    expected = loops(encoded, frequency, time_units, after)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("frequency", STIMULUS_FREQUENCIES)
def test_known_frames_stay_as_they_are(frequency):
    encoded = frames(20)
    found = downsample(encoded, frequency, 5).numpy()[::5]
    np.testing.assert_array_equal(
        found, 0 * found if frequency == "NONE" else encoded[::5]
    )


@pytest.mark.parametrize("frequency", STIMULUS_FREQUENCIES)
def test_frames_between_are_not_looked_at(frequency):
    if frequency == "ALL":
        return
    encoded = frames(20)
    other = encoded.copy()
    other[np.arange(20) % 5 > 0] += 1
    a, b = (downsample(one, frequency, 5, encoded[0]) for one in (encoded, other))
    np.testing.assert_array_equal(a, b)


def test_the_last_frame_is_held_where_the_future_is_not_given():
    """Published code read a row beyond the end there."""
    encoded, after = frames(10), frames(1, 1)[0]
    held = downsample(encoded, "TIME_UNITS_INTERPOLATE", 5).numpy()
    np.testing.assert_array_equal(held[5:], np.repeat(encoded[5:6], 5, axis=0))
    joined = downsample(encoded, "TIME_UNITS_INTERPOLATE", 5, after).numpy()
    np.testing.assert_allclose(joined[9], 0.2 * encoded[5] + 0.8 * after, rtol=1e-5)


@pytest.mark.parametrize("frequency", STIMULUS_FREQUENCIES)
def test_it_is_traced_once_for_any_number_of_steps(frequency):
    @tf.function(input_signature=[tf.TensorSpec((None, 2, 3))], autograph=False)
    def traced(encoded):
        return downsample(encoded, frequency, 4)

    for n_steps in (4, 8, 10):
        expected = downsample(frames(n_steps), frequency, 4)
        np.testing.assert_array_equal(traced(frames(n_steps)), expected)


def test_gradients_reach_the_known_frames_only():
    encoded = tf.constant(frames(8))
    with tf.GradientTape() as tape:
        tape.watch(encoded)
        total = tf.reduce_sum(downsample(encoded, "TIME_UNITS_CONSTANT", 4))
    reached = tf.convert_to_tensor(tape.gradient(total, encoded)).numpy()
    np.testing.assert_array_equal(reached[:, 0, 0], [4, 0, 0, 0, 4, 0, 0, 0])


def test_an_unknown_frequency_is_answered_with_the_choices():
    with pytest.raises(ValueError, match="TIME_UNITS_CONSTANT.*, got SOME"):
        downsample(frames(4), "SOME", 2)
