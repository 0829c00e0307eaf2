"""`scripts/measure_tuning.py` as a user runs it."""

import csv

import numpy as np
import pytest
from absl import flags

from tests.programs import load_script, parsed
from v1model import metrics
from v1model.network.physiology import physiology_targets
from v1model.network.populations import ROUGH_POPULATIONS, rough_population


@pytest.fixture(scope="module")
def script():
    return load_script("measure_tuning")


pytestmark = pytest.mark.usefixtures("own_cache")


def test_every_flag_explains_itself(script):
    values = flags.FlagValues()
    script.define_flags(values)
    assert all(values[name].help.endswith(".") for name in values)


def test_the_figure_the_csv_the_table_and_the_neurons_agree(script, tmp_path, capsys):
    out, neurons = tmp_path / "figures" / "tuning.png", tmp_path / "neurons.npz"
    rows = script.measure(
        parsed(
            script,
            "--neurons=1000",
            "--directions=4",
            "--duration_ms=300",
            "--trials=1",
            f"--neurons_out={neurons}",
            f"--out={out}",
        )
    )
    assert out.read_bytes().startswith(b"\x89PNG")
    assert [row.population for row in rows] == [*ROUGH_POPULATIONS]
    assert sum(row.cells for row in rows) == 1000
    stored = np.load(neurons)
    directions = stored["directions"]
    np.testing.assert_array_equal(directions, [0, 90, 180, 270])
    # Whole spikes in 0.3 s of each direction.
    np.testing.assert_allclose(stored["rates"] * 0.3 % 1 % 0.999, 0, atol=2e-3)
    population = rough_population(stored["pop_name"])
    with out.with_suffix(".csv").open() as file:
        lines = list(csv.DictReader(file))
    printed = capsys.readouterr().out
    for row, line in zip(rows, lines, strict=True):
        rates = stored["rates"][population == row.population]
        rates = rates[rates.sum(axis=1) > 0]
        assert row.active == len(rates)
        target = physiology_targets()[row.population]
        for index, measure in (("osi", metrics.osi), ("dsi", metrics.dsi)):
            found = float(line[f"{index}_median"])
            if len(rates):
                expected = np.median(measure(rates, directions))
                assert found == pytest.approx(expected, abs=1e-3)
            assert float(line[f"{index}_published"]) == pytest.approx(
                target[f"bil_{index.upper()}_median"], abs=1e-3
            )
        assert f"{row.population:10}{row.cells:7,}{row.active:7,}" in printed
    for what in ("direction", "orientation"):
        assert f"referred {what}" in printed


def test_untuned_neurons_score_what_the_chance_column_says(script):
    """The double check: Poisson neurons go through the same pipeline."""
    rng = np.random.default_rng(0)
    rate = rng.gamma(2, 2, 5000)  # Hz
    counts = rng.poisson(rate[:, None] * 10, (5000, 8))
    tuning = script.Tuning(counts, np.arange(8) * 45.0)
    measured = script.Measurement(
        tuning, tuning.untuned(rng), tuning.beyond_chance(rng)
    )
    found = script._selectivities(measured, np.ones(5000, bool))
    for selectivity in found.values():
        median = np.median(selectivity.measured)
        assert median < 0.08
        assert median == pytest.approx(np.median(selectivity.untuned), rel=0.05)
        assert selectivity.beyond_chance < 0.06


def test_the_verdict_follows_the_kind_of_cell(script):
    cases = {
        ("e23", 0.1): "<",
        ("e23", 0.3): " ",
        ("e6", 0.5): ">",
        ("i4Pvalb", 0.3): ">",
        ("i4Pvalb", 0.1): " ",
        ("i4Sst", 0.9): " ",
        ("e5", np.nan): " ",
    }
    for (population, median), mark in cases.items():
        assert script._verdict(population, median, script.EXPECTED_OSI) == mark


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--out=tuning.bmp", "tuning.bmp"),
        ("--neurons_out=a.csv", "a.csv"),
        ("--weights=nowhere.keras", "nowhere.keras do not exist"),
        ("--data_dir=nowhere", "data_dir nowhere does not exist"),
        ("--neurons=20", "20"),
    ],
)
def test_wrong_flags_are_refused_with_their_value(script, flag, message):
    with pytest.raises((ValueError, OSError), match=message):
        script.measure(parsed(script, flag))


def test_two_directions_are_too_few(script):
    with pytest.raises(flags.IllegalFlagValueError, match="--directions=2"):
        parsed(script, "--directions=2")
