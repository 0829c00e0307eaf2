"""The terminal's table fits, and the tables in files hold what was compared."""

import pandas as pd
import pytest

from tests.comparison.fake_runs import fake_runs
from v1model.comparison.comparing import compare
from v1model.comparison.text import lines_of, short_number
from v1model.comparison.writing import write_tables

LONG = {f"core_{k}": {"model.name": f"{k}" + "long_" * 20} for k in range(3)}


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_lines_fit_the_terminal(tmp_path, width):
    fake_runs(tmp_path, LONG, effects={"core_1": 0.5})
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "starts.json").write_text("[]", encoding="utf-8")
    lines = lines_of(compare([tmp_path]), width)
    assert max(map(len, lines[:9])) <= width  # paths in problems may be longer
    text = "\n".join(lines)
    assert "better" in text and "baseline" in text and "left out, 1" in text


def test_costs_stand_beside_scores_or_below_where_the_terminal_is_narrow(tmp_path):
    fake_runs(tmp_path, LONG)
    found = compare([tmp_path])
    for width, place in ((160, 2), (80, 8)):
        heads = lines_of(found, width)[2::6]
        at = [k for k, line in enumerate(heads) if "parameters" in line]
        assert at == [(place - 2) // 6]
        assert "minutes" in heads[at[0]] and heads[at[0]].endswith("GB")


def test_numbers_are_short():
    assert short_number(1_250_000) == "1.25M"
    assert short_number(0.5) == "0.5"
    assert short_number(float("nan")) == ""


def test_tables_can_be_read_again(tmp_path):
    fake_runs(tmp_path / "runs", effects={"resnet": 0.1})
    found = compare([tmp_path / "runs"], against="densenet")
    paths = write_tables(found, tmp_path / "out")
    tables = {path.name: pd.read_csv(path) for path in paths}
    assert [*tables] == [
        "runs.csv",
        "variants.csv",
        "differences.csv",
        "by_rate.csv",
        "neurons.csv",
    ]
    assert len(tables["runs.csv"]) == 6 and len(tables["neurons.csv"]) == 40
    assert tables["differences.csv"]["difference"].tolist() == pytest.approx(
        found.differences["difference"].tolist(), rel=1e-4
    )
    assert "model.convnet.type" in tables["variants.csv"]
