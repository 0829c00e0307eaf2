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


def test_medians_are_of_cells_that_can_be_judged_and_lost_fields_are_far_away(program):
    table = pd.DataFrame({"oracle_share": [0.9, 0.8, np.nan, 0.7, 0.1]})
    for name in ("bps", "oracle_bps", "bps_affine", "gain_gap", "gain", "corr"):
        table[name] = [1.0, 2.0, 99.0, 3.0, 4.0]
    table["oracle_corr"] = 2.0
    table["model_rf_error_px"] = [0.5, 1.0, 0.0, np.nan, np.nan]
    table["model_latency_error_ms"] = [-10.0, 20.0, 0.0, 5.0, np.nan]
    found = program.scores_of(table, bin_ms=10.0)
    assert (found["n"], found["share"], found["bps"]) == (4, 0.75, 2.5)
    assert found["corr_share"] == 1.25
    assert (found["centre_px"], found["latency_bins"]) == (np.inf, 1.5)
    nobody = program.scores_of(table[2:3], bin_ms=10.0)
    assert nobody["n"] == 0 and np.isnan(nobody["share"])


def test_pictures_that_cannot_be_used_end_with_one_line(program, tmp_path):
    with pytest.raises(SystemExit, match="readout_oracle: pictures: .* at least 3"):
        program.main(["--pictures", str(tmp_path)])
    with pytest.raises(SystemExit):
        program.main(["--models", "--norms"])


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
