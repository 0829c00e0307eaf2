"""`scripts/inspect_recording.py` as a user runs it."""

import numpy as np
import pandas as pd
import pytest
from absl import flags

from tests.programs import load_script, parsed
from tests.recordings.made_up import made_up, write
from v1model.recordings import open_recording, save_recording
from v1model.recordings.summary import group_rates, groups_of, summary_text


@pytest.fixture(scope="module")
def script():
    return load_script("inspect_recording")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write(made_up(), tmp_path_factory.mktemp("inspect") / "a.h5")


def test_every_flag_explains_itself(script):
    values = flags.FlagValues()
    script.define_flags(values)
    assert all(values[name].help.endswith(".") for name in values)


def test_one_command_says_what_is_there_and_draws_it(script, path, capsys):
    figure = script.inspect(path, parsed(script))
    assert figure == path.with_suffix(".png")
    assert figure.read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    content = made_up()
    for words in (
        f"{path}  0.",
        "made up, session s1",
        "2.5 to 2.528 s: 40 steps of 0.7 ms",
        "7 (id, layer, x, good)",
        f"{content.counts.sum():,} events",
        "120 events",
        "exact times",
        "voltage in mV, float16: mean -",
        "rate in 1/s, float64",
        "4 frames of 2 x 3, uint8",
        "stimulus gray        3 x 2 per step, float32",
        "behavior running     1 per step, float64",
        "trials               2 (start_s, stop_s, stimulus, frame)",
        "  scenes             1 of 0.005 s, 2.5 to 2.5 s",
        "invalid stretches",
        "layer             neurons  mean Hz",
    ):
        assert words in printed
    n = np.count_nonzero(content.valid) / content.valid.size
    assert f"valid                {100 * n:.4g} %" in printed


def test_figure_stretch_and_grouping_can_be_chosen(script, path, tmp_path, capsys):
    out = tmp_path / "b.svg"
    arguments = (f"--figure={out}", "--start_s=2.51", "--seconds=0.01", "--by=good")
    assert script.inspect(path, parsed(script, *arguments)) == out
    assert "here 2.5098 to 2.5196 s" in out.read_text()
    assert "True" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--figure=a.bmp", "a.bmp"),
        ("--by=depth", "no column 'depth'"),
        ("--start_s=9", "start_s must lie in"),
    ],
)
def test_wrong_flags_are_refused(script, path, flag, message):
    with pytest.raises(ValueError, match=message):
        script.inspect(path, parsed(script, flag))


def test_rates_of_groups_are_those_of_their_neurons(path):
    content = made_up()
    with open_recording(path) as recording:
        rates = group_rates(recording, by="good")
        duration = recording.duration_s
    expected = content.counts.sum(axis=0) / duration
    for row in rates.itertuples():
        own = expected[content.neurons["good"].astype(str) == row.group]
        assert row.neurons == len(own)
        assert row.mean_hz == pytest.approx(own.mean())
        assert row.median_hz == pytest.approx(np.median(own))
        assert row.silent == np.mean(own == 0)


@pytest.mark.parametrize(
    ("column", "names", "expected"),
    [
        ("population", ["e4", "i1Htr3a", "e23"], ["i1Htr3a", "e23", "e4"]),
        ("cell_type", ["e4Rorb", "i4Sst", "e23Cux2"], ["e23Cux2", "e4Rorb", "i4Sst"]),
        ("layer", ["L6", "L2/3", "L1"], ["L1", "L2/3", "L6"]),
        ("area", ["VISp", "CA1", ""], ["(none)", "CA1", "VISp"]),
        ("area", ["CA3", "CA1", "DG"], ["CA1", "CA3", "DG"]),
    ],
)
def test_groups_lie_as_layers_do_or_by_name(column, names, expected):
    found, group = groups_of(pd.DataFrame({"id": range(3), column: names}))
    assert found == expected
    assert [found[k] for k in group] == [name or "(none)" for name in names]


def test_a_table_without_groups_is_one_group():
    found, group = groups_of(pd.DataFrame({"id": range(3), "area": ["VISp"] * 3}))
    assert found == ["all neurons"] and group.tolist() == [0, 0, 0]


def test_an_empty_recording_has_a_summary(tmp_path):
    options = {"activity": {"s": np.zeros((0, 2))}, "quantities": {"s": "count"}}
    save_recording(tmp_path / "a.h5", dt_ms=1, **options)
    with open_recording(tmp_path / "a.h5") as recording:
        assert "0 steps of 1 ms" in summary_text(recording)
