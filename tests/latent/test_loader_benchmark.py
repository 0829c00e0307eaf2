"""`benchmarks/latent_loader.py` measures what it says."""

import csv
import importlib
import pathlib
import sys

import numpy as np
import pytest

from v1model.latent.source import open_source

FOLDER = pathlib.Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def program(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module("latent_loader")
    for name in ("latent_loader", "results_table"):
        sys.modules.pop(name, None)


def test_all_ways_train_on_the_same_chunks(program, tmp_path):
    program.write(tmp_path / "eye.h5", 6000, 8)
    training = program.Training(tmp_path / "eye.h5", 8, 1)
    seen = {}
    with (
        open_source(training.config) as source,
        program.ChunkLoader(
            source, training.config, 0, 6000, rows=program.ROWS, kept_bytes=0
        ) as loader,
    ):
        for way in program.WAYS:
            seen[way] = list(training._chunks(way, loader))
    expected = seen.pop("loader")
    for found in seen.values():
        assert len(found) == len(expected) > 2
        for (_, ours), (_, theirs) in zip(expected, found, strict=True):
            assert ours.keys() == theirs.keys()
            for name in ours:
                np.testing.assert_array_equal(ours[name], theirs[name])


def test_every_way_has_a_row(program, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(program, "RESULTS", tmp_path / "loader.csv")
    monkeypatch.setattr(program, "CHUNKS", 6)
    monkeypatch.setattr(program, "SLEEP_S", 0.05)
    program.main(["--neurons=8", "--steps=4200", "--updates=1"])
    with (tmp_path / "loader.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["way"] for row in rows] == [*program.WAYS] * 2
    assert float(rows[0]["waited"]) == pytest.approx(0.5, abs=0.1)
    assert float(rows[1]["seconds"]) < 0.85 * float(rows[0]["seconds"])
    assert "0.85 reached" in capsys.readouterr().out
