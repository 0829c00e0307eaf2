"""`scripts/simulate_v1.py` as a user runs it."""

import pytest

from tests.programs import load_script
from v1model.known_v1 import KnownV1Config
from v1model.recordings import open_recording

SMALL = ["--train_minutes=0.1", "--validation_minutes=0.1", "--test_minutes=0.1"]
SMALL += ["--gaborium_minutes=0", "--gratings_minutes=0", "--fixrsvp_repeats=0"]


@pytest.fixture(scope="module")
def script():
    return load_script("simulate_v1")


def test_a_recording_is_written_and_described(script, tmp_path, capsys):
    out = tmp_path / "known.h5"
    script.main([str(out), *SMALL, "--n_neurons=3", "--seed=5"])
    printed = capsys.readouterr().out
    assert "simple" in printed and "bits per spike" in printed
    with open_recording(out) as recording:
        assert recording.metadata["known_v1"]["seed"] == 5
        assert len(recording.neurons) == 3


def test_every_option_has_a_flag(script):
    options = vars(script.parser().parse_args(["a.h5"]))
    options.pop("out")
    assert script.config_from(options) == KnownV1Config()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["a.txt"], "OUT must end with .h5, got 'a.txt'"),
        (["a.h5", "--n_neurons=0"], "--n_neurons: .* got 0"),
        (["a.h5", "--lowest_hz=50"], "lowest_hz must be at most highest_hz"),
        (["a.h5", "--pictures=nowhere"], "pictures: nowhere is no folder"),
    ],
)
def test_wrong_input_ends_with_one_line(script, arguments, reason, tmp_path):
    arguments = [str(tmp_path / arguments[0]), *arguments[1:]]
    reason = reason.replace("'a.txt'", ".*a.txt'")
    with pytest.raises(SystemExit, match=reason) as error:
        script.main(arguments)
    assert "\n" not in str(error.value)
