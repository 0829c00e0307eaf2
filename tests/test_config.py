"""Configurations refuse what cannot be, naming the option and its value."""

import dataclasses
import json

import pytest

from v1model.config import (
    ColumnConfig,
    ColumnTrainConfig,
    NetworkConfig,
    TaskConfig,
)
from v1model.options import from_dict


def test_a_config_survives_json():
    config = ColumnTrainConfig(
        network=NetworkConfig(neurons=700), trials=TaskConfig(task="10class")
    )
    text = json.dumps(dataclasses.asdict(config))
    assert from_dict(ColumnTrainConfig, json.loads(text)) == config


def test_intervals_and_epochs_make_the_same_steps():
    config = ColumnTrainConfig(n_epochs=3, steps_per_epoch=10, validate_every=5)
    assert (config.interval, config.total_steps) == (5, 30)
    assert ColumnTrainConfig(steps_per_epoch=10).interval == 10


def test_an_unknown_option_is_refused():
    with pytest.raises(ValueError, match="nerons"):
        from_dict(NetworkConfig, {"nerons": 3})


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (ColumnTrainConfig, {"batch_size": 0}, "batch_size must be positive, got 0"),
        (ColumnTrainConfig, {"steps_per_epoch": 0}, "steps_per_epoch must be positive"),
        (ColumnTrainConfig, {"learning_rate": -1.0}, "learning_rate .* got -1.0"),
        (ColumnTrainConfig, {"val_steps": -1}, "val_steps must not be negative"),
        (ColumnTrainConfig, {"rate_cost": -0.1}, "rate_cost .* got -0.1"),
        (ColumnTrainConfig, {"warmup_steps": -1}, "warmup_steps must not be negative"),
        (ColumnTrainConfig, {"patience": -1}, "patience must not be negative, got -1"),
        (ColumnTrainConfig, {"max_time": 0}, "max_time must not be 0"),
        (ColumnTrainConfig, {"decay_steps": 5}, "decay_steps needs --learning_rate_s"),
        (
            ColumnTrainConfig,
            {"final_learning_rate": 0.5},
            "final_learning_rate needs --learning_rate_schedule",
        ),
        (
            ColumnTrainConfig,
            {"trials": TaskConfig(task="garrett", task_weights=(2, 1, 1, 1, 1))},
            "task_weights needs --task=all",
        ),
        (
            ColumnConfig,
            {"linear_from": ("L4e",)},
            "linear_from needs --noneuron_output",
        ),
        (
            ColumnTrainConfig,
            {"patience": 2, "val_steps": 0},
            "patience needs val_steps",
        ),
        (
            ColumnTrainConfig,
            {"steps_per_epoch": 10, "validate_every": 4},
            "validate_every must divide steps_per_epoch 10, got 4",
        ),
        (
            ColumnTrainConfig,
            {"learning_rate_schedule": "exponential", "final_learning_rate": 0.0},
            r"final_learning_rate must lie in \(0, 1\], got 0.0",
        ),
        (
            ColumnTrainConfig,
            {"learning_rate_schedule": "cosine", "final_learning_rate": 2.0},
            r"final_learning_rate must lie in \[0, 1\], got 2.0",
        ),
        (
            ColumnTrainConfig,
            {
                "learning_rate_schedule": "cosine",
                "warmup_steps": 6,
                "n_epochs": 2,
                "steps_per_epoch": 3,
            },
            "warmup_steps must be less than the 6 steps of the run, got 6",
        ),
        (TaskConfig, {"seq_len": 0}, "seq_len must be positive, got 0"),
        (TaskConfig, {"seq_len": 601}, "seq_len must be a multiple of 50, got 601"),
        (TaskConfig, {"im_slice": -50}, "im_slice must be positive, got -50"),
        (TaskConfig, {"pre_delay": -1}, "pre_delay must not be negative, got -1"),
        (TaskConfig, {"delays": (0, 0)}, r"delays must be positive, got \(0, 0\)"),
        (TaskConfig, {"p_reappear": 1.5}, "p_reappear must lie in"),
        (TaskConfig, {"sti_intensity": 0.0}, "sti_intensity must be positive"),
        (TaskConfig, {"spatial_frequency": 0.0}, "spatial_frequency must be positive"),
        (TaskConfig, {"temporal_frequency": -1.0}, "temporal_frequency must not be"),
        (
            TaskConfig,
            {"grating_contrast": 1.5},
            r"grating_contrast .*\(0, 1\], got 1.5",
        ),
        (TaskConfig, {"grating_contrast": 0.0}, "grating_contrast must lie .* got 0.0"),
        (TaskConfig, {"n_cues": 6}, "n_cues must be 5 or 7, got 6"),
        (TaskConfig, {"cue_len": 0}, "cue_len must be positive, got 0"),
        (TaskConfig, {"interval_len": -1}, "interval_len must not be negative"),
        (TaskConfig, {"pause": -1}, "pause must not be negative, got -1"),
        (TaskConfig, {"recall_len": 40}, "recall_len must be at least 50, got 40"),
        (ColumnConfig, {"max_delay": 0}, "max_delay must be positive, got 0"),
        (ColumnConfig, {"gauss_std": 0.0}, "gauss_std must be positive"),
        (ColumnConfig, {"gradient_tolerance": -1e-3}, "gradient_tolerance must not be"),
        (ColumnConfig, {"scale": (1.0,)}, "scale needs two numbers"),
        (NetworkConfig, {"neurons": -1}, "neurons must not be negative, got -1"),
        (NetworkConfig, {"seed": -1}, "seed must not be negative, got -1"),
        (NetworkConfig, {"neurons_per_output": 0}, "neurons_per_output must be"),
        (NetworkConfig, {"use_only_one_type": True}, "needs --use_uniform_neuron_type"),
    ],
)
def test_impossible_options_are_refused(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(**options)
