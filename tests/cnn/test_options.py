"""Options of read-out models: what they refuse, and that they survive being written."""

import pathlib

import pytest
from pydantic import ValidationError

from v1model.cnn.config import ReadoutConfig
from v1model.cnn.core_params import BlockParams
from v1model.cnn.frontend_params import LearnableTemporalParams
from v1model.cnn.norm_params import PlainNormParams
from v1model.yaml_settings import load_settings, to_yaml

CONFIGS = pathlib.Path(__file__).parents[2] / "training/configs"
SHIPPED = [
    path
    for path in CONFIGS.glob("*.yaml")
    if "latent" not in path.name and not path.name.startswith("grid_")
]


@pytest.mark.parametrize(
    ("params", "options", "message"),
    [
        (LearnableTemporalParams, {"keep_unit_norm": True}, "needs use_weight_norm"),
        (BlockParams, {"keep_unit_norm": True}, "needs use_weight_norm"),
        (LearnableTemporalParams, {"free_channels": 1}, "free_channels must be 0"),
        (PlainNormParams, {"type": "rms", "window_bins": 2}, "must be 1 for rms"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(params, options, message):
    with pytest.raises(ValidationError, match=message):
        params.model_validate(options)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_settings_come_back_as_they_were_written(path, tmp_path):
    config = load_settings(ReadoutConfig, path)
    (tmp_path / "again.yaml").write_text(to_yaml(config))
    assert load_settings(ReadoutConfig, tmp_path / "again.yaml") == config
