"""The direction rule: how strong a synapse is, given how two cells are tuned.

Billeh et al. 2020: a synapse is strongest between cells of like preferred
direction, and between excitatory cells also where the two receptive fields see
the same phase of a grating.
"""

import numpy as np

MIN_CONTACTS, MAX_CONTACTS = 3, 7  # per synapse, uniform
VISUAL_X, VISUAL_Z = 0.07, 0.04  # degrees of visual field per um of cortex
# Width of the Gaussian of the direction difference, degrees, by the classes (is
# excitatory) of source and target.
DIRECTION_WIDTH = {
    (True, True): 30.0,
    (True, False): 90.0,
    (False, True): 90.0,
    (False, False): 50.0,
}
# The phase term falls with the orientation of the target, from 1.375 at 0 degrees to
# 0.786 at 90.
PHASE_GAIN = 5.5 / 4
PHASE_GAIN_SLOPE = -11 / 1680  # per degree


def direction_factor(source_angle, target_angle, width):
    """Gaussian of the difference of two directions.

    Args:
        source_angle, target_angle: Preferred directions, degrees.
        width: Distance at which it falls to 1/e, degrees.
    """
    difference = np.abs(target_angle - source_angle)
    difference = np.minimum(difference, 360 - difference)
    return np.exp(-np.square(difference / width))


def phase_factor(dx, dz, target_angle):
    """How well the receptive fields of two excitatory cells match in phase.

    Args:
        dx, dz: Position of the target minus that of the source, um.
        target_angle: Preferred direction of the target, degrees in 0-360.
    """
    angle = np.deg2rad(target_angle)
    shift = dx * (VISUAL_X * np.cos(angle)) + dz * (VISUAL_Z * np.sin(angle))
    half_turn = target_angle % 180
    orientation = np.minimum(half_turn, 180 - half_turn)
    gain = PHASE_GAIN + PHASE_GAIN_SLOPE * orientation
    return np.exp(-0.5 * np.square(shift)) * gain
