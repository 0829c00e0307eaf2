"""Tasks for the 20 LGN units of the synthetic column."""

import pytest

from v1model.config import TaskConfig
from v1model.lgn import LGN
from v1model.stimuli import make_task, view_of


@pytest.fixture(scope="session")
def lgn(network):
    return LGN(network.lgn.units)


@pytest.fixture(scope="session")
def view(network):
    return view_of(network.lgn)


@pytest.fixture(scope="session")
def make(lgn, view):
    """Function (name, seed, options of TaskConfig) -> Task."""

    def function(task="garrett", seed=0, **options):
        config = TaskConfig(task=task, **options)
        return make_task(config, lgn, view, seed=seed)

    return function


@pytest.fixture(scope="session")
def garrett(make):
    return make("garrett")
