"""Random draws of the tasks, each a function of where it happens.

There is no generator that runs along: a training that was killed at step k sees the
same trials when it goes on from step k.
"""

import numpy as np

SPLITS = ("training", "validation")
_PURPOSES = ("noise", "pictures", "changes", "order", "variants", "tasks")


def check_split(split):
    """The split, or ValueError if there is none of this name."""
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, got {split!r}.")
    return split


def generator(seed, split, purpose, *position):
    """The generator of one draw, the same for the same arguments on every machine.

    Args:
        seed: Of the run, not negative.
        split: "training" or "validation".
        purpose: One of _PURPOSES; keeps different draws at one position apart.
        position: Integers such as epoch and lane, not negative.
    """
    return np.random.default_rng(_sequence(seed, split, purpose, position))


def noise_seeds(seed, split, positions):
    """Seeds of the column's noise, (B, 2) int32, one for each position.

    Args:
        seed, split: As in `generator`.
        positions: Step and lane of each trial, (B, 2). The seed of a trial depends
            on nothing else, so neither on the batch size nor on a restart.
    """
    words = [
        _sequence(seed, split, "noise", position).generate_state(2)
        for position in positions
    ]
    return np.array(words, np.uint32).reshape(-1, 2).view(np.int32)


def spike_generator(noise_seed):
    """The generator of a trial's input spikes, from its noise seed, (2,) int32."""
    return np.random.default_rng(noise_seed.view(np.uint32))


def _sequence(seed, split, purpose, position):
    codes = (SPLITS.index(split), _PURPOSES.index(purpose), *map(int, position))
    # The position is the spawn key, so that it cannot run into a long seed.
    return np.random.SeedSequence(int(seed), spawn_key=codes)
