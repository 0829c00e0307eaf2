"""`scripts/build_network.py` as a user runs it."""

import dataclasses

import pytest

from training import build_network
from v1model import flags
from v1model.network.billeh import read_glif_network


def parsed(*arguments):
    argv = ["build_network", *map(str, arguments)]
    return flags.config_from(argv, build_network.BuildOptions)


def test_help_has_an_example_and_every_option(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["v1-build-network", "--help"])
    build_network.cli()
    page = capsys.readouterr().out
    assert "\n    v1-build-network --neurons 5000 --out GLIF_network" in page
    for field in dataclasses.fields(build_network.BuildOptions):
        assert f"{field.name}" in page
        assert field.metadata["help"].endswith(".")


def test_the_folder_and_the_summary_agree(tmp_path, capsys):
    out = tmp_path / "net"
    build_network.build(parsed("--neurons=500", "--out", out))
    captured = capsys.readouterr()
    network = read_glif_network(out)
    assert network.n_neurons == 500
    assert f"{len(network.recurrent):,} recurrent synapses" in captured.out
    assert "e23Cux2" in captured.out
    with pytest.raises(FileExistsError, match="--overwrite"):
        build_network.build(parsed("--neurons=500", "--out", out))
    build_network.build(parsed("--neurons=501", "--out", out, "--overwrite"))
    assert read_glif_network(out).n_neurons == 501


def test_a_file_in_the_way_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="file"):
        build_network.build(parsed("--out", tmp_path / "file"))


def test_nothing_is_written_for_an_impossible_size(tmp_path):
    with pytest.raises(ValueError, match="12"):
        build_network.build(parsed("--neurons=12", "--out", tmp_path / "net"))
    assert not (tmp_path / "net").exists()


def test_progress_on_a_terminal_stays_on_its_line():
    class Terminal:
        text = ""

        def isatty(self):
            return True

        def write(self, text):
            self.text += text

        def flush(self):
            pass

    terminal = Terminal()
    progress = build_network.Steps(terminal)
    progress("step", 0.5)
    progress("step", 1.0)
    assert terminal.text.count("\n") == 1
    assert terminal.text.count("\r") == 2
    assert " 50%" in terminal.text
