"""`scripts/decode_column.py`: what can be read is read, and nothing else."""

import types

import numpy as np
import pandas as pd
import pytest

from tests.programs import load_script
from v1model import flags
from v1model.presentations.binned import BinnedSpikes
from v1model.recordings import save_recording
from v1model.stimuli.flashes import STIMULUS

N_PICTURES, N_REPEATS = 4, 10
SHOWN_MS = 100
LAYERS = {"2/3": 12, "4": 12, "5": 12}
ANSWER_MS = 60  # when the spikes begin to tell the picture


@pytest.fixture(scope="module")
def script():
    return load_script("decode_column")


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Layer 4 tells the picture from 60 ms on, layer 2/3 never; layer 5 is silent.

    The LGN tells it from the onset on.
    """
    path = tmp_path_factory.mktemp("decoded") / "made_up.h5"
    rng = np.random.default_rng(0)
    order = np.concatenate([rng.permutation(N_PICTURES) for _ in range(N_REPEATS)])
    start = 200 + SHOWN_MS * np.arange(len(order))
    n_steps = int(start[-1]) + SHOWN_MS + 300
    layer = np.repeat([*LAYERS], [*LAYERS.values()])
    rate = np.full((n_steps, len(layer)), 0.01)
    rate[:, layer == "5"] = 0
    lgn_rate = np.full((n_steps, 8), 0.01)
    prefers = np.arange(len(layer)) % N_PICTURES
    for ms, picture in zip(start, order, strict=True):
        told = slice(ms + ANSWER_MS, ms + SHOWN_MS)
        rate[told, (layer == "4") & (prefers == picture)] = 0.2
        lgn_rate[ms : ms + SHOWN_MS, np.arange(8) % N_PICTURES == picture] = 0.2
    excitatory = np.arange(len(layer)) % 3 > 0
    save_recording(
        path,
        dt_ms=1.0,
        activity={"spikes": (rng.random(rate.shape) < rate).astype(np.uint8)},
        quantities={"spikes": "count"},
        neurons=pd.DataFrame(
            {"id": np.arange(36), "layer": layer, "is_excitatory": excitatory}
        ),
        trials=pd.DataFrame(
            {
                "start_s": start / 1000,
                "stop_s": (start + SHOWN_MS) / 1000,
                "stimulus": STIMULUS,
                "block": 1,
                "frame": order,
            }
        ),
        stimulus={"lgn": (rng.random(lgn_rate.shape) < lgn_rate).astype(np.uint8)},
        session_id="made up",
    )
    return path


@pytest.fixture(scope="module")
def results(script, recording, tmp_path_factory):
    out = tmp_path_factory.mktemp("figure") / "layers.png"
    config = script.DecodeConfig(
        recording=str(recording),
        out=str(out),
        matched=4,
        timed=8,
        window_ms=20,
        step_ms=40,
        until_ms=100,
    )
    return script.decode(config), out


def accuracy(table, **wanted):
    for name, value in wanted.items():
        table = table[table[name] == value]
    return table


def test_the_layer_that_knows_is_found_and_no_other(results):
    table, _ = results
    size = accuracy(table, analysis="size", cell_class="excitatory")
    most = size.groupby("layer").tail(1).set_index("layer")
    assert most.loc["4", "accuracy"] > 0.9
    assert most.loc["LGN", "accuracy"] > 0.9
    assert most.loc["2/3", "low"] <= 1 / N_PICTURES
    assert most.loc["5", "accuracy"] <= 1 / N_PICTURES  # silent: no answer
    draws = np.where(table["analysis"] == "matched", 3, 1)
    assert (table["tested"] == draws * N_PICTURES * N_REPEATS).all()
    assert np.allclose(table["chance"], 1 / N_PICTURES)


def test_shuffled_labels_are_at_chance(results):
    table, _ = results
    shuffled = accuracy(table, analysis="shuffled")
    assert len(shuffled) == 7  # three layers of two classes, and the LGN
    assert (shuffled["low"] <= 1 / N_PICTURES).all()


def test_it_is_known_when_the_spikes_say_it_and_not_before(results):
    table, _ = results
    course = accuracy(table, analysis="time").set_index(["layer", "stop_ms"])
    assert course.loc[("4", 40), "low"] <= 1 / N_PICTURES
    assert course.loc[("4", 80), "accuracy"] > 0.6
    assert course.loc[("LGN", 40), "accuracy"] > 0.6


def test_intervals_of_means_cover_the_mean(script):
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(500):
        low, high = script.mean_interval(rng.normal(0.5, 0.05, 15))
        covered += low <= 0.5 <= high
    assert 0.92 < covered / 500 < 0.98


def test_the_figure_and_the_csv_are_written(results):
    table, out = results
    assert out.read_bytes().startswith(b"\x89PNG")
    stored = pd.read_csv(out.with_suffix(".csv"), dtype={"layer": str})
    np.testing.assert_allclose(stored["accuracy"], table["accuracy"], atol=1e-4)


def binned_of(labels):
    n = len(labels)
    return BinnedSpikes(
        counts=np.zeros((n, 1, 2), np.uint8),
        labels=np.asarray(labels),
        start_s=np.arange(n) / 4,
        stop_s=(np.arange(n) + 1) / 4,
        block=np.zeros(n, np.int64),
        valid=np.ones((n, 2), bool),
        units=pd.DataFrame({"id": [0, 1]}),
    )


def test_every_presentation_is_tested_once_and_no_decoder_has_seen_it(script):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(3), 11))
    binned = binned_of(labels)
    splits = script.folds(binned, 0)
    tested = np.concatenate([split.test for split in splits])
    np.testing.assert_array_equal(np.sort(tested), np.arange(33))
    for split in splits:
        parts = np.concatenate(split)
        np.testing.assert_array_equal(np.sort(parts), np.arange(33))
        for part in split:
            assert set(labels[part]) == {0, 1, 2}
    with pytest.raises(ValueError, match="shown 5 times or more, got 4"):
        script.folds(binned_of(np.repeat(np.arange(3), 4)), 0)


def test_the_spikes_of_the_lgn_are_those_of_the_window(script, recording):
    with script.open_recording(recording) as opened:
        activity = script.Activity(opened)
        found = activity.counts(10, 60)
        sent = opened.stimulus["lgn"].read()
        for row, start_s in enumerate(found.start_s):
            first = round(1000 * start_s)
            expected = sent[first : first + 50].sum(axis=0)
            np.testing.assert_array_equal(found.counts[row, 0, 36:], expected)
    assert activity.shown_ms == SHOWN_MS


def test_half_of_the_peak_lies_between_the_windows(script):
    stops, chance = np.array([10.0, 20.0, 30.0, 40.0]), 0.1
    times = script.half_rise(stops, np.array([0.1, 0.1, 0.5, 0.7]), chance)
    assert times == pytest.approx(20 + 10 * (0.4 - 0.1) / (0.5 - 0.1))
    early = np.array([0.9, 0.9, 0.5, 0.7])
    assert script.half_rise(stops, early, chance) == stops[0]
    row = {"accuracy": 0.3, "low": 0.1, "chance": 0.25, "stop_ms": 10.0}
    never = script.rise_of([row], np.zeros((1, 9), bool), script.DecodeConfig())
    assert np.isnan(never).all()


def test_the_figure_wants_every_analysis_and_known_layers(results, script):
    table, _ = results
    rises = dict.fromkeys(table["layer"], script.Rise(np.nan, np.nan, np.nan))
    with pytest.raises(ValueError, match="no analysis 'shuffled'"):
        script.decoding_layers(table[table["analysis"] != "shuffled"], rises, 100)
    strange = table.replace({"layer": {"4": "7"}})
    with pytest.raises(ValueError, match=r"layers \['7'\] are unknown"):
        script.decoding_layers(strange, rises, 100)


def test_wrong_input_ends_with_one_line(script, tmp_path):
    mine = tmp_path / "x.h5"
    mine.write_text("mine")
    arguments = ["decode_column", f"--recording={mine}", f"--out={tmp_path / 'a.png'}"]
    with pytest.raises(SystemExit, match=r"^decode_column: .*x\.h5"):
        script.main(flags.config_from(arguments, script.DecodeConfig))
    with pytest.raises(ValueError, match="repeats must be at least 5, got 4"):
        script.DecodeConfig(repeats=4)


def test_a_recording_without_the_lgn_is_refused(script):
    bare = types.SimpleNamespace(stimulus={}, n_neurons=1, path="x.h5")
    with pytest.raises(ValueError, match="x.h5: stimulus 'lgn' is missing"):
        script.Activity(bare)


def test_without_a_recording_one_is_made(script, tmp_path, own_cache):
    del own_cache
    path = tmp_path / "a.h5"
    config = script.DecodeConfig(
        recording=str(path), neurons=500, n_pictures=2, repeats=5
    )
    script.recorded(config)
    with script.open_recording(path) as opened:
        shown = opened.trials["stimulus"] == STIMULUS
        assert shown.sum() == 15 and "lgn" in opened.stimulus
