"""Settings of any pydantic model from YAML and dotted overrides."""

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import training
from v1model.cnn.config import ReadoutConfig
from v1model.yaml_settings import load_settings, names_of, to_yaml

FOLDER = pathlib.Path(training.__file__).parent
SHIPPED = sorted(
    path
    for path in FOLDER.glob("configs/*.yaml")
    if not path.name.startswith(("latent_", "grid_"))
)
BLOCKS = "model.convnet.blocks"


@pytest.fixture
def loaded(tmp_path):
    """Function of a YAML text and overrides to ReadoutConfig."""
    path = tmp_path / "own.yaml"

    def load(text="", **overrides):
        path.write_text(text)
        overrides = {name.replace("__", "."): v for name, v in overrides.items()}
        return load_settings(ReadoutConfig, path, overrides)

    return load


def with_(**overrides):
    return load_settings(ReadoutConfig, None, overrides)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_settings_load_and_survive_yaml(path, tmp_path):
    config = load_settings(ReadoutConfig, path)
    again = tmp_path / "again.yaml"
    again.write_text(to_yaml(config))
    assert load_settings(ReadoutConfig, again) == config
    parts = path.stem.split("_")
    if len(parts) == 4:
        kinds = (config.model.convnet, config.model.modulator, config.model.recurrent)
        assert [kind.type for kind in (*kinds, config.model.readout)] == parts


def test_six_models_are_shipped():
    assert {
        "resnet_none_convgru_gaussian",
        "resnet_none_none_gaussian",
        "densenet_none_convgru_gaussian",
        "plain_none_none_gaussian",
        "x3d_none_none_gaussian",
        "linear_nonlinear",
    } <= {path.stem for path in SHIPPED}


@given(st.floats(1e-6, 1e3), st.integers(1, 99), st.sampled_from(["a", "null b", "1"]))
def test_overrides_are_what_a_file_would_say(rate, epochs, name):
    config = load_settings(
        ReadoutConfig,
        None,
        {
            "training.learning_rate": repr(rate),
            "training.epochs": str(epochs),
            "data.activity": name,
        },
    )
    assert config.training.learning_rate == rate
    assert config.training.epochs == epochs
    assert config.data.activity == name


def test_an_override_reaches_through_lists(loaded):
    text = """
    model:
      convnet:
        type: plain
        channels: [4, 4]
        blocks: [{norm: {type: grn, eps: 0.5}}, {kernel_size: [2, 3, 3]}]
    """
    config = loaded(text, **{f"{BLOCKS}.1.norm.type": "rms", f"{BLOCKS}.1.bias": "no"})
    first, second = config.model.convnet.blocks
    assert (first.norm.type, first.norm.eps, first.bias) == ("grn", 0.5, True)
    assert (second.norm.type, second.bias) == ("rms", False)
    assert second.kernel_size == (2, 3, 3)
    config = loaded(text, **{f"{BLOCKS}.*.norm.type": "temporal_context"})
    found = {block.norm.type for block in config.model.convnet.blocks}
    assert found == {"temporal_context"}


def test_another_type_drops_what_belonged_to_the_old_one(loaded):
    text = "model: {readout: {type: gaussian, initial_std: 0.3}}"
    config = loaded(text, **{"model.readout.type": "factorized"})
    assert config.model.readout.type == "factorized"
    kept = loaded(text, **{"model.readout.type": "gaussian_sampled"})  # the same class
    assert kept.model.readout.initial_std == 0.3


@pytest.mark.parametrize("is_first", [True, False])
def test_a_type_comes_before_its_options_in_any_order(is_first):
    items = [("model.recurrent.hidden", "7"), ("model.recurrent.type", "convlstm")]
    config = with_(**dict(items[::-1] if is_first else items))
    assert (config.model.recurrent.type, config.model.recurrent.hidden) == (
        "convlstm",
        7,
    )


def test_lists_may_be_given_with_commas_or_brackets():
    for text in ("6,7", "[6, 7]"):
        config = with_(**{"model.convnet.channels": text})
        assert config.model.convnet.channels == (6, 7)
    assert with_(**{"data.behavior": "eye"}).data.behavior == ("eye",)
    assert with_(**{"data.activity": "none"}).data.activity is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "model: {convnet: {type: x3d, stem_chanels: 3}}",
            "own.yaml: model.convnet.stem_chanels is no option; the nearest is "
            "model.convnet.stem_channels.",
        ),
        ("trainig: {epochs: 3}", "trainig is no option; the nearest is training."),
        ("epochs: 3", "epochs is no option; the nearest is training.epochs."),
        (
            "model: {readout: {type: linear, initial_std: 1}}",
            "initial_std is no option of type linear; model.readout.type must be "
            "gaussian or gaussian_sampled or attention.",
        ),
        (
            "model: {convnet: {type: plain, blocks: [{norm: {type: grn, esp: 1}}]}}",
            "model.convnet.blocks.0.norm.esp is no option; the nearest is "
            "model.convnet.blocks.0.norm.eps.",
        ),
        (
            "model: {convnet: {type: resnt}}",
            "model.convnet.type must be one of none, resnet, densenet, plain, x3d, got "
            "'resnt'; the nearest is resnet.",
        ),
        (
            "model: {convnet: {channels: [3]}}",
            "own.yaml: model.convnet.type must be one of none, .* x3d, got nothing.$",
        ),
        (
            "model: {frontend: {typ: none}}",
            "got nothing; model.frontend.typ may be meant.",
        ),
        (
            "model: {convnet: {type: plain, blocks: [{norm: {type: mixed, of: "
            "[{type: grn, windw_bins: 3}, {type: none}]}}]}}",
            "blocks.0.norm.of.0.windw_bins is no option; the nearest is "
            "model.convnet.blocks.0.norm.of.0.window_bins.",
        ),
        (
            "model: {convnet: {type: plain, blocks: [{norm: {type: mixed, of: "
            "[{type: grn}, {typ: rms}]}}]}}",
            "blocks.0.norm.of.1.type must be one of none, grn, .* got nothing",
        ),
        (
            "model: {convnet: {type: plain, blocks: [{norm: {type: conditioned, base: "
            "{type: temporal_contxt}}}]}}",
            "norm.base.type must be one of grn, .* the nearest is temporal_context.",
        ),
        (
            "model: {convnet: {type: plain, blocks: [{norm: {type: conditioned, base: "
            "{type: temporal_context, tau_ms: [3]}}}]}}",
            "the nearest is model.convnet.blocks.0.norm.base.taus_ms.",
        ),
        ("training: {lr: 3}", "the nearest is training.learning_rate."),
        ("model: {readout: {type: gaussian, std: 1}}", "is model.readout.initial_std."),
        (
            "model: {recurrent: {type: convgru, kernel_size: 2}}",
            "own.yaml: model.recurrent.kernel_size must be odd, got 2.",
        ),
        ("model: {readout: gaussian}", "model.readout must hold keys and values, got"),
        ("training: {epochs: 3}\ntraining: {seed: 4}", "'training' is given twice"),
        ("training: {epochs: -1}", "own.yaml: training.epochs: .*, got -1."),
        ("training: {learning_rate: fast}", "training.learning_rate: .* got 'fast'."),
        (
            "model: {convnet: {type: plain, blocks: [{kernel_size: [3, 3]}]}}",
            "model.convnet.blocks.0.kernel_size",
        ),
        ("model: {modulator: {type: film}}", "data.behavior must name"),
        ("[1]", "must hold keys and values"),
        ("{", "is not valid YAML"),
    ],
)
def test_wrong_settings_are_named_with_the_nearest_right_one(loaded, text, message):
    with pytest.raises(ValueError, match=message):
        loaded(text)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "training.learning_rat",
            "1",
            "--training.learning_rat is no option; the",
        ),
        (f"{BLOCKS}.0.norm.typ", "x", "nearest is model.convnet.blocks.0.norm.type."),
        (
            "model.recurrent.kernel_size",
            "3",
            "no option of type none; model.recurrent.type must be convgru or convlstm.",
        ),
        (f"{BLOCKS}.4.bias", "no", r"4 must be \* or a number below 1"),
        (f"{BLOCKS}.0.norm.type", "gnr", "--model.* got 'gnr'; the nearest is grn."),
        ("training.epochs", "many", "--training.epochs: .* got 'many'."),
        ("training.epochs.more", "1", "nothing is inside of a value"),
    ],
)
def test_wrong_overrides_are_named_with_the_nearest_right_one(name, value, message):
    with pytest.raises(ValueError, match=message):
        with_(**{name: value})


def test_names_are_of_all_classes_that_an_option_may_be_of():
    names = set(names_of(ReadoutConfig))
    assert {
        "model.readout.rank",
        "model.readout.initial_std",
        "model.convnet.blocks.*.norm.taus_ms",
        "training.epochs",
    } <= names
