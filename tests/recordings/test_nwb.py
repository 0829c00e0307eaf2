"""Recordings to NWB and back; NWB files of others."""

import pytest

from tests.recordings.made_up import assert_same_files, made_up, write
from v1model.recordings import (
    export_nwb,
    import_nwb,
    open_recording,
)

pynwb = pytest.importorskip("pynwb")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nwb")
    write(made_up(n_steps=300), folder / "a.h5")
    with open_recording(folder / "a.h5") as recording:
        export_nwb(recording, folder / "a.nwb")
    return folder


def test_a_recording_comes_back_as_it_was(exported):
    import_nwb(exported / "a.nwb", exported / "b.h5")
    assert_same_files(exported / "a.h5", exported / "b.h5")
