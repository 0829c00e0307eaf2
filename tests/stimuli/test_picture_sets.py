"""MNIST and its like, read from Keras' own cache."""

import gzip
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"  # a proxy that is not there: no download succeeds
READ_ALL = """
import json
from v1model.stimuli import digit_pictures
found = {}
for name in ("fashion_mnist", "mnist", "cifar10"):
    try:
        found[name] = [
            (pictures.shape, str(pictures.dtype), float(pictures.max()), list(labels))
            for pictures, labels in (
                digit_pictures(name, split) for split in ("training", "validation")
            )
        ]
    except FileNotFoundError as error:
        found[name] = str(error)
print("FOUND", json.dumps(found, default=int))
"""


def write_fashion_mnist(cache):
    """6 training and 3 validation pictures, as Keras keeps them."""
    folder = cache / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for prefix, n in (("train", 6), ("t10k", 3)):
        pixels = np.resize(np.arange(256, dtype=np.uint8), n * 28 * 28)
        parts = {"images-idx3": (16, pixels.tobytes()), "labels-idx1": (8, range(n))}
        for kind, (n_header, content) in parts.items():
            with gzip.open(folder / f"{prefix}-{kind}-ubyte.gz", "wb") as file:
                file.write(bytes(n_header) + bytes(content))


@pytest.mark.slow
def test_published_sets_are_read_from_the_cache_or_their_place_there_is_named(tmp_path):
    write_fashion_mnist(tmp_path)
    # KERAS_HOME counts when Keras is imported, hence a program of its own.
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ
        | {"KERAS_HOME": str(tmp_path), "http_proxy": NOWHERE, "https_proxy": NOWHERE},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.partition("FOUND")[2])
    assert found["fashion_mnist"] == [
        [[6, 28, 28], "float32", 1.0, [0, 1, 2, 3, 4, 5]],
        [[3, 28, 28], "float32", 1.0, [0, 1, 2]],
    ]
    for name, file in (
        ("mnist", "mnist.npz"),
        ("cifar10", "cifar-10-batches-py-target_archive"),
    ):
        message = found[name]
        assert "\n" not in message
        assert f"pictures {name!r}" in message
        assert str(tmp_path / "datasets" / file) in message
        assert "--pictures=digits needs no download" in message
