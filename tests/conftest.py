"""Fixtures that every test may use."""

import logging

import pytest

from tests.networks import small_network


@pytest.fixture(scope="session")
def network():
    """The synthetic column of 60 neurons and 20 LGN units; never changed."""
    return small_network()


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """Parsed networks are kept in a folder of the test."""
    monkeypatch.setenv("V1MODEL_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def logging_as_before():
    """Programs set up logging for their process; the next test wants its own."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
