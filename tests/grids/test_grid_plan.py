"""Plans: the same configurations as each program's own command line makes."""

import dataclasses
import json
import pathlib

import pytest

from tests.cnn import recorded
from tests.grids.grids import write_grid
from training.cnn_options import CnnOptions, overrides_of
from training.cnn_training import FOLDER
from training.grid_plan import baseline_of, cells_of, planned_runs, words_of
from training.grid_rooms import GRID_ROOMS, NOT_COMPUTING, option_names
from training.latent_options import LatentOptions
from training.latent_training import params_of
from v1model import flags
from v1model.cnn.config import ReadoutConfig
from v1model.config import ColumnTrainConfig
from v1model.decoders.config import DecoderConfig
from v1model.grids import load_grid
from v1model.latent.settings import flag_groups
from v1model.rooms import ROOMS
from v1model.yaml_settings import load_settings


@pytest.fixture
def recordings(tmp_path):
    """Paths of two recordings of three neurons, with ids 10, 11 and 12."""
    paths = [tmp_path / f"{name}.h5" for name in "ab"]
    for seed, path in enumerate(paths):
        recorded.write(path, seed=seed)
    return [str(path) for path in paths]


def plan(folder, **given):
    path = write_grid(folder, **given)
    grid = load_grid(path)
    return grid, planned_runs(grid, path)


def words(folder, **given):
    """The command of the first run without `python -m PROGRAM`."""
    grid, runs = plan(folder, **given)
    command = runs[0].command(grid)
    assert command[1:3] == ["-m", ROOMS[grid.room].program]
    return runs[0], command[2:]


def refusal(folder, **given):
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        plan(folder, **given)
    return str(caught.value)


def as_json(value):
    return json.loads(json.dumps(value))


def test_the_column_is_given_the_options_of_the_grid(tmp_path):
    options = {"column.gauss_std": 0.5, "trials.delays": [100, 150], "n_epochs": 3}
    options |= {"network.caching": False}
    run, command = words(tmp_path, options=options, seeds=[7])
    config = flags.config_from(command, ColumnTrainConfig)
    assert config.column.gauss_std == 0.5
    assert config.trials.delays == (100, 150)
    assert config.network.seed == 7
    assert not config.network.caching
    assert config.run_name == run.name
    assert config.results_dir == str(tmp_path / "results")
    assert run.resolved.config["column"] == dataclasses.asdict(config.column)
    assert run.resolved.epochs == 3


def test_a_read_out_model_is_given_the_options_of_the_grid(tmp_path, recordings):
    run, command = words(
        tmp_path,
        room="cnn",
        settings="configs/resnet_none_none_gaussian.yaml",
        options={
            "model.convnet.blocks.*.norm.type": "lrn",
            "training.epochs": 4,
            "model.convnet.channels": [4, 5],
            "data.split_by": None,
            "monitoring.fast_every": 3,
        },
        recordings={"files": recordings},
    )
    texts, rest = overrides_of(command, ReadoutConfig)
    options = flags.config_from(rest, CnnOptions)
    config = load_settings(ReadoutConfig, options.model, texts, FOLDER)
    assert list(options.recordings) == recordings
    assert options.run_name == run.name
    assert options.monitoring.fast_every == 3
    assert config.model.convnet.channels == (4, 5)
    assert [block.norm.type for block in config.model.convnet.blocks] == ["lrn"] * 2
    assert run.resolved.config == config.model_dump(mode="json")
    assert run.resolved.epochs == 4


def test_a_latent_model_is_given_the_options_of_the_grid(tmp_path, recordings):
    run, command = words(
        tmp_path,
        room="latent",
        settings="configs/latent_1step.yaml",
        options={"training.epochs": 2, "training.acquisition_mode": "all_time_points"},
        recordings={"files": recordings[:1]},
    )
    arguments, options, texts = flags.texts_from(
        command, flag_groups(), LatentOptions, 2
    )
    params = params_of(arguments, texts)
    assert params.training.training_data_path == recordings[0]
    assert params.training.epochs == 2
    # The folder of the run is results_dir / experiment / run_name.
    folder = pathlib.Path(options.results_dir) / arguments[0]
    assert folder / options.run_name == tmp_path / "results" / run.name
    expected = params.model_dump(mode="json")
    expected["training"]["training_data_path"] = ""
    assert run.resolved.config == expected


def test_a_decoder_is_given_the_options_of_the_grid(tmp_path, recordings):
    run, command = words(
        tmp_path,
        room="decoder",
        options={"decoder": "lstm", "network.width": [8], "session.drop": [-1, 3]},
        recordings={"files": recordings, "subset": "one"},
        seeds=[4],
    )
    config = flags.config_from(command, DecoderConfig)
    assert config.decoder == ("lstm",)
    assert config.network.width == (8,)
    assert config.session.drop == (-1, 3)
    assert config.session.recording == (recordings[0],)
    assert config.seed == 4
    assert run.resolved.config["network"] == dataclasses.asdict(config.network)


@pytest.mark.parametrize(("room", "option"), [("cnn", "data.units"), ("decoder", None)])
def test_single_units_are_a_run_each(tmp_path, recordings, room, option):
    given = {"files": recordings, "subset": "units", "limit": 2}
    grid, runs = plan(tmp_path, room=room, recordings=given)
    assert [run.point.subset.unit for run in runs] == [10, 11, 10, 11]
    assert [cells_of(run.point)["recordings"] for run in runs] == [
        "a_unit10",
        "a_unit11",
        "b_unit10",
        "b_unit11",
    ]
    parts = [run.resolved.config[{"cnn": "data"}.get(room, "session")] for run in runs]
    assert [list(part["units"]) for part in parts] == [[10], [11], [10], [11]]
    given["limit"] = 0
    assert len(plan(tmp_path, room=room, recordings=given)[1]) == 6


def test_the_id_follows_from_what_is_computed_alone(tmp_path, recordings):
    (tmp_path / "else").mkdir()
    given = {
        "room": "cnn",
        "options": {"training.epochs": 3, "training.batch_size": 4},
        "recordings": {"files": recordings},
    }

    def ids(folder=tmp_path, **changes):
        return [run.identity for run in plan(folder, **given | changes)[1]]

    (first,) = ids()
    turned = dict(reversed(given["options"].items()))
    assert ids(options=turned) == [first]
    assert ids(tmp_path / "else") == [first]  # grid file and results lie there
    assert ids(options={**given["options"], "monitoring.slow_every": 7}) == [first]
    assert ids(options={**given["options"], "loss.rate_weight_alpha": 0.0}) == [first]
    axes = {"product": {"training.epochs": [3, 5]}}
    assert ids(axes=axes)[0] == first
    assert ids(axes=axes)[1] != first
    assert ids(seeds=[2]) != [first]
    assert ids(options={"training.epochs": 3}) != [first]
    assert ids(recordings={"files": recordings[:1]}) != [first]
    recorded.write(tmp_path / "a.h5", seed=9)
    assert ids() != [first]


@pytest.mark.parametrize("config_class", [ColumnTrainConfig, DecoderConfig])
def test_every_option_that_computes_changes_the_id(tmp_path, config_class):
    """No option is forgotten: each is in the config, or among those that do not."""
    room = "column" if config_class is ColumnTrainConfig else "decoder"
    _, runs = plan(tmp_path, room=room)

    def names(options, prefix=""):
        for name, value in options.items():
            if isinstance(value, dict):
                yield from names(value, f"{prefix}{name}.")
            else:
                yield prefix + name

    found = set(names(runs[0].resolved.config))
    others = set(option_names(config_class)) - found
    assert {name.rpartition(".")[2] for name in others} <= NOT_COMPUTING
    assert {"column": "column.gauss_std", "decoder": "network.width"}[room] in found


@pytest.mark.parametrize("room", ROOMS)
def test_an_unknown_option_is_answered_with_the_nearest(tmp_path, recordings, room):
    name = {"column": "column.gauss_std", "decoder": "network.dropout"}.get(
        room, "training.learning_rate"
    )
    given = {"recordings": {"files": recordings[:1]}} if room != "column" else {}
    text = refusal(tmp_path, room=room, options={f"{name}x": 1}, **given)
    assert text.startswith(f"{tmp_path}/grid.yaml: options: {name}x is no option")
    assert f"the nearest is {name}" in text


def test_an_error_names_the_grid_file_the_axis_and_the_value(tmp_path, recordings):
    text = refusal(
        tmp_path,
        room="cnn",
        axes={
            "product": {
                "training.epochs": [1, 2],
                "core": {"good": {}, "bad": {"model.convnet.type": "resnett"}},
            }
        },
        recordings={"files": recordings},
    )
    assert text.startswith(f"{tmp_path}/grid.yaml: axes, core: bad: model.convnet.type")
    assert "resnett" in text
    assert "the nearest is resnet" in text
    text = refusal(tmp_path, axes={"product": {"column.gauss_std": [1, -1]}})
    assert "axes, column.gauss_std: -1: gauss_std must be positive, got -1.0" in text


def test_options_that_do_not_go_together_are_named_together(tmp_path):
    axes = {"product": {"steps_per_epoch": [10], "validate_every": [5, 4]}}
    text = refusal(tmp_path, options={"validate_every": 5}, axes=axes)
    assert "steps_per_epoch=10, validate_every=4, seed=1: validate_every must" in text


def test_two_runs_that_are_the_same_are_refused(tmp_path):
    axes = {"one_at_a_time": {"narrow": {"column.gauss_std": 0.28}}}
    text = refusal(tmp_path, axes=axes)  # 0.28 is the default
    assert "two runs would be the same: one_at_a_time=base, seed=1; and" in text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"options": {"network.seed": 1}}, "network.seed is given by seeds"),
        ({"options": {"results_dir": "x"}}, "results_dir is given by the grid"),
        ({"room": "cnn"}, "room cnn needs recordings"),
        ({"recordings": {"files": ["no.h5"]}}, "recordings.files: no.h5 does not"),
        ({"room": "decoder", "options": {"decoder": "all"}}, "decoder must be one"),
        ({"room": "decoder", "options": {"seeds": 3}}, "seeds must be 1 in a grid"),
        ({"results_dir": "."}, "results_dir must end with a plain name"),
        ({"compare": {"against": {"a": 1}}}, "compare.against must name values"),
        (
            {
                "room": "cnn",
                "recordings": {"simulate": 1, "simulation": {"train_minute": 2}},
            },
            "recordings.simulation: train_minute is no option; the nearest is train_m",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path, given, text):
    assert text in refusal(tmp_path, **given)
    assert [path.name for path in tmp_path.iterdir()] == ["grid.yaml"]


def test_rooms_say_which_recordings_they_cannot_have(tmp_path, recordings):
    both = {"files": recordings}
    units = {"files": recordings, "subset": "units"}
    assert "takes no recordings" in refusal(tmp_path, recordings=both)
    for room in ("latent", "decoder"):
        text = refusal(tmp_path, room=room, recordings=both)
        assert "recordings.subset must be one, got 2 files" in text
    for room in ("latent", "column"):
        text = refusal(tmp_path, room=room, recordings=units)
        assert f"{room} needs all of them" in text


def test_known_neurons_need_not_be_simulated_to_be_named(tmp_path):
    given = {"simulate": 2, "simulation": {"train_minutes": 2}}
    grid, runs = plan(tmp_path, room="cnn", recordings=given)
    assert not (tmp_path / "results").exists()
    (word,) = (w for w in runs[0].command(grid) if w.startswith("--recordings="))
    assert len(word.split(",")) == 2
    given["simulation"] = {"train_minutes": 3}
    assert plan(tmp_path, room="cnn", recordings=given)[1][0].name != runs[0].name


def test_the_baseline_of_the_comparison_is_a_run_with_its_values(tmp_path):
    axes = {"product": {"column.gauss_std": [0.1, 0.2], "batch_size": [2, 3]}}
    compare = {"against": {"column.gauss_std": 0.2}}
    grid, runs = plan(tmp_path, axes=axes, compare=compare)
    found = baseline_of(grid, runs)
    assert words_of(found.point) == "column.gauss_std=0.2, batch_size=2, seed=1"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("configs/grid_*.yaml")))
def test_shipped_grids_can_be_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    grid = load_grid(path)
    runs = planned_runs(grid, path)
    assert len({run.identity for run in runs}) == len(runs) > 1
    assert not any(tmp_path.iterdir())


def test_every_room_has_a_way_into_a_grid():
    assert {*GRID_ROOMS} == {*ROOMS}
