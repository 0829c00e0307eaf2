"""`scripts/measure_rates.py` as a user runs it."""

import csv
import dataclasses

import pytest
from absl import flags

from tests.programs import load_script, parsed
from v1model.network.populations import ROUGH_POPULATIONS


@pytest.fixture(scope="module")
def script():
    return load_script("measure_rates")


pytestmark = pytest.mark.usefixtures("own_cache")


def test_every_flag_explains_itself(script):
    values = flags.FlagValues()
    script.define_flags(values)
    assert all(values[name].help.endswith(".") for name in values)


def test_the_figure_the_csv_and_the_table_agree(script, tmp_path, capsys):
    out = tmp_path / "figures" / "rates.png"
    rows = script.measure(
        parsed(
            script,
            "--neurons=1000",
            "--directions=0,90",
            "--duration_ms=200",
            "--trials=1",
            f"--out={out}",
        )
    )
    assert [row.population for row in rows] == [*ROUGH_POPULATIONS, "network"]
    assert rows[-1].cells == 1000 == sum(row.cells for row in rows[:-1])
    assert out.read_bytes().startswith(b"\x89PNG")
    with out.with_suffix(".csv").open() as file:
        stored = list(csv.DictReader(file))
    assert [row["population"] for row in stored] == [row.population for row in rows]
    printed = capsys.readouterr().out
    for row, line in zip(rows, stored, strict=True):
        assert float(line["rate_hz"]) == pytest.approx(row.rate_hz, abs=1e-3)
        assert line["verdict"] == row.verdict
        assert f"{row.population:12} {row.cells:7,} {row.rate_hz:6.2f}" in printed


def test_a_rate_is_judged_by_its_band(script):
    row = script.Row("e4", 10, 2.0, 0.8, 4.0, 1.7, 1.9)
    verdicts = {
        rate: dataclasses.replace(row, rate_hz=rate).verdict
        for rate in (0.7, 0.8, 4.0, 4.1)
    }
    assert verdicts == {0.7: "low", 0.8: "inside", 4.0: "inside", 4.1: "high"}
    assert dataclasses.replace(row, rate_hz=float("nan")).verdict == "no cells"


def test_a_wrong_direction_is_refused_with_its_value(script):
    with pytest.raises(ValueError, match="'north'"):
        script.measure(parsed(script, "--directions=0,north"))
    with pytest.raises(ValueError, match="at least one"):
        script.measure(parsed(script, "--directions="))
