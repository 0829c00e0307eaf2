"""The benchmark of read-out models against neurons whose rates are known."""

import importlib
import pathlib
import sys

import numpy as np
import pandas as pd
import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def program(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(FOLDER)
    module = importlib.import_module("readout_oracle")
    monkeypatch.setattr(module, "RESULTS", tmp_path / "readout_oracle.csv")
    yield module
    for name in ("readout_oracle", "results_table"):
        sys.modules.pop(name, None)


def rows_of(program, **shares):
    """Rows of natural pictures with these shares by kind, the same for all models."""
    return pd.DataFrame(
        {
            "model": model,
            "stimulus": program.NATURAL,
            "kind": kind,
            "share": share,
            "centre_px": 0.5,
            "latency_bins": 0.5,
        }
        for model in program.MODELS
        for kind, share in shares.items()
    )


def missed(program, rows, minutes=10):
    targets = program.targets_of(rows, minutes)
    return [target.words for target in targets if not target.is_reached]


def test_targets_are_shares_places_a_failing_ln_and_time(program):
    rows = rows_of(program, simple=0.95, complex=0.85)
    is_ln = rows["model"] == program.LN
    (words,) = missed(program, rows)
    assert words.startswith("LN must fail on complex cells")
    rows.loc[is_ln, "share"] = 0.1
    assert missed(program, rows) == []
    assert "minutes" in missed(program, rows, minutes=31)[0]
    rows.loc[~is_ln & (rows["kind"] == "simple"), "share"] = 0.89
    assert len(missed(program, rows)) == 2
    rows.loc[~is_ln, ["centre_px", "latency_bins"]] = np.nan
    assert len(missed(program, rows)) == 10  # an unknown error is none that is small


def test_a_norm_is_put_into_the_stem_and_all_blocks(program):
    options = program.parsed(["--quick"])
    overrides = program.norm_overrides("grn", options)
    overrides.pop("training.epochs")
    path = program.MODELS[program.PLAIN]
    config = program.load_settings(
        program.ReadoutConfig, path, overrides, program.CONFIGS
    )
    convnet = config.model.convnet
    assert {part.norm.type for part in (convnet.stem, *convnet.blocks)} == {"grn"}


@pytest.mark.slow
def test_a_quick_run_says_how_far_a_model_comes(program, capsys):
    program.main(["--quick", "--models", "LN", "--norms", "--minutes=0.5"])
    printed = capsys.readouterr().out
    assert "held-out pictures" in printed
    assert "too short to be judged" in printed
    assert not program.RESULTS.exists()  # too short to be kept
