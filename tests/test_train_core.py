"""The command for the whole core gives options that the program has."""

import pathlib
import re

from v1model.config import ColumnTrainConfig
from v1model.flags import config_from

SCRIPT = pathlib.Path(__file__).parents[1] / "scripts" / "train_core"


def test_its_options_are_those_of_the_program():
    text = SCRIPT.read_text(encoding="utf-8")
    (training,) = re.findall(r"^TRAINING=\((.*)\)$", text, re.MULTILINE)
    config = config_from(["multi_training", *training.split()], ColumnTrainConfig)
    assert config.batch_size == config.accumulate == 5
    assert config.network.core_only
    assert config.interval <= 50  # a kill loses minutes
    call = text.split("training/multi_training.py", 1)[1]
    given = set(re.findall(r"--(\w+)", call))
    assert given == {"data_dir", "neurons", "task"}
    assert re.search(r"^NEURONS=51978$", text, re.MULTILINE)
