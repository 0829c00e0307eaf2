"""Settings of the latent evolver: YAML, overrides, and what is refused."""

import pathlib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import training
from v1model import flags
from v1model.config import DistributionConfig
from v1model.latent.config import (
    ACQUISITIONS,
    STIMULUS_FREQUENCIES,
    ModelParams,
    TrainingConfig,
)
from v1model.latent.settings import (
    REASONS,
    flag_groups,
    leaves,
    load_params,
    run_name,
)
from v1model.runs.options_text import flat, options_of
from v1model.yaml_files import find_file
from v1model.yaml_settings import to_yaml

FOLDER = pathlib.Path(training.__file__).parent
SHIPPED = sorted(FOLDER.glob("configs/latent_*.yaml")) + sorted(
    FOLDER.glob("published/*.yaml")
)


def parsed(*words):
    return flags.texts_from(["prog", *words], flag_groups(), DistributionConfig, 2)


def params_with(*words):
    return load_params(None, parsed(*words)[2])


def write(folder, text):
    path = folder / "settings.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_shipped_settings_load_and_survive_yaml(path, tmp_path):
    params = load_params(path)
    again = write(tmp_path, to_yaml(params))
    assert load_params(again) == params


def test_four_trainings_are_shipped_with_their_intervals():
    found = {
        path.stem: (params.training.time_units, params.training.acquisition_mode.mode)
        for path in SHIPPED
        if (params := load_params(path))
    }
    assert found == {
        "latent_1step": (1, "all_time_points"),
        "latent_20step": (20, "time_aligned"),
        "latent_50step": (50, "time_aligned"),
        "latent_stag_20step": (20, "staggered_random"),
    }


def test_published_values_are_those_of_the_table():
    params = load_params("published/latent_20step.yaml", folder=FOLDER)
    t = params.training
    assert (t.learning_rate, t.batch_size, t.epochs, t.seed) == (1e-5, 256, 100, 234)
    assert (t.reconstruction_warmup_epochs, t.evolve_multiple_steps) == (10, 5)
    assert (t.normalization, t.grad_clip_max_norm) == ("none", 0.0)
    assert (
        load_params("published/latent_50step.yaml", folder=FOLDER).training.epochs == 30
    )


@given(
    st.sampled_from(STIMULUS_FREQUENCIES),
    st.sampled_from(ACQUISITIONS),
    st.floats(1e-8, 1.0),
)
def test_options_survive_yaml(frequency, mode, rate):
    """Published names of choices once became numbers or tags of Python."""
    given_ = {
        "time_units": 2,
        "stimulus_frequency": frequency,
        "acquisition_mode": mode,
        "learning_rate": rate,
    }
    params = ModelParams(training=TrainingConfig(**given_))
    text = to_yaml(params)
    assert f"stimulus_frequency: {frequency}" in text
    assert "!!" not in text
    assert ModelParams.model_validate(yaml.safe_load(text)) == params


def test_a_mode_may_stand_alone(tmp_path):
    path = write(tmp_path, "training: {time_units: 5, acquisition_mode: time_aligned}")
    params = load_params(path, {"training.acquisition_mode.seed": "7"})
    assert params.training.acquisition_mode.mode == "time_aligned"
    assert params.training.acquisition_mode.seed == 7


def test_every_option_has_a_flag_with_its_help():
    groups = flag_groups()
    names = [flag.name for group in groups for flag in group.flags]
    assert len(set(names)) == len(names)
    assert {leaf.name for leaf in leaves()} <= set(names)
    assert set(flat(options_of(ModelParams()))) - set(names) == {"training.data_split"}
    page = flags.help_page("Trains.", "prog", groups)
    assert max(map(len, page.splitlines())) <= 88
    for group in groups:
        for flag in group.flags:
            assert flag.help.endswith(".")
            assert f"--{flag.name}" in page or f"--[no]{flag.name}" in page


def test_flags_go_over_the_file(tmp_path):
    path = write(tmp_path, "latent_dims: 3\ntraining: {learning_rate: 1e-2, epochs: 4}")
    arguments, _, texts = parsed("exp", str(path), "--training.learning_rate", "1e-4")
    assert arguments == ["exp", str(path)]
    params = load_params(path, texts)
    assert params.latent_dims == 3
    assert params.training.epochs == 4
    assert params.training.learning_rate == 1e-4


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--training.learning_rate=1e-4"], "training.learning_rate", 1e-4),
        (["--evolver_params.zero_init=false"], "evolver_params.zero_init", False),
        (["--noevolver_params.zero_init"], "evolver_params.zero_init", False),
        (["--nouse_batch_norm"], "use_batch_norm", False),
        (["--num_neurons=null"], "num_neurons", None),
        (["--training.stimulus", "null"], "training.stimulus", None),
        (["--training.training_data_path=12"], "training.training_data_path", "12"),
        (
            ["--training.time_units=5", "--training.acquisition_mode=time_aligned"],
            "training.acquisition_mode.mode",
            "time_aligned",
        ),
        (
            ["--cross_validation_configs=[{name: a, path: b.h5}]"],
            "cross_validation_configs",
            [
                {
                    "name": "a",
                    "path": "b.h5",
                    "simulation_config": None,
                    "start": 0,
                    "end": None,
                    "data_split": None,
                }
            ],
        ),
    ],
)
def test_a_flag_sets_its_option(words, name, value):
    assert flat(options_of(params_with(*words)))[name] == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("latent_dim: 3", "latent_dim is no option; the nearest is latent_dims."),
        (
            "training: {learning_rat: 1}",
            "training.learning_rat is no option; the nearest is .*learning_rate.",
        ),
        (
            "learning_rate: 1",
            "learning_rate is no option; the nearest is training.learning_rate.",
        ),
        (
            "training: {epochs: many}",
            "training.epochs: input should be a valid integer",
        ),
        ("training: {batch_size: 0}", "training.batch_size: .* equal to 1, got 0."),
        ("activation: Module", "activation: input should be 'ReLU', 'Tanh'"),
        (
            "training: {loss_function: Module}",
            "training.loss_function: input should be",
        ),
        ("training: 3", "training: input should be .*TrainingConfig, got 3."),
        ("[1, 2]", "must hold keys and values"),
        ("a: [1", "is not valid YAML"),
        (
            "encoder_params: {num_hidden_units: 3}",
            "decoder_params.num_hidden_units must be that of encoder_params, 3",
        ),
        ("use_batch_norm: true", "use_batch_norm needs encoder_params.use_input_skips"),
        (
            "training: {stimulus_frequency: NONE}",
            "training.stimulus_frequency must be ALL with time_units 1, got NONE",
        ),
        (
            "training: {epochs: 2, rollout_curriculum_epochs: 3}",
            "training.rollout_curriculum_epochs must be at most epochs 2, got 3",
        ),
        (
            "training: {early_stop_intervening_mse: true}",
            "training.early_stop_intervening_mse needs time_units above 1",
        ),
        (
            "training: {data_split: {train_start: 5, train_end: 5, "
            "validation_start: 5, validation_end: 9}}",
            "training.data_split.train_end must be above 5, got 5",
        ),
        (
            "training: {data_split: {train_start: 0, train_end: 5, "
            "validation_start: 4, validation_end: 9}}",
            "training.data_split.validation_start must leave out the steps 0 to 5",
        ),
        ("cross_validation_configs: [{name: a}]", "0.path or simulation_config must"),
        (
            "cross_validation_configs: [{name: a/b, path: c}]",
            "name must be a plain folder name, got 'a/b'",
        ),
        (
            "num_neurons: 5\ntraining: {unconnected_to_zero: {num_neurons: 6}}",
            "must be at most num_neurons 5, got 6",
        ),
    ],
)
def test_what_is_wrong_is_named_with_file_key_and_value(text, reason, tmp_path):
    path = write(tmp_path, text)
    with pytest.raises(ValueError, match=reason) as refused:
        load_params(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("key", REASONS)
def test_options_that_were_given_up_are_refused_with_the_reason(key, tmp_path):
    place = "evolver_params" if key.startswith(("learn", "use_mlp")) else "training"
    name = key if "." in key else f"{place}.{key}"
    group, _, last = name.partition(".")
    path = write(tmp_path, f"{group}: {{{last}: 1}}")
    with pytest.raises(ValueError, match="is no longer an option: ") as refused:
        load_params(path)
    assert REASONS[key] in str(refused.value)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--training.learning_rat=1"], "training.learning_rate"),
        (["--training.latent_noise=inf"], "--training.latent_noise: input should be a"),
        (["--training.seed=4294967296"], "--training.seed: input should be less"),
        (["--training.epochs=-1"], "--training.epochs: input should be greater"),
        (["--training.data_split.train_end=9"], "data_split.train_start: field req"),
        (["a", "b", "c"], "unexpected arguments c"),
    ],
)
def test_a_wrong_flag_ends_with_one_line(words, reason, capsys):
    with pytest.raises((SystemExit, ValueError)) as refused:
        params_with(*words)
    assert reason in capsys.readouterr().err + str(refused.value)


def test_a_file_is_looked_for_here_and_then_among_the_shipped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "configs/latent_20step.yaml"
    assert find_file(name, FOLDER) == FOLDER / name
    (tmp_path / "configs").mkdir()
    (tmp_path / name).write_text("latent_dims: 2")
    assert load_params(name, folder=FOLDER).latent_dims == 2
    with pytest.raises(
        FileNotFoundError, match="nearest is .*step.yaml; shipped are .*latent_1step"
    ):
        find_file("configs/latent_7step.yaml", FOLDER)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (
            ["--training.time_units=20", "--training.learning_rate", "0.0001"],
            "tu20_lr0.0001",
        ),
        (
            ["--training.learning_rate=1e-4", "--training.time_units", "20"],
            "lr1e-4_tu20",
        ),
        (["--noevolver_params.zero_init"], "zero_initfalse"),
        (["--training.acquisition_mode=staggered_random"], "acqstaggered_random"),
        (["--training.training_data_path=/a/b/c.h5"], "datac"),
        (["--training.column_to_model=a/b c"], "training_column_to_modela-b-c"),
        ([], ""),
    ],
)
def test_a_run_is_named_after_its_flags_in_their_order(words, name):
    """Published paths lost the mode and misread switches, lists and slashes."""
    assert run_name(parsed("exp", *words)[2]) == name


@given(st.dictionaries(st.sampled_from([leaf.name for leaf in leaves()]), st.text()))
def test_a_name_is_always_one_folder(overrides):
    name = run_name(overrides)
    assert name == pathlib.PurePath(name).name or not name
    assert len(name.encode()) < 200


def test_what_is_wrong_inside_an_option_is_not_said_of_the_file(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("latent_dims: 8")
    given = {"cross_validation_configs": "[{nam: a}]"}
    with pytest.raises(ValueError, match="^cross_validation_configs.0.nam is"):
        load_params(path, given)
