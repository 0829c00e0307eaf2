"""`scripts/decode_column.py`: what can be read is read, and nothing else."""

import types

import numpy as np
import pandas as pd
import pytest

from tests.programs import load_script
from v1model import flags
from v1model.column_recording.responses import PictureResponses
from v1model.decoders.by_group import GroupOptions
from v1model.decoders.rise import Rise
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
        groups=GroupOptions(matched=4, timed=8, window_ms=20, step_ms=40, until_ms=100),
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


def test_the_figure_and_the_csv_are_written(results):
    table, out = results
    assert out.read_bytes().startswith(b"\x89PNG")
    stored = pd.read_csv(out.with_suffix(".csv"), dtype={"layer": str})
    np.testing.assert_allclose(stored["accuracy"], table["accuracy"], atol=1e-4)


def test_the_spikes_of_the_lgn_are_those_of_the_window(script, recording):
    with script.open_recording(recording) as opened:
        activity = PictureResponses(opened)
        found = activity.counts(10, 60)
        sent = opened.stimulus["lgn"].read()
        for row, start_s in enumerate(found.start_s):
            first = round(1000 * start_s)
            expected = sent[first : first + 50].sum(axis=0)
            np.testing.assert_array_equal(found.counts[row, 0, 36:], expected)
    assert activity.shown_ms == SHOWN_MS


def test_the_figure_wants_every_analysis_and_known_layers(results, script):
    table, _ = results
    rises = dict.fromkeys(table["layer"], Rise(np.nan, np.nan, np.nan))
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
        PictureResponses(bare)


def test_without_a_recording_one_is_made(script, tmp_path, own_cache):
    del own_cache
    path = tmp_path / "a.h5"
    config = script.DecodeConfig(
        recording=str(path), neurons=500, n_pictures=2, repeats=5
    )
    script.record(config)
    with script.open_recording(path) as opened:
        shown = opened.trials["stimulus"] == STIMULUS
        assert shown.sum() == 15 and "lgn" in opened.stimulus
