"""What a training will read and hold."""

import numpy as np
import pytest

from tests.latent.recorded import write
from v1model.latent.config import Acquisition, ModelParams, TrainingConfig
from v1model.latent.data_summary import memory_of
from v1model.latent.loader import ChunkLoader
from v1model.latent.source import open_source


def params(path, mode="time_aligned"):
    acquisition = Acquisition(mode=mode)
    training = TrainingConfig(
        training_data_path=str(path), time_units=4, acquisition_mode=acquisition
    )
    return ModelParams(training=training)


@pytest.mark.parametrize("mode", ["time_aligned", "staggered_random"])
@pytest.mark.parametrize("kept_bytes", [0, 2**20])
def test_a_chunk_has_the_bytes_that_were_announced(
    tmp_path, monkeypatch, mode, kept_bytes
):
    monkeypatch.setattr("v1model.latent.chunk_plan.CHUNK_BYTES", 2000)
    monkeypatch.setattr("v1model.latent.data_summary.KEPT_BYTES", kept_bytes)
    valid = np.ones((500, 5), bool)
    valid[60:70, 2] = False
    write(tmp_path / "a.h5", 500, valid=valid)
    wanted = params(tmp_path / "a.h5", mode)
    with open_source(wanted.training) as source:
        found = memory_of(source, wanted)
        with ChunkLoader(
            source, wanted.training, 0, 400, kept_bytes=kept_bytes
        ) as loader:
            chunks = [chunk for _, chunk in loader.epoch(0)]
            assert loader.is_kept == found.is_kept == (kept_bytes > 0)
    assert (found.n_steps, found.n_neurons, found.n_inputs) == (500, 5, 3)
    assert (found.train_steps, found.validation_steps) == (400, 100)
    assert found.recording_bytes == 500 * 8 * 4
    assert len(chunks) == found.n_chunks > 3
    tensors = chunks[0].values()
    size = sum(x.shape.num_elements() * x.dtype.size for x in tensors if x.shape.rank)
    assert size == found.chunk_bytes <= 2000
    assert found.device_bytes == 2 * size
    rows = found.chunk_rows
    expected = 2 * found.train_bytes if kept_bytes else 3 * size
    assert found.host_bytes == expected and found.train_bytes == size // rows * 400
