"""`scripts/simulate_eye.py` and `scripts/export_fly.py` as a user runs them."""

import sys

import numpy as np
import pytest

from tests.programs import load_script, parsed
from tests.voltage_networks.circuits import circuit, published
from v1model import flags
from v1model.recordings import open_recording
from v1model.voltage_networks import (
    EyeConfig,
    load_connectome,
    network_of,
    record_eye,
    save_connectome,
)


@pytest.fixture(scope="module")
def script():
    return load_script("simulate_eye")


def config_of(*arguments, of=EyeConfig):
    return flags.config_from(["simulate_eye", *map(str, arguments)], of)


def run(script, *arguments):
    script.main(config_of(*arguments, of=script.SimulationConfig))


def test_an_eye_is_drawn_where_no_connectome_is_given(script, tmp_path, capsys):
    out = tmp_path / "eye.h5"
    figure = tmp_path / "eye.png"
    small = ("--steps", 300, "--extent", 1)
    run(script, "--out", out, "--figure", figure, *small)
    printed = capsys.readouterr()
    assert "175 (id, cell_type, role, u, v, tau_ms)" in printed.out
    assert "simulated: 300 of 300 steps (100%)" in printed.err
    assert figure.read_bytes()[1:4] == b"PNG"
    with open_recording(out) as recording:
        assert recording.n_steps == 300
        assert recording.metadata["eye"]["extent"] == 1
        assert set(recording.trials["stimulus"]) <= {"bars", "pictures"}
        assert recording.session_id == "drawn eye 0 bars+pictures 0"


def test_other_seeds_show_another_movie_to_the_same_eye(tmp_path):
    found = []
    for seed in (0, 0, 1):
        out = tmp_path / "a.h5"
        record_eye(
            config_of("--steps=200", "--extent=1", f"--seed={seed}", f"--out={out}")
        )
        with open_recording(out) as one:
            found.append((one.activity["voltage"].read(), one.connections["weight"]))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert np.abs(found[0][0] - found[2][0]).max() > 0.1
    np.testing.assert_array_equal(found[0][1], found[2][1])


def test_a_connectome_is_scaled_as_the_options_say(tmp_path):
    save_connectome(circuit(), tmp_path / "a.npz")
    path = f"--connectome={tmp_path / 'a.npz'}"
    network = network_of(config_of(path))
    np.testing.assert_allclose(network.weight, 8 * circuit().weight)
    np.testing.assert_allclose(network.bias, circuit().bias - 0.4)
    np.testing.assert_array_equal(network.tau_s, circuit().with_drawn_tau(0).tau_s)
    plain = network_of(
        config_of(path, "--weight_scale=1", "--bias_shift=0", "--tau_seed=-1")
    )
    for name in ("weight", "bias", "tau_s"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(circuit(), name))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--connectome=/nowhere.npz",), "^simulate_eye: /nowhere.npz does not exist"),
        (("--out=/dev/null/x.h5",), "^simulate_eye: .*/dev/null"),
    ],
)
def test_wrong_input_ends_with_one_line(script, arguments, message):
    with pytest.raises(SystemExit, match=message):
        run(script, *arguments)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--stimulus=bars+cats", "stimulus 'cats' is unknown; choose from bars"),
        ("--out=eye.npz", "out must end with .h5, got 'eye.npz'"),
        ("--steps=0", "steps must be positive, got 0"),
        ("--noise=-1", "noise must not be negative, got -1.0"),
    ],
)
def test_impossible_options_are_refused_before_any_work(argument, message, capsys):
    with pytest.raises(SystemExit):
        config_of(argument)
    assert message in capsys.readouterr().err


@pytest.fixture
def exporter():
    return load_script("export_fly")


def test_flyvis_is_asked_for_where_it_is_missing(exporter, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "flyvis", None)
    monkeypatch.setenv(exporter.ROOT, str(tmp_path))
    with pytest.raises(ImportError, match=r"flyvis is needed .*v1model\[fly\]"):
        exporter.export(parsed(exporter, f"--out={tmp_path / 'a.npz'}"))
    with pytest.raises(ValueError, match="out must end with .npz, got a.h5"):
        exporter.export(parsed(exporter, "--out=a.h5"))


@pytest.mark.data
@pytest.mark.slow
def test_the_exported_fly_is_the_published_one(exporter, monkeypatch, tmp_path):
    pytest.importorskip("flyvis")
    monkeypatch.setenv(exporter.ROOT, str(tmp_path))
    out = exporter.export(parsed(exporter, f"--out={tmp_path / 'a.npz'}"))
    load_connectome(out)
    with np.load(out) as found, np.load(published("conn_ext2.npz")) as expected:
        for name in expected.files:
            if expected[name].dtype.kind == "f":
                # The last digit depends on the version of PyTorch.
                np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)
            else:
                np.testing.assert_array_equal(found[name], expected[name])
