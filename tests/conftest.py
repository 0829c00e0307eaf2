"""Fixtures that every test may use."""

import pytest

from tests.networks import small_network


@pytest.fixture(scope="session")
def network():
    """The synthetic column of 60 neurons and 20 LGN units; never changed."""
    return small_network()
