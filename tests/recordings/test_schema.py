"""A file that is no recording is refused with file, field and value."""

import h5py
import numpy as np
import pytest

from tests.recordings.made_up import made_up, write
from v1model.recordings import open_recording
from v1model.recordings.summary import summary_text


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return write(made_up(), tmp_path_factory.mktemp("schema") / "a.h5").read_bytes()


def replace(file, name, values):
    del file[name]
    file[name] = values


DAMAGE = {
    "format": (
        lambda f: f.attrs.__setitem__("format", "sonata"),
        "format must be 'v1model recording', got 'sonata'",
    ),
    "foreign": (lambda f: f.attrs.__delitem__("format"), "format must be .* got None"),
    "newer": (
        lambda f: f.attrs.__setitem__("schema", 2),
        "schema must be 1, got 2; this version of v1model reads no other",
    ),
    "dt": (lambda f: f.attrs.__delitem__("dt_ms"), "attribute dt_ms is missing"),
    "dt value": (lambda f: f.attrs.__setitem__("dt_ms", 0.0), "dt_ms must be above 0"),
    "dt text": (
        lambda f: f.attrs.__setitem__("dt_ms", "fast"),
        "attribute dt_ms must be a number, got 'fast'",
    ),
    "n_steps": (
        lambda f: f.attrs.__setitem__("n_steps", 41),
        "/activity/exact/first must have 42 rows, got shape",
    ),
    "negative": (
        lambda f: f.attrs.__setitem__("n_steps", -1),
        "n_steps must not be negative, got -1",
    ),
    "metadata": (
        lambda f: f.attrs.__setitem__("metadata", "{"),
        "metadata is not JSON",
    ),
    "no group": (lambda f: f.__delitem__("behavior"), "group /behavior is missing"),
    "no ids": (lambda f: f["neurons"].__delitem__("id"), "/neurons/id is missing"),
    "same ids": (
        lambda f: f["neurons/id"].__setitem__(0, 100),
        "ids of neurons must be unique, got 100 more than once",
    ),
    "short column": (
        lambda f: replace(f, "neurons/x", np.zeros(3)),
        r"/neurons/x must have 7 rows, got shape \(3,\)",
    ),
    "no columns": (
        lambda f: f["trials"].attrs.__delitem__("columns"),
        "/trials: attribute columns is missing",
    ),
    "no start": (
        lambda f: f["trials"].__delitem__("start_s"),
        "/trials/start_s is mis",
    ),
    "backwards": (
        lambda f: f["trials/stop_s"].__setitem__(1, 2.0),
        "trial 1 must stop after it starts, got 2.505 to 2.0 s",
    ),
    "quantity": (
        lambda f: f["activity/voltages"].attrs.__setitem__("quantity", "weight"),
        "/activity/voltages: quantity 'weight' is unknown",
    ),
    "no unit": (
        lambda f: f["activity/rates"].attrs.__delitem__("unit"),
        "/activity/rates: attribute unit is missing",
    ),
    "dense count": (
        lambda f: f["activity/rates"].attrs.__setitem__("quantity", "count"),
        "/activity/rates must be events",
    ),
    "shape": (
        lambda f: f["activity/rates"].resize(6, axis=0),
        r"/activity/rates must have shape \(40, 7\), got \(6, 7\)",
    ),
    "no neuron": (
        lambda f: f["activity/spikes"].__delitem__("neuron"),
        "/activity/spikes/neuron is missing",
    ),
    "cut events": (
        lambda f: f["activity/spikes/neuron"].resize(9, axis=0),
        "/activity/spikes/first must run from 0 to 9, got 0 to ",
    ),
    "cut times": (
        lambda f: f["activity/exact/time_s"].resize(9, axis=0),
        "/activity/exact/time_s must have 120 rows",
    ),
    "stimulus": (
        lambda f: f["stimulus/gray"].resize(39, axis=0),
        "/stimulus/gray must have 40 rows",
    ),
    "no frames": (
        lambda f: f["stimulus/movie"].__delitem__("frames"),
        "/stimulus/movie/frames is missing",
    ),
    "behavior": (
        lambda f: f["behavior/running"].resize(39, axis=0),
        "/behavior/running must have 40 rows",
    ),
    "validity": (
        lambda f: f["validity/from_s"].resize(1, axis=0),
        "/validity/neurons must have shape",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_recording_is_refused_with_file_and_field(original, tmp_path, name):
    path = tmp_path / "a.h5"
    path.write_bytes(original)
    damage, message = DAMAGE[name]
    with h5py.File(path, "r+") as file:
        damage(file)
    with pytest.raises(ValueError, match=message) as caught:
        open_recording(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_recording_is_refused(original, tmp_path, part):
    path = tmp_path / "a.h5"
    path.write_bytes(original[: int(part * len(original))])
    with pytest.raises(ValueError, match="a.h5: not a complete HDF5 file"):
        open_recording(path)


def test_what_is_not_hdf5_is_refused(tmp_path):
    path = tmp_path / "a.h5"
    path.write_text("id,rate\n1,2\n")
    with pytest.raises(ValueError, match="a.h5: not a complete HDF5 file"):
        open_recording(path)
    with pytest.raises(FileNotFoundError, match="b.h5 does not exist"):
        open_recording(tmp_path / "b.h5")


def test_a_refused_file_is_closed(original, tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(original)
    with h5py.File(path, "r+") as file:
        del file["neurons"]
    with pytest.raises(ValueError, match="group /neurons is missing"):
        open_recording(path)
    with h5py.File(path, "r+"):  # would fail if it were open for reading
        pass


def test_a_damaged_chunk_is_an_error_that_says_where(original, tmp_path):
    path = tmp_path / "a.h5"
    path.write_bytes(original)
    with h5py.File(path) as file:
        chunk = file["activity/voltages"].id.get_chunk_info(0)
    damaged = bytearray(original)
    damaged[chunk.byte_offset + chunk.size // 2] ^= 255
    path.write_bytes(damaged)
    with open_recording(path) as recording:
        with pytest.raises(ValueError, match="a.h5: /activity/voltages is damaged"):
            recording.activity["voltages"].read()
        recording.activity["rates"].read()


@pytest.mark.filterwarnings("ignore")  # of values that are wild now
def test_any_damage_is_an_error_of_one_line_that_names_the_file(original, tmp_path):
    """Or it changes nothing that is read: HDF5 has no checksums of its own."""
    path, rng = tmp_path / "a.h5", np.random.default_rng(0)
    messages = []
    for at in rng.integers(0, len(original), 80):
        damaged = bytearray(original)
        damaged[at : at + 16] = rng.bytes(len(damaged[at : at + 16]))
        path.write_bytes(damaged)
        try:
            with open_recording(path) as recording:
                summary_text(recording)
                for one in recording.activity.values():
                    one.read()
                for one in (*recording.stimulus.values(), *recording.behavior.values()):
                    one.read()
                recording.valid()
        except ValueError as error:
            messages.append(str(error))
    assert len(messages) > 10
    assert [m for m in messages if "a.h5" not in m or "\n" in m] == []


@pytest.mark.parametrize(
    ("name", "row", "value", "message"),
    [
        ("first", 5, 1000, r"/activity/spikes/first decreases in step 5"),
        ("neuron", 3, 7, r"/activity/spikes/neuron must lie in 0\.\.6, got 0 to 7"),
        ("neuron", 3, -1, "got -1 to 6"),
    ],
)
def test_impossible_events_are_an_error_when_they_are_read(
    original, tmp_path, name, row, value, message
):
    path = tmp_path / "a.h5"
    path.write_bytes(original)
    with h5py.File(path, "r+") as file:
        file[f"activity/spikes/{name}"][row] = value
    with open_recording(path) as recording:
        with pytest.raises(ValueError, match=message) as caught:
            recording.activity["spikes"].events()
        assert str(caught.value).startswith(str(path))
