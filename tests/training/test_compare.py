"""v1-compare: what it prints and writes, how fast, and what it refuses."""

import pathlib
import subprocess
import sys

import pytest

from tests.comparison.fake_runs import fake_runs
from training import compare

ROOT = pathlib.Path(__file__).parents[2]


def run(*words, cwd=ROOT):
    command = [sys.executable, str(ROOT / "training" / "compare.py"), *map(str, words)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "COLUMNS": "150"},
    )


def test_it_prints_a_table_and_writes_only_what_it_is_asked_for(tmp_path):
    fake_runs(tmp_path / "runs", effects={"resnet": 0.5})
    done = run(tmp_path / "runs", "--against", "densenet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "resnet" in done.stdout and "better" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    done = run(tmp_path / "runs", "--csv", cwd=tmp_path)
    assert (tmp_path / "comparison" / "differences.csv").is_file()
    assert not (tmp_path / "comparison" / "comparison.html").exists()


def test_with_out_alone_it_writes_everything(tmp_path, capsys):
    fake_runs(tmp_path / "runs")
    out = tmp_path / "out"
    compare.main(compare.parsed([str(tmp_path / "runs"), "--out", str(out)]))
    names = {path.name for path in out.iterdir()}
    assert {"comparison.html", "hparams", "runs.csv"} <= names
    assert {"comparison_differences.png", "comparison_curves.png"} <= names
    assert capsys.readouterr().out.count("wrote ") == len(names)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nowhere"], "no run in nowhere"),
        (["runs", "--against", "nobody"], "no variant or run 'nobody'"),
        (["runs", "--score", "luck"], "has no column 'luck', choose from ["),
        (["runs", "--room", "column"], "no run of column in runs"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, words, reason):
    fake_runs(tmp_path / "runs")
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert reason in done.stderr and done.stderr.count("\n") == 1
    assert done.stderr.startswith("compare: ")


def test_help_needs_nothing_heavy_and_a_comparison_no_tensorflow(tmp_path):
    done = run("--help")
    assert done.returncode == 0 and "--against" in done.stdout
    program = (
        "import sys, training.compare\n"
        "assert 'numpy' not in sys.modules\n"
        "import v1model.comparison.comparing\n"
        "sys.exit('tensorflow' in sys.modules or 'matplotlib' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0
