"""docs/cnn.md: its commands are understood, and what it does with data works."""

import importlib
import pathlib
import re
import shlex
import sys

import numpy as np
import pandas as pd
import pytest

from tests.cnn.recorded import write
from tests.programs import load_script, parsed
from training import cnn_training, evaluate
from training.cnn_options import CnnOptions, overrides_of
from v1model import flags
from v1model.cnn.config import ReadoutConfig
from v1model.cnn.data import load_recording
from v1model.recordings import open_recording
from v1model.yaml_settings import load_settings, names_of

TEXT = pathlib.Path(__file__).parents[2] / "docs" / "cnn.md"
SECTIONS = "model|loss|regularization|data|training"
N_STEPS, N = 800, 3
SMALL = (
    "--model.frontend.kernel_size=4",
    "--model.convnet.channels=4",
    "--model.convnet.stem_channels=4",
    "--model.convnet.stem.kernel_size=1,3,3",
    "--data.segment_bins=10",
    "--training.epochs=1",
    "--training.steps_per_epoch=4",
    "--training.batch_size=4",
)


def blocks(language):
    text = TEXT.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands():
    for line in "".join(blocks("bash")).replace("\\\n", "").splitlines():
        found = re.match(r"python (?:scripts|training)/(\w+)\.py (.*)", line)
        if found:
            yield found[1], shlex.split(found[2])


def rows_of(heading):
    """Cells of the table below a heading."""
    section = TEXT.read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    lines = section.split("\n## ")[0].splitlines()
    rows = [line.split("|")[1:-1] for line in lines if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[1:]]


@pytest.mark.parametrize("name, arguments", list(commands()))
def test_every_command_that_it_gives_is_understood(name, arguments, capsys):
    if name == "cnn_training":
        overrides, words = overrides_of([name, *arguments], ReadoutConfig)
        options = flags.config_from(words, CnnOptions)
        path = options.model or None
        load_settings(ReadoutConfig, path, overrides, cnn_training.FOLDER)
        return
    if name == "evaluate":
        flags.texts_from([name, *arguments], [], evaluate.EvaluateOptions, 9)
        return
    script = load_script(name)
    if name == "inspect_recording":
        assert len(arguments) == 1
        return
    if name == "import_recording":
        parsed(script, *arguments)
        return
    if name == "twin_column":
        flags.config_from([name, *arguments], script.TwinColumnConfig)
        return
    with pytest.raises(SystemExit):
        script.main(["--help"])
    known = re.findall(r"--\w+", capsys.readouterr().out)
    assert {word for word in arguments if word.startswith("--")} <= set(known)


def test_every_option_and_file_that_it_names_exists():
    text = TEXT.read_text(encoding="utf-8")
    known = set(names_of(ReadoutConfig))
    known |= {name.rpartition(".")[0] for name in known}
    named = set(re.findall(rf"`(?:--)?((?:{SECTIONS})\.[\w.*]+)", text))
    assert len(named) > 25
    assert {name.rstrip(".") for name in named} <= known
    for path in re.findall(r"`((?:scripts|benchmarks|training)/\w+\.py)", text):
        assert (TEXT.parents[1] / path).is_file(), path
    for path in re.findall(r"(configs/\w+\.yaml)", text):
        assert (cnn_training.FOLDER / path).is_file(), path
    for module in re.findall(r"from (v1model[\w.]*) import", text):
        importlib.import_module(module)


def test_its_table_of_types_is_complete():
    """Sections and types of the table are those of the settings, no more, no fewer."""
    listed = {}
    for name, types, _ in rows_of("Settings"):
        if types:
            listed[name.strip("`")] = tuple(types.split(", "))
    groups = cnn_training.setting_groups(ReadoutConfig)
    known = {flag.name: flag.choices for group in groups for flag in group.flags}
    for name in ("adapter", "frontend", "convnet", "modulator", "recurrent", "readout"):
        assert listed.pop(f"model.{name}") == known[f"model.{name}.type"]
    for name in ("norm", "pool"):
        assert listed.pop(name) == known[f"model.convnet.stem.{name}.type"]
    assert not listed


def test_a_mixture_of_norms_is_given_as_it_says():
    (text,) = re.findall(r'blocks\.\*\.norm "(\{.*?\})"`', TEXT.read_text(), re.DOTALL)
    name = "model.convnet.blocks.*.norm"
    config = load_settings(ReadoutConfig, None, {name: text.replace("\n", " ")})
    assert [one.type for one in config.model.convnet.blocks[0].norm.of] == [
        "grn",
        "instance",
    ]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """The folder that one works in, with arrays as a newcomer has them: mine.npz."""
    source = tmp_path / "source.h5"
    made = write(source, n_trials=N_STEPS // 50, trial_bins=50, side=12, n_neurons=N)
    arrays = {"activity": made["counts"], "stimulus/movie": made["movie"]}
    for column in ("start_s", "stop_s", "type"):
        arrays[f"trials/{column}"] = (
            made["trials"][column].to_numpy().astype(float if column != "type" else str)
        )
    np.savez(tmp_path / "mine.npz", **arrays)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_arrays_become_a_model_that_is_judged(workplace, monkeypatch, capsys):
    """The commands for data of one's own and the example in Python, in small."""
    own = [one for one in commands() if any("mine" in word for word in one[1])]
    assert [name for name, _ in own] == [
        "import_recording",
        "cnn_training",
        "evaluate",
    ]
    (_, imported), (_, trained), (_, judged) = own
    script = load_script("import_recording")
    script.convert(imported[0], parsed(script, *imported[1:]))
    monkeypatch.setattr(sys, "argv", ["cnn_training", *trained, *SMALL])
    cnn_training.cli()
    assert "run folder: results/cnn/mine" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["evaluate", *judged, "--dpi=40"])
    evaluate.cli()
    table = pd.read_csv("judged/mine/mine_mine/neurons.csv")
    assert len(table) == N and np.isfinite(table["bps"]).all()

    found = {}
    exec(blocks("python")[1], found)
    assert found["rates"].shape == (N_STEPS, N)
    np.testing.assert_allclose(found["table"]["bps"], table["bps"], atol=1e-5)
    memory = found["model"].memory_bins
    assert found["output"].shape == (1, 200 - memory, N)


def test_a_recording_of_short_steps_is_binned(workplace):
    write(workplace / "column.h5", rate_hz=1000.0, trial_bins=200)
    exec(blocks("python")[0], {})
    with open_recording("binned.h5") as recording:
        assert recording.dt_ms == 10
    data = ReadoutConfig().data.model_copy(update={"activity": "spikes"})
    assert load_recording("binned.h5", data).spec.sampling_rate == 100
