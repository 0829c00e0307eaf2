"""Both kinds of files give the same binned spikes."""

import dataclasses

import numpy as np
import pytest

from tests.presentations.sessions import poisson_session
from v1model.presentations.binned_files import write_binned
from v1model.presentations.loading import load_binned
from v1model.presentations.synthetic import draw_session, write_session_recording


def test_a_recording_and_its_binned_spikes_are_loaded_alike(tmp_path):
    session = draw_session(5, 4, 6, 3, with_spike_times=True)
    write_session_recording(session, tmp_path / "recording.h5")
    write_binned(session.binned, tmp_path / "binned.h5")
    for drop in ((), (-1,)):
        one, two = (
            load_binned(tmp_path / name, 3, stimulus="natural_scenes", drop=drop)
            for name in ("recording.h5", "binned.h5")
        )
        for name in ("counts", "labels", "start_s", "block", "presentation_id"):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        assert len(one.classes) == 5 - len(drop)


def test_a_session_without_an_id_is_named_after_its_file(tmp_path):
    binned = dataclasses.replace(poisson_session(np.ones((2, 2)), 3), session_id="")
    write_binned(binned, tmp_path / "tuesday.h5")
    assert load_binned(tmp_path / "tuesday.h5", 1).session_id == "tuesday"


def test_what_cannot_be_loaded_is_refused_by_file(tmp_path):
    path = write_binned(poisson_session(np.ones((2, 2)), 3), tmp_path / "a.h5")
    with pytest.raises(ValueError, match=r"a\.h5: has 1 bins per presentation, not 5"):
        load_binned(path, 5)
    with pytest.raises(ValueError, match=r"a\.h5: all presentations have a label of"):
        load_binned(path, 1, drop=(0, 1))
    (tmp_path / "b.h5").write_text("words")
    with pytest.raises(ValueError, match=r"b\.h5: not a complete HDF5 file"):
        load_binned(tmp_path / "b.h5", 1)
    with pytest.raises(FileNotFoundError, match=r"c\.h5"):
        load_binned(tmp_path / "c.h5", 1)


@pytest.mark.filterwarnings("ignore")  # of values that are wild now
def test_any_damage_is_an_error_of_one_line_that_names_the_file(tmp_path):
    """Or it changes nothing that is read: HDF5 has no checksums of its own."""
    path = write_binned(poisson_session(np.ones((2, 2)), 3), tmp_path / "a.h5")
    original, rng, messages = path.read_bytes(), np.random.default_rng(0), []
    for at in rng.integers(0, len(original), 80):
        damaged = bytearray(original)
        damaged[at : at + 16] = rng.bytes(len(damaged[at : at + 16]))
        path.write_bytes(damaged)
        try:
            load_binned(path)
        except ValueError as error:
            messages.append(str(error))
    assert len(messages) > 8
    assert [m for m in messages if "a.h5" not in m or "\n" in m] == []
