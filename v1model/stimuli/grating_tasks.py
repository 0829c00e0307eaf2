"""vcd_grating: has the grating turned? ori_diff: is it turned beyond 45 degrees?

Every grating has a new phase, so that no single point of the screen gives the answer
away. Where the published gratings differ (their mean luminance, half a period of
phases, two degrees per pixel), these are what their parameters say.
"""

import numpy as np

from v1model.stimuli.change_detection import Pictures, change_task
from v1model.stimuli.classification import LabelledTrials, classification_timeline
from v1model.stimuli.gratings import GratingSet
from v1model.stimuli.responses import GratingRates
from v1model.stimuli.trials import Task

# Degrees, in steps of 0.1 (Chen et al. 2022). Exactly 45 degrees has no right answer.
CHANGE_ORIENTATIONS = np.arange(1200, 1501) / 10
FINE_ORIENTATIONS = np.setdiff1d(np.arange(430, 471), 450) / 10
FINE_BOUNDARY = 45.0
CHANGE_POOL, FINE_POOL = 1, 2

_HELD_OUT = 5  # one in so many orientations is shown in validation only
_N_PHASES = 360  # whole degrees


def vcd_grating(config, lgn, view, *, seed, current_input, data_dir, inputs):
    """The change-detection task with gratings: another orientation is a change.

    For arguments see `tasks.make_task`; this task has no published responses and
    therefore no use for `data_dir` and `inputs`.
    """
    is_held_out = np.arange(len(CHANGE_ORIENTATIONS)) % _HELD_OUT == _HELD_OUT // 2
    training, validation = _divided(CHANGE_ORIENTATIONS, is_held_out)
    gratings = _gratings(config, view, np.append(training, validation))
    return change_task(
        config,
        GratingRates(lgn, gratings),
        Pictures(len(training), len(validation), len(gratings.phases)),
        pool=CHANGE_POOL,
        weight_elsewhere=0.0,
        seed=seed,
        current_input=current_input,
    )


def ori_diff(config, lgn, view, *, seed, current_input, data_dir, inputs):
    """Fine orientation discrimination of a grating that is shown once.

    The answer is 1 if it is turned beyond 45 degrees. Held-out orientations lie on
    both sides alike, and on average as far from 45 degrees as the others.

    For arguments see `tasks.make_task`; this task has no published responses and
    therefore no use for `data_dir` and `inputs`.
    """
    timeline = classification_timeline(config)
    distance = np.rint(10 * np.abs(FINE_ORIENTATIONS - FINE_BOUNDARY))
    is_held_out = distance % _HELD_OUT == (_HELD_OUT + 1) // 2
    training, validation = _divided(FINE_ORIENTATIONS, is_held_out)
    gratings = _gratings(config, view, np.append(training, validation))
    return Task(
        name=config.task,
        timeline=timeline,
        n_classes=2,
        pools=(FINE_POOL,),
        has_threshold=True,
        carries_state=False,
        plans=LabelledTrials(
            seed,
            training=(training > FINE_BOUNDARY).astype(np.int32),
            validation=(validation > FINE_BOUNDARY).astype(np.int32),
            n_variants=len(gratings.phases),
        ),
        rates=GratingRates(lgn, gratings),
        current_input=current_input,
    )


def _divided(orientations, is_held_out):
    return orientations[~is_held_out], orientations[is_held_out]


def _gratings(config, view, orientations):
    is_drawn = config.grating_phase < 0
    return GratingSet(
        orientations=orientations,
        phases=np.arange(_N_PHASES) if is_drawn else np.array([config.grating_phase]),
        centre=(view.x, view.y),
        spatial_frequency=config.spatial_frequency,
        temporal_frequency=config.temporal_frequency,
        contrast=config.grating_contrast * config.sti_intensity,
    )
