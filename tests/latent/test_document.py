"""docs/latent.md: its commands are understood, and what it does with data works."""

import importlib
import json
import pathlib
import re
import shlex
import sys

import numpy as np
import pytest

from tests.latent.trainings import driven
from tests.programs import load_script, parsed
from training import latent_training
from training.latent_options import LatentOptions
from v1model import flags
from v1model.flags import config_from
from v1model.latent.checkpoints import load_latent_model
from v1model.latent.prediction import predict
from v1model.latent.settings import flag_groups
from v1model.recordings import open_recording

TEXT = pathlib.Path(__file__).parents[2] / "docs" / "latent.md"
PARSED_BY_ARGPARSE = ("diagnose_latent", "compare_latent", "options_table")
N_STEPS, N, S = 500, 5, 3


def blocks(language):
    text = TEXT.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands():
    for line in "".join(blocks("bash")).replace("\\\n", "").splitlines():
        found = re.match(r"python (?:scripts|training)/(\w+)\.py (.*)", line)
        if found:
            yield found[1], shlex.split(found[2])


@pytest.mark.parametrize("name, arguments", list(commands()))
def test_every_command_that_it_gives_is_understood(name, arguments, capsys):
    if name == "latent_training":
        given, *_, overrides = flags.texts_from(
            [name, *arguments], flag_groups(), LatentOptions, 2
        )
        latent_training.params_of(given, overrides)
        return
    script = load_script(name)
    if name == "simulate_eye":
        config_from([name, *arguments], script.SimulationConfig)
    elif name in ("import_recording", "export_fly"):
        parsed(script, *arguments)
    else:
        assert name in PARSED_BY_ARGPARSE
        with pytest.raises(SystemExit):
            script.main(["--help"])
        known = re.findall(r"--\w+", capsys.readouterr().out)
        assert {word for word in arguments if word.startswith("--")} <= set(known)


def test_every_option_and_name_that_it_gives_exists():
    text = TEXT.read_text(encoding="utf-8")
    options = {flag.name for group in flag_groups() for flag in group.flags}
    named = set(re.findall(r"`((?:training|evolver_params)\.[\w.]+)[=`]", text))
    assert len(named) > 8
    assert named <= options
    for path in re.findall(r"`((?:scripts|benchmarks|training)/[\w/]+\.py)`", text):
        assert (TEXT.parents[1] / path).is_file(), path
    for module in re.findall(r"from (v1model[\w.]*) import", text):
        importlib.import_module(module)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with arrays as a newcomer has them: mine.npz."""
    folder = tmp_path_factory.mktemp("mine")
    with open_recording(driven(folder / "source.h5", N_STEPS)) as recording:
        activity = recording.activity["voltage"].read(0, N_STEPS)
        stimulus = recording.stimulus["bars"].read(0, N_STEPS)
    arrays = {"activity": activity, "stimulus/screen": stimulus}
    np.savez(folder / "mine.npz", **arrays)
    return folder


def test_arrays_become_a_model_that_predicts_them(workplace, monkeypatch, capsys):
    """The commands for data of one's own and the example in Python, in small."""
    monkeypatch.chdir(workplace)
    own = [one for one in commands() if any("mine" in word for word in one[1])]
    assert [name for name, _ in own] == [
        "import_recording",
        "latent_training",
        "diagnose_latent",
    ]
    (_, imported), (_, trained), (_, judged) = own
    script = load_script("import_recording")
    script.convert(imported[0], parsed(script, *imported[1:]))
    small = {"epochs": 2, "steps_per_epoch": 30, "time_units": 4, "rollout_steps": 50}
    changes = [f"--training.{name}={value}" for name, value in small.items()]
    monkeypatch.setattr(sys, "argv", ["latent_training", *trained, *changes])
    latent_training.cli()
    load_script("diagnose_latent").main(judged)
    printed = capsys.readouterr().out
    assert "500 steps of 20 ms" in printed
    assert "run folder: results/latent/mine/first" in printed
    numbers = json.loads(pathlib.Path("judged/mine/scalars.json").read_text())
    assert numbers["rollout_latent_50step_diverged_starts"] == 0

    (block,) = blocks("python")
    found = {}
    exec(block, found)
    assert found["predicted"].shape == (50, N)
    assert found["error"] < found["activity"].var()
    model = load_latent_model("results/latent/mine/first")
    frames = found["stimulus"][100:150, None]
    rolled = model.rollout(found["activity"][100:101], frames)[:, 0]
    np.testing.assert_allclose(found["predicted"], rolled, rtol=1e-4, atol=1e-5)
    known = found["activity"][:101], found["stimulus"][:150]
    np.testing.assert_array_equal(predict(model, *known, 100, 50), found["predicted"])
