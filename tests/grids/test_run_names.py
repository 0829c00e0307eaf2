"""Names of runs: words that may change, and a hash that changes with what computes."""

import hashlib
import subprocess
import sys

import pytest

from tests.grids.grids import grid_of
from v1model.grids import Subset, points_of
from v1model.grids.run_names import (
    canonical,
    file_digest,
    label_of,
    run_id,
    text_of,
)
from v1model.yaml_settings import value_of

CONFIG = {"b": {"c": 1.5, "a": (1, 2)}, "a": "x"}


def labels(**given):
    grid = grid_of(**given)
    points = points_of(grid, [Subset(())])
    return [label_of(point, len(grid.seeds)) for point in points]


def test_the_hash_does_not_depend_on_the_order_of_keys():
    other = {"a": "x", "b": {"a": [1, 2], "c": 1.5}}
    assert canonical("cnn", CONFIG, {}) == canonical("cnn", other, {})


def test_the_hash_is_the_same_in_another_process():
    program = (
        "from v1model.grids.run_names import canonical, run_id\n"
        f"print(run_id(canonical('cnn', {CONFIG!r}, {{'z': 1, 'y': 2}})))\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    here = run_id(canonical("cnn", CONFIG, {"y": 2, "z": 1}))
    assert done.stdout.strip() == here
    assert len(here) == 8
    assert int(here, 16) >= 0


@pytest.mark.parametrize(
    "changed",
    [
        ("latent", CONFIG, {}),
        ("cnn", {**CONFIG, "a": "y"}, {}),
        ("cnn", {**CONFIG, "b": {"c": 1.5, "a": (2, 1)}}, {}),
        ("cnn", CONFIG, {"recordings": ["r"]}),
    ],
)
def test_the_hash_changes_with_everything_that_computes(changed):
    assert run_id(canonical(*changed)) != run_id(canonical("cnn", CONFIG, {}))


def test_a_file_is_known_by_its_content_wherever_it_lies(tmp_path):
    first, second = tmp_path / "a.h5", tmp_path / "b" / "c.h5"
    second.parent.mkdir()
    for size in (0, 5, 70_000, 6_000_000):
        content = hashlib.shake_128(b"content").digest(size)
        first.write_bytes(content)
        second.write_bytes(content)
        assert file_digest(first) == file_digest(second)
        second.write_bytes(content + b"x")
        assert file_digest(first) != file_digest(second)


@pytest.mark.parametrize("place", [0, 65_535, 65_536, 2_000_000, 4_194_303])
def test_a_byte_of_a_file_of_4_mb_changes_its_digest(tmp_path, place):
    content = bytearray(1 << 22)
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    before = file_digest(path)
    content[place] = 1
    path.write_bytes(content)
    assert file_digest(path) != before


def test_labels_say_what_differs():
    axes = {
        "product": {
            "column.gauss_std": [0.28, 1.0],
            "model.convnet.type": ["resnet"],
            "lag0.weight": [0.1],
            "norm": {"no norm": {"a": 1}},
            "is_on": [True],
        }
    }
    found = labels(axes=axes, seeds=[1, 2])
    assert found[0] == "gauss_std0.28_resnet_lag0.weight0.1_no-norm_is_ontrue_seed1"
    assert found[1].startswith("gauss_std1.0_")
    assert labels(axes={"one_at_a_time": {"x": [1]}}) == ["base", "x-1"]
    assert labels() == ["base"]


def test_labels_are_plain_short_names_of_folders():
    for label in labels(
        axes={"product": {f"a/{k}": [f"../{'x' * 30}"] for k in "bcde"}}
    ):
        assert "/" not in label
        assert not label.startswith(".")
        assert len(label) <= 80


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (True, bool),
        (3, int),
        (1e-5, float),
        (None, int | None),
        ([1, 2], tuple[int, ...]),
        (["a", "b c"], tuple[str, ...]),
        ({"type": "grn", "of": [1, {"x": None}]}, dict),
        ("a: b", str),
    ],
)
def test_a_value_survives_the_command_line(value, annotation):
    text = text_of(value)
    found = value_of(text, annotation)
    assert found == value or annotation(found) == value or found == str(value).lower()
    assert "\n" not in text
