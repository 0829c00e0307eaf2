"""The files of logged trials: complete, exact and readable with NumPy alone."""

import errno
import os
import zipfile

import numpy as np
import pytest

from tests.activity import same, trial_of
from v1model import activity_files
from v1model.activity_files import ActivityFiles, read_activity
from v1model.atomic import WriteError
from v1model.network import neurons_of

STEPS = (0, 100, 12_345_678, 200)


@pytest.fixture
def trials(network):
    """Inputs that half precision holds exactly."""
    found = {}
    for seed, step in enumerate(STEPS):
        inputs = np.random.default_rng(seed).integers(0, 9, (40, 20)) / 8
        inputs = inputs.astype(np.float32)
        found[step] = trial_of(network, seed, inputs=inputs)
    return found


@pytest.fixture
def files(tmp_path, trials, network):
    files = ActivityFiles(tmp_path / "logs")
    files.add_neurons(neurons_of(network))
    for step, trial in trials.items():
        files.add(step, trial)
    return files


def test_every_trial_comes_back_as_it_was(files, trials, network):
    activity = read_activity(files.save_summary())
    assert activity.steps.tolist() == sorted(STEPS)
    assert same(activity.neurons, neurons_of(network))
    for step, trial in activity.trials():
        assert same(trial, trials[step])


def test_the_summary_is_read_with_numpy_as_the_documentation_says(files, trials):
    with np.load(files.save_summary(), allow_pickle=False) as file:
        assert file["steps"].tolist() == sorted(STEPS)
        trial = trials[100]
        np.testing.assert_array_equal(
            file["step_00000100/spike_step"], trial.spike_step
        )
        neuron = file["step_00000100/spike_neuron"]
        np.testing.assert_array_equal(neuron, trial.spike_neuron)
        assert file["step_00000100/question"] == "garrett"
        assert file["neurons/pop_name"].shape == (60,)
        assert file["schema"] == 1


def test_currents_are_kept_to_three_digits_and_large_ones_exactly(tmp_path, network):
    files = ActivityFiles(tmp_path)
    trial = trial_of(network)
    large = trial_of(network, inputs=trial.inputs * 1e6)
    files.add(1, trial)
    files.add(2, large)
    activity = read_activity(files.save_summary())
    found = activity.trial(1).inputs
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, trial.inputs, rtol=5e-4, atol=1e-7)
    np.testing.assert_array_equal(activity.trial(2).inputs, large.inputs)


def test_a_trial_without_spikes_and_one_with_nan_come_back(tmp_path, network):
    files = ActivityFiles(tmp_path)
    silent = trial_of(network, spike_step=[], spike_neuron=[])
    broken = trial_of(network)
    broken = trial_of(
        network,
        voltages=broken.voltages * np.nan,
        outputs=broken.outputs * np.nan,
        inputs=broken.inputs * np.float32(np.nan),
    )
    files.add(1, silent)
    files.add(2, broken)
    activity = read_activity(files.save_summary())
    assert activity.trial(1).spike_step.shape == (0,)
    assert np.isnan(activity.trial(2).voltages).all()
    assert np.isnan(activity.trial(2).inputs).all()
    assert activity.neurons is None


def test_a_summary_holds_the_steps_of_all_starts_and_the_latest_of_each(
    files, trials, network
):
    """A second start logs step 200 again, and another."""
    again = ActivityFiles(files.folder)
    replaced, new = trial_of(network, 11), trial_of(network, 12)
    again.add(200, replaced)
    again.add(300, new)
    activity = read_activity(again.save_summary())
    assert activity.steps.tolist() == [0, 100, 200, 300, 12_345_678]
    np.testing.assert_array_equal(activity.trial(200).spike_step, replaced.spike_step)
    assert same(activity.trial(100), trials[100])


def test_steps_beyond_the_one_that_is_resumed_can_be_removed(files):
    assert files.remove_after(100) == [200, 12_345_678]
    assert files.steps() == [0, 100]


def test_equal_trials_make_equal_files(tmp_path, network):
    paths = [ActivityFiles(tmp_path / name).add(7, trial_of(network)) for name in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_merging_holds_one_member_in_memory_at_a_time(files, monkeypatch):
    """A member is written before the next one is read."""
    events = []
    read, write = np.lib.npyio.NpzFile.__getitem__, np.lib.format.write_array

    def reading(self, name):
        events.append("read")
        return read(self, name)

    def writing(*arguments, **options):
        events.append("write")
        return write(*arguments, **options)

    monkeypatch.setattr(np.lib.npyio.NpzFile, "__getitem__", reading)
    monkeypatch.setattr(np.lib.format, "write_array", writing)
    files.save_summary()
    assert events[:2] == ["write", "write"]  # schema and steps
    assert len(events) > 40
    assert events[2:] == ["read", "write"] * (len(events[2:]) // 2)


def test_a_full_disk_leaves_the_last_summary(files, network, monkeypatch):
    path = files.save_summary()
    content = path.read_bytes()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(activity_files.np.lib.format, "write_array", full)
    with pytest.raises(WriteError, match="activity_summary.npz cannot be written"):
        files.save_summary()
    with pytest.raises(WriteError, match="step_00000300.npz cannot be written"):
        files.add(300, trial_of(network))
    assert path.read_bytes() == content
    assert not [p for p in files.folder.rglob("*") if p.name.startswith(".")]


def test_an_empty_folder_has_an_empty_summary(tmp_path):
    activity = read_activity(ActivityFiles(tmp_path).save_summary())
    assert activity.steps.tolist() == []
    assert list(activity.trials()) == []


def test_what_is_no_summary_is_refused_by_name(tmp_path, files):
    other = tmp_path / "other.npz"
    np.savez(other, x=np.zeros(3))
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(files.save_summary().read_bytes()[:-100])
    text = tmp_path / "text.npz"
    text.write_text("hello")
    array = tmp_path / "array.npz"
    with array.open("wb") as file:
        np.save(file, np.zeros(3))
    for path in (other, damaged, text, array):
        with pytest.raises(ValueError, match=f"{path.name} is no activity summary"):
            read_activity(path)
    with pytest.raises(FileNotFoundError):
        read_activity(tmp_path / "nowhere.npz")
    with pytest.raises(ValueError, match=r"no step 5; choose from \[0, 100, 200"):
        read_activity(files.summary).trial(5)


def test_a_negative_step_is_refused(tmp_path, network):
    with pytest.raises(ValueError, match="step must not be negative, got -1"):
        ActivityFiles(tmp_path).add(-1, trial_of(network))


def test_files_are_compressed(files):
    with zipfile.ZipFile(files.save_summary()) as archive:
        sizes = {m.filename: (m.file_size, m.compress_size) for m in archive.infolist()}
    size, compressed = sizes["step_00000100/inputs.npy"]
    assert compressed < 0.6 * size
