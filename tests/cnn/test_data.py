import numpy as np
import pandas as pd
import pytest

from tests.cnn.recorded import write
from v1model.cnn.config import DataParams, ModelParams
from v1model.cnn.data import load_recording, load_recordings, require_joint


def load(path, **options):
    return load_recording(path, DataParams(**options))


def as_floats(movie):
    return (movie.astype(np.float64) - 127) / 255


@pytest.mark.parametrize("is_framed", [False, True])
def test_a_recording_is_read_as_it_was_written(tmp_path, is_framed):
    written = write(tmp_path / "a.h5", is_framed=is_framed, side=5)
    found = load(tmp_path / "a.h5", behavior=("eye",))
    assert found.spec == ("a", 3, (5, 5, 1), 2, pytest.approx(100.0))
    assert found.n_bins == 320
    np.testing.assert_array_equal(found.counts, written["counts"])
    assert found.counts.dtype == np.float32
    movie = found.movie(0, 320)
    np.testing.assert_allclose(movie[..., 0], as_floats(written["movie"]), atol=1e-7)
    np.testing.assert_array_equal(found.movie(11, 13), movie[11:13])
    np.testing.assert_allclose(found.behavior, written["eye"], rtol=1e-6)
    assert found.valid.all() and found.valid.shape == (320, 3)
    assert found.neurons["id"].tolist() == [10, 11, 12]
    assert found.trials["start"].tolist() == list(range(0, 320, 40))
    assert found.trials["stop"].tolist() == list(range(40, 321, 40))
    assert set(found.trials) >= {"part", "type", "start_s", "stop_s"}


def test_channels_of_a_movie_are_kept(tmp_path):
    written = write(tmp_path / "a.h5", channels=2)
    found = load(tmp_path / "a.h5")
    assert found.spec.frame_shape == (6, 6, 2) and found.spec.n_behavior == 0
    assert found.behavior is None
    np.testing.assert_allclose(found.movie(0, 9), as_floats(written["movie"][:9]))


def test_a_recording_without_a_session_is_called_as_its_file(tmp_path):
    write(tmp_path / "monday.h5", session_id="")
    assert load(tmp_path / "monday.h5").spec.name == "monday"


def test_rates_become_expected_spikes_per_bin(tmp_path):
    written = write(tmp_path / "a.h5")
    found = load(tmp_path / "a.h5", activity="rate")
    np.testing.assert_allclose(found.counts, written["rates"] / 100, rtol=1e-6)
    other = load(tmp_path / "a.h5").signal("rate")
    np.testing.assert_allclose(other, written["rates"] / 100, rtol=1e-6)


def test_a_signal_is_nan_where_it_is_not_valid(tmp_path):
    valid = np.ones((320, 3), bool)
    valid[5:9, 1] = False
    write(tmp_path / "a.h5", valid=valid)
    found = load(tmp_path / "a.h5")
    np.testing.assert_array_equal(np.isfinite(found.signal("spikes")), valid)
    np.testing.assert_array_equal(found.valid, valid)
    assert (found.counts[~valid] == 0).all()


@pytest.mark.parametrize("rate_hz", [100.0, 120.0, 1000 / 8.333])
def test_a_trial_has_the_bins_that_lie_in_it_as_a_whole(tmp_path, rate_hz):
    rng = np.random.default_rng(0)
    start_s = np.arange(8) * 0.3 + rng.uniform(0, 0.1, 8)
    stop_s = start_s + rng.uniform(0.05, 0.15, 8)
    start_s[3], stop_s[3] = 90 / rate_hz, 95 / rate_hz  # borders of bins, rounded
    trials = pd.DataFrame({"start_s": start_s, "stop_s": stop_s})
    write(tmp_path / "a.h5", trials=trials, rate_hz=rate_hz)
    found = load(tmp_path / "a.h5").trials
    begins = np.arange(321) / rate_hz
    for row in found.itertuples():
        inside = begins[:-1] >= row.start_s - 1e-9
        inside &= begins[1:] <= row.stop_s + 1e-9
        bins = np.flatnonzero(inside)
        assert (row.start, row.stop) == (bins[0], bins[-1] + 1)


def test_trials_come_in_order_of_time_and_by_type(tmp_path):
    trials = pd.DataFrame(
        {
            "start_s": [1.0, 0.0, 0.5],
            "stop_s": [1.5, 0.4, 0.9],
            "type": ["a", "b", "a"],
            "contrast": [3, 1, 2],
        }
    )
    write(tmp_path / "a.h5", trials=trials)
    assert load(tmp_path / "a.h5").trials["contrast"].tolist() == [1, 2, 3]
    assert load(tmp_path / "a.h5", types=("a",)).trials["contrast"].tolist() == [2, 3]


def test_the_split_is_the_same_when_fewer_types_are_used(tmp_path):
    write(tmp_path / "a.h5", n_trials=30, types=("a", "b", "c"))
    whole = load(tmp_path / "a.h5").trials
    some = load(tmp_path / "a.h5", types=("c", "a")).trials
    expected = whole[whole["type"] != "b"]
    assert some["part"].tolist() == expected["part"].tolist()


def test_trials_without_a_whole_bin_are_left_out(tmp_path, caplog):
    trials = pd.DataFrame({"start_s": [0.0, 0.101], "stop_s": [0.1, 0.109]})
    write(tmp_path / "a.h5", trials=trials)
    assert len(load(tmp_path / "a.h5").trials) == 1
    assert "1 of 2 trials hold no whole bin" in caplog.text


def test_mean_counts_are_of_valid_bins_of_the_part(tmp_path):
    valid = np.random.default_rng(0).random((320, 3)) < 0.5
    valid[:, 2] = False
    parts = ["train", "train", "test", "validation"]
    written = write(tmp_path / "a.h5", valid=valid, parts=parts)
    found = load(tmp_path / "a.h5")
    for part in ("train", "test"):
        rows = np.repeat(np.resize(np.array(parts), 8) == part, 40)
        for n in range(2):
            use = rows & valid[:, n]
            mean = written["counts"][use, n].mean()
            assert found.mean_counts(part)[n] == pytest.approx(mean, rel=1e-6)
    assert found.mean_counts()[2] == 0


def brute_usable(found, memory, lags):
    """The definition of `usable`, bin by bin."""
    usable = np.zeros_like(found.valid)
    is_bad = ~found.valid.any(axis=1)
    for row in found.trials.itertuples():
        for t in range(row.start + memory, row.stop):
            if not is_bad[max(t - lags, row.start) : t + 1].any():
                usable[t] = found.valid[t]
    return usable


@pytest.mark.parametrize("lags", [None, 0, 2, 9])
@pytest.mark.parametrize("memory", [0, 4])
def test_bins_are_usable_with_their_past_in_the_trial_and_trusted(
    tmp_path, memory, lags
):
    rng = np.random.default_rng(3)
    valid = rng.random((480, 3)) < 0.9
    valid[rng.random(480) < 0.05] = False
    write(tmp_path / "a.h5", gap_bins=20, valid=valid)
    found = load(tmp_path / "a.h5", invalid_lags=lags)
    expected = brute_usable(found, memory, memory if lags is None else lags)
    np.testing.assert_array_equal(found.usable(memory), expected)
    assert 0 < expected.mean() < valid.mean()


def test_a_neuron_that_alone_is_invalid_loses_only_those_bins(tmp_path):
    valid = np.ones((320, 3), bool)
    valid[50, 1] = False
    write(tmp_path / "a.h5", valid=valid)
    lost = ~load(tmp_path / "a.h5").usable(10)
    assert lost[50].tolist() == [False, True, False] and not lost[51:80].any()


def test_a_behavior_leaves_bins_out_and_what_follows(tmp_path):
    fixates = np.ones(320)
    fixates[[60, 101]] = 0
    fixates[200] = np.nan  # the first bin of a trial: what follows has no past anyway
    write(tmp_path / "a.h5", behavior={"fixates": fixates})
    found = load(tmp_path / "a.h5", mask="fixates", invalid_lags=3)
    bad = np.flatnonzero(~found.valid.all(axis=1))
    assert bad.tolist() == [60, 101, 200]
    lost = np.flatnonzero(~found.usable(5).any(axis=1))
    lost = lost[lost % 40 >= 5]  # the first ones of a trial have no past
    assert lost.tolist() == [60, 61, 62, 63, 101, 102, 103, 104]


def test_bins_whose_behavior_or_movie_is_not_known_are_not_valid(tmp_path):
    eye = np.zeros((320, 2))
    eye[7, 1] = np.nan
    movie = np.zeros((320, 4, 4), np.float32)
    movie[9, 2, 2] = np.nan
    write(tmp_path / "a.h5", behavior={"eye": eye}, stimulus={"movie": movie})
    found = load(tmp_path / "a.h5", behavior=("eye",))
    assert np.flatnonzero(~found.valid.all(axis=1)).tolist() == [7, 9]
    assert np.isfinite(found.behavior).all() and np.isfinite(found.movie(0, 20)).all()
    assert np.flatnonzero(~load(tmp_path / "a.h5").valid.all(axis=1)).tolist() == [9]


def test_behavior_is_joined_in_the_order_of_its_names(tmp_path):
    eye, speed = np.random.default_rng(0).normal(size=(2, 320, 2))
    behavior = {"eye": eye, "speed": speed[:, 0]}
    write(tmp_path / "a.h5", behavior=behavior)
    found = load(tmp_path / "a.h5", behavior=("speed", "eye"))
    expected = np.column_stack([speed[:, 0], eye])
    np.testing.assert_allclose(found.behavior, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "option, value, message",
    [
        ("activity", "voltage", "data.activity must name .*spikes.* got 'voltage'"),
        ("stimulus", "film", r"data.stimulus must be one of \['movie'\], got 'film'"),
        ("behavior", ("ear",), r"data.behavior must name .*\['eye'\], got 'ear'"),
        ("mask", "ear", r"data.mask must name .*\['eye'\], got 'ear'"),
        ("types", ("b",), "data.types must be .*backimage.* got 'b'"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_those_that_do(
    tmp_path, option, value, message
):
    write(tmp_path / "a.h5")
    with pytest.raises(ValueError, match=f"a.h5: {message}"):
        load(tmp_path / "a.h5", **{option: value})


def test_what_is_not_clear_must_be_named(tmp_path):
    counts = np.ones((320, 3), np.uint8)
    write(
        tmp_path / "a.h5",
        activity={"early": counts, "late": counts},
        quantities={"early": "count", "late": "count"},
    )
    with pytest.raises(ValueError, match="data.activity must name one of .*late"):
        load(tmp_path / "a.h5")
    movie = np.zeros((320, 4, 4), np.uint8)
    write(tmp_path / "b.h5", stimulus={"left": movie, "right": movie})
    with pytest.raises(ValueError, match="data.stimulus must name one of .*right"):
        load(tmp_path / "b.h5")
    assert load(tmp_path / "b.h5", stimulus="left").spec.frame_shape == (4, 4, 1)


def test_a_recording_without_trials_or_counts_is_refused(tmp_path):
    write(tmp_path / "a.h5", trials=None)
    with pytest.raises(ValueError, match="a.h5: trials must have at least one row"):
        load(tmp_path / "a.h5")
    volts = {"activity": {"v": np.zeros((320, 3))}, "quantities": {"v": "voltage"}}
    write(tmp_path / "b.h5", **volts)
    with pytest.raises(ValueError, match="b.h5: data.activity must name one of .*v"):
        load(tmp_path / "b.h5")


def test_trials_that_overlap_are_refused(tmp_path):
    trials = pd.DataFrame(
        {"start_s": [0.0, 0.5], "stop_s": [0.6, 0.9], "type": ["a", "b"]}
    )
    write(tmp_path / "a.h5", trials=trials)
    with pytest.raises(ValueError, match="a.h5: trials must not overlap.* 0.5 s"):
        load(tmp_path / "a.h5")
    assert len(load(tmp_path / "a.h5", types=("b",)).trials) == 1


def test_parts_and_types_that_are_not_there_are_refused(tmp_path):
    write(tmp_path / "a.h5", parts=["train", "test"])
    found = load(tmp_path / "a.h5")
    assert found.trials_of("test")["part"].tolist() == ["test"] * 4
    assert len(found.trials_of(("train", "test"), "backimage")) == 4
    with pytest.raises(ValueError, match="a.h5: no trial is of part validation"):
        found.trials_of("validation")


def test_two_recordings_of_one_session_are_refused(tmp_path):
    for name in ("a.h5", "b.h5"):
        write(tmp_path / name, session_id="one")
    with pytest.raises(ValueError, match="b.h5: session_id .*a.h5, got 'one'"):
        load_recordings([tmp_path / "a.h5", tmp_path / "b.h5"], DataParams())


@pytest.mark.parametrize(
    "options, message",
    [
        ({"rate_hz": 50.0}, "sampling rate must be .*100"),
        ({"side": 7}, r"frames must be \(6, 6\).* got \(7, 7\).*grid_size helps"),
        ({"channels": 2}, "channels must be 1.* got 2"),
        ({"n_behavior": 3}, "numbers of behaviour must be 2.* got 3"),
    ],
)
def test_recordings_that_one_model_cannot_share_are_refused(tmp_path, options, message):
    write(tmp_path / "a.h5")
    write(tmp_path / "b.h5", **options)
    data = DataParams(behavior=("eye",))
    recordings = load_recordings([tmp_path / "a.h5", tmp_path / "b.h5"], data)
    for adapter in ({"type": "none"}, {"type": "adapter"}):
        with pytest.raises(ValueError, match=f"b.h5: {message}"):
            require_joint(recordings, ModelParams(adapter=adapter))
    require_joint(recordings[:1], ModelParams())


def test_an_adapter_brings_frames_onto_one_grid(tmp_path):
    write(tmp_path / "a.h5")
    write(tmp_path / "b.h5", side=9)
    recordings = load_recordings([tmp_path / "a.h5", tmp_path / "b.h5"], DataParams())
    adapter = {"type": "adapter", "grid_size": 8}
    require_joint(recordings, ModelParams(adapter=adapter))


def test_loading_leaves_neurons_out_by_their_share(tmp_path):
    write(tmp_path / "a.h5", n_neurons=10)
    assert load(tmp_path / "a.h5", held_out_neurons=0.3).held_out.sum() == 3


def test_some_neurons_alone_are_the_same_neurons(tmp_path):
    valid = np.random.default_rng(1).random((320, 5)) < 0.9
    write(tmp_path / "a.h5", n_neurons=5, valid=valid)
    whole = load(tmp_path / "a.h5")
    some = load(tmp_path / "a.h5", units=(13, 11))
    assert some.spec == whole.spec._replace(n_neurons=2)
    assert some.neurons["id"].tolist() == [11, 13]
    for name in ("counts", "valid", "held_out"):
        expected = getattr(whole, name)[..., [1, 3]]
        np.testing.assert_array_equal(getattr(some, name), expected)
    np.testing.assert_array_equal(some.signal("rate"), whole.signal("rate")[:, [1, 3]])
    np.testing.assert_array_equal(some.mean_counts(), whole.mean_counts()[[1, 3]])


def test_neurons_that_are_not_there_are_refused(tmp_path):
    write(tmp_path / "a.h5")
    with pytest.raises(
        ValueError, match=r"a.h5: data.units must be .* 10 to 12, got 9"
    ):
        load(tmp_path / "a.h5", units=(10, 9))
