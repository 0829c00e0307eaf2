"""`scripts/export_recording.py` as a user runs it."""

import pytest

from tests.programs import load_script, parsed
from tests.recordings.made_up import assert_same_files, made_up, write
from v1model.recordings import import_nwb

pytest.importorskip("pynwb")


def test_an_exported_recording_can_be_imported_again(tmp_path, capsys):
    script = load_script("export_recording")
    path = write(made_up(), tmp_path / "a.h5")
    nwb = script.export(path, parsed(script))
    assert nwb == tmp_path / "a.nwb"
    assert f"{nwb}: " in capsys.readouterr().out
    import_nwb(nwb, tmp_path / "b.h5")
    assert_same_files(path, tmp_path / "b.h5")
    with pytest.raises(ValueError, match="out must end with .nwb, got c.h5"):
        script.export(path, parsed(script, "--out=c.h5"))
