"""The tiny session of the tests, written once."""

import shutil

import pytest

from tests.neuropixels.allen_files import write_session, write_warehouse
from tests.neuropixels.data_server import serving


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """(path, frames shown) of the tiny session; never changed."""
    path = tmp_path_factory.mktemp("allen") / "session.nwb"
    return path, write_session(path)


@pytest.fixture
def nwb(written, tmp_path):
    """A copy of the tiny session that a test may spoil."""
    return shutil.copy(written[0], tmp_path / "copy.nwb")


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory):
    """A folder that holds what the warehouse does; never changed."""
    folder = tmp_path_factory.mktemp("warehouse")
    write_warehouse(folder)
    return folder


@pytest.fixture
def server(warehouse, monkeypatch):
    """The warehouse and the archive as web servers."""
    monkeypatch.setenv("no_proxy", "*")
    with serving(warehouse) as running:
        yield running
