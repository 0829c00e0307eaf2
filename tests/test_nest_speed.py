"""`benchmarks/nest_speed.py` and the table that benchmarks keep their results in."""

import importlib
import importlib.util
import pathlib
import sys
import types

import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "benchmarks"
NAMES = ("results_table", "running_column", "nest_speed")


@pytest.fixture(scope="module")
def programs():
    """The modules by name; they import each other as siblings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield types.SimpleNamespace(**{n: importlib.import_module(n) for n in NAMES})
        for name in NAMES:
            sys.modules.pop(name, None)


@pytest.mark.skipif(
    importlib.util.find_spec("nest") is None, reason="NEST is not installed"
)
def test_what_is_timed_makes_the_same_spikes_as_nest(programs, tmp_path, monkeypatch):
    monkeypatch.setenv("V1MODEL_CACHE", str(tmp_path))
    speed = programs.nest_speed
    case = speed.Case(neurons=500, threads=1, ms=150)
    nest = speed.time_nest(case)
    trial = speed.trial_of(case)
    exact = speed.time_engine("exact", trial)
    assert len(nest["network"].spikes) > 50
    np.testing.assert_array_equal(exact.spikes, nest["network"].spikes)
    published = speed.time_engine("published", trial)
    assert not np.array_equal(published.spikes, exact.spikes)
    whole = speed.time_whole(trial)
    assert len(whole.spikes) == pytest.approx(len(nest["whole"].spikes), rel=0.5)


def test_a_row_leaves_out_what_nests_generators_cost(programs, capsys):
    speed = programs.nest_speed
    nest = speed.Timed(0.9, np.array([3, 5, 8]))
    ours = speed.Timed(0.1, np.array([3, 5, 9]))
    row = speed.row_of(speed.Case(10, 2, 500), "exact", nest, 0.3, ours)
    assert (row["nest_s"], row["nest_inputs_s"], row["ours_s"]) == (1.8, 0.6, 0.2)
    assert (row["ratio"], row["ratio_without_inputs"]) == (9, 6)
    assert (row["nest_spikes"], row["differing_spikes"]) == (3, 2)
    assert row["nest_hz"] == 0.6
    assert "numba" in row["machine"]
    assert "exact" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("neurons", "ratio", "ours_s", "words"),
    [
        (5000, 4.0, 9.0, "4.0x, target 4x: reached"),
        (5000, 3.99, 9.0, "3.99x, target 4x: missed"),
        (51_978, 5.0, 1.6, "target 4x: reached; 1.6 s per second, target 1.5: missed"),
    ],
)
def test_the_verdict_names_what_was_missed(programs, neurons, ratio, ours_s, words):
    row = {"neurons": neurons, "ratio_without_inputs": ratio, "ours_s": ours_s}
    assert programs.nest_speed.verdict([row]).endswith(words)


def test_a_row_replaces_the_earlier_one_of_its_key(programs, tmp_path):
    table, path = programs.results_table, tmp_path / "folder" / "table.csv"

    def key(row):
        return int(row["n"])

    table.record(path, [{"n": 10, "s": 1.5}, {"n": 9, "s": 2}], key)
    table.record(path, [{"n": 10, "s": "a, b"}], key)
    assert path.read_text(encoding="utf-8") == 'n,s\n9,2\n10,"a, b"\n'


def test_a_table_of_other_columns_is_left_alone(programs, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("n,seconds\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"seconds.*'s'.*move the file"):
        programs.results_table.record(path, [{"n": 1, "s": 2}], lambda row: row["n"])
    assert path.read_text(encoding="utf-8") == "n,seconds\n1,2\n"
