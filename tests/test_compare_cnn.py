"""Comparison of evaluations: what is written is read, seeds meet their baseline."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.programs import load_script


@pytest.fixture(scope="module")
def script():
    return load_script("compare_cnn")


def evaluation(folder, seed, bps, minutes=2.0):
    folder.mkdir()
    numbers = pd.DataFrame({"neurons": ["all", "simple"], "bps_mean": [bps, 9.0]})
    numbers.to_csv(folder / "numbers.csv", index=False)
    about = {"seed": seed, "minutes": minutes}
    (folder / "run.json").write_text(json.dumps(about))
    return folder


def test_rows_are_trainings_and_recordings_of_one_are_averaged(script, tmp_path):
    given = [
        f"{option}={evaluation(tmp_path / f'{option}{seed}{k}', seed, bps + 0.1 * k)}"
        for option, bps in (("baseline", 0.5), ("mask", 0.7))
        for seed in (1, 2)
        for k in (0, 1)
    ]
    paths = [tmp_path / "options.csv", tmp_path / "options.png"]
    script.main([*given, f"--table={paths[0]}", f"--figure={paths[1]}"])
    table = pd.read_csv(paths[0])
    assert list(table["option"]) == ["baseline", "baseline", "mask", "mask"]
    assert list(table["seed"]) == [1, 2, 1, 2]
    np.testing.assert_allclose(table["bps_mean"], [0.55, 0.55, 0.75, 0.75])
    np.testing.assert_allclose(table["minutes"], 2)
    assert paths[1].stat().st_size > 1000


def test_what_cannot_be_compared_is_refused(script, tmp_path, capsys):
    with pytest.raises(SystemExit, match="say OPTION=FOLDER, got 'here'"):
        script.main(["here"])
    with pytest.raises(SystemExit, match="has no numbers.csv"):
        script.main([f"mask={tmp_path}"])
    folder = evaluation(tmp_path / "mask", 1, 0.5, None)
    with pytest.raises(SystemExit, match=r"without one: \[1\]"):
        script.main([f"mask={folder}"])
