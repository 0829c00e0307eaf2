"""The movie of a trial is what its LGN activity is the response to."""

import numpy as np
import pytest

from tests.networks import small_network
from v1model.config import TaskConfig
from v1model.lgn import LGN
from v1model.lgn.current import current_from_rates
from v1model.stimuli import TASKS, make_task, view_of
from v1model.stimuli.responses import PublishedRates
from v1model.stimuli.screen import trial_movie

POPULATION = small_network().lgn


@pytest.mark.parametrize("drift", [0.0, 4.0])
@pytest.mark.parametrize("name", TASKS)
def test_the_lgn_answers_to_the_movie_with_the_inputs_of_the_trial(name, drift):
    lgn = LGN(POPULATION.units)
    config = TaskConfig(task=name, temporal_frequency=drift)
    task = make_task(config, lgn, view_of(POPULATION), seed=3)
    batch, plan = (f("validation", 0, 2, 5) for f in (task.batch, task.plan))
    for inputs, pictures in zip(batch.inputs, plan.pictures, strict=True):
        movie = trial_movie(task, pictures)
        found = current_from_rates(lgn.rates(movie))
        np.testing.assert_allclose(found, inputs, atol=2e-5)


def test_of_published_responses_no_movie_is_known():
    class Stored:
        rates = PublishedRates([], None)

    assert trial_movie(Stored(), np.array([0])) is None
