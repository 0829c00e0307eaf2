"""The tiny session of the tests, written once."""

import shutil

import pytest

from tests.neuropixels.allen_files import write_session


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """(path, frames shown) of the tiny session; never changed."""
    path = tmp_path_factory.mktemp("allen") / "session.nwb"
    return path, write_session(path)


@pytest.fixture
def nwb(written, tmp_path):
    """A copy of the tiny session that a test may spoil."""
    return shutil.copy(written[0], tmp_path / "copy.nwb")
