"""Folders of the published layout of LatentEvolution, as recordings."""

import json
import sys

import numpy as np
import pytest

from tests.programs import load_script, parsed
from v1model.recordings import import_zarr, open_recording
from v1model.recordings.zarr_import import FLY_TYPES

pytest.importorskip("zarr")
numcodecs = pytest.importorskip("numcodecs")

N_STEPS, N_INPUTS, PER_TYPE = 45, 16, 2
CHUNK = 20  # steps; the last chunk is not full


@pytest.fixture(scope="module")
def content():
    """Metadata (N, 5) and series (T, N, 4) of two neurons of each of 65 types."""
    rng = np.random.default_rng(0)
    receptors = [FLY_TYPES.index(f"R{k}") for k in range(1, 9)]
    others = [k for k in range(len(FLY_TYPES)) if k not in receptors]
    kind = np.repeat(receptors + others, PER_TYPE)
    n = len(kind)
    columns = [np.arange(n), rng.random(n), rng.random(n), rng.integers(0, 20, n), kind]
    series = rng.standard_normal((N_STEPS, n, 4)).astype(np.float32)
    series[:, N_INPUTS:, 1] = 0
    return np.stack(columns, axis=1).astype(np.float32), series


def write_zarr(path, array, chunks):
    """The second version of zarr, as its specification has it, compressed as published.

    Written without zarr, so that it is not zarr that reads what zarr wrote.
    """
    blosc = numcodecs.Blosc("zstd", clevel=3, shuffle=numcodecs.Blosc.BITSHUFFLE)
    path.mkdir(parents=True)
    head = {
        "zarr_format": 2,
        "shape": array.shape,
        "chunks": chunks,
        "dtype": "<f4",
        "compressor": blosc.get_config(),
        "fill_value": None,
        "order": "C",
        "filters": None,
    }
    (path / ".zarray").write_text(json.dumps(head))
    n_chunks = [-(-n // c) for n, c in zip(array.shape, chunks, strict=True)]
    for index in np.ndindex(*n_chunks):
        full = np.zeros(chunks, "<f4")
        first = np.multiply(index, chunks)
        where = tuple(map(slice, first, first + chunks))
        part = array[where]
        full[tuple(map(slice, part.shape))] = part
        (path / ".".join(map(str, index))).write_bytes(blosc.encode(full))


def second_version(folder, metadata, series):
    write_zarr(folder / "metadata.zarr", metadata, metadata.shape)
    chunks = (CHUNK, series.shape[1], 1)
    write_zarr(folder / "timeseries.zarr", series, chunks)
    return folder


def first_version(metadata, series):
    """(T, N, 9): index, x, y, voltage, stimulus, group, type, calcium, fluorescence."""
    still = np.broadcast_to(metadata, (len(series), *metadata.shape))
    return np.concatenate(
        [still[..., :3], series[..., :2], still[..., 3:], series[..., 2:]], axis=2
    )


def assert_holds(path, metadata, series):
    with open_recording(path) as recording:
        assert recording.dt_ms == 20
        voltage, calcium = (recording.activity[k] for k in ("voltage", "calcium"))
        np.testing.assert_array_equal(voltage.read(), series[..., 0])
        np.testing.assert_array_equal(calcium.read(), series[..., 2])
        assert {one.unit for one in recording.activity.values()} == {"a.u."}
        seen = recording.stimulus["stimulus"].read()
        np.testing.assert_array_equal(seen, series[:, :N_INPUTS, 1])
        neurons = recording.neurons
        np.testing.assert_array_equal(neurons["x"], metadata[:, 1])
        names = np.array(FLY_TYPES)[metadata[:, 4].astype(int)]
        assert neurons["cell_type"].tolist() == names.tolist()
        assert (neurons["role"] == "input").sum() == N_INPUTS
        assert recording.connections is None


@pytest.mark.parametrize("above", [False, True])
def test_columns_of_the_second_version_are_found_where_they_belong(
    content, tmp_path, above
):
    folder = second_version(tmp_path / "fly" / "x_list_0", *content)
    done = []
    out = import_zarr(
        folder.parent if above else folder,
        tmp_path / "a.h5",
        progress=lambda *counts: done.append(counts),
    )
    assert_holds(out, *content)
    assert done == [(20, 45), (40, 45), (45, 45)]


def test_the_first_version_is_read_as_zarr_and_as_npy(content, tmp_path):
    whole = first_version(*content)
    (tmp_path / "a").mkdir()
    np.save(tmp_path / "a" / "x_list_0.npy", whole)
    write_zarr(tmp_path / "b" / "x_list_0.zarr", whole, (CHUNK, whole.shape[1], 9))
    for name in ("a", "b"):
        assert_holds(import_zarr(tmp_path / name, tmp_path / f"{name}.h5"), *content)


def test_tensors_beside_become_connections(content, tmp_path):
    torch = pytest.importorskip("torch")
    metadata, series = content
    folder = second_version(tmp_path / "fly" / "x_list_0", metadata, series)
    edges, weights = [[0, 3, 5], [7, 8, 9]], [0.5, -1.0, 2.0]
    torch.save(torch.tensor(edges), folder.parent / "edge_index.pt")
    torch.save(torch.tensor(weights), folder.parent / "weights.pt")
    torch.save(torch.full((len(metadata),), 0.05), folder.parent / "taus.pt")
    with open_recording(import_zarr(folder, tmp_path / "a.h5")) as recording:
        table = recording.connections
        assert table[["pre", "post"]].to_numpy().T.tolist() == edges
        assert table["weight"].tolist() == weights
        np.testing.assert_allclose(recording.neurons["tau_ms"], 50, rtol=1e-6)


def test_other_animals_say_how_many_inputs_they_have(content, tmp_path):
    metadata, series = (one.copy() for one in content)
    metadata[:, 4] = np.arange(len(metadata)) % 3
    folder = second_version(tmp_path / "x_list_0", metadata, series)
    with pytest.raises(ValueError, match="n_inputs must say how many"):
        import_zarr(folder, tmp_path / "a.h5")
    with open_recording(import_zarr(folder, tmp_path / "a.h5", n_inputs=4)) as one:
        assert one.stimulus["stimulus"].row_shape == (4,)
        assert one.neurons["cell_type"].unique().tolist() == [
            "type 0",
            "type 1",
            "type 2",
        ]


def test_the_script_imports_a_folder(content, tmp_path, capsys):
    script = load_script("import_recording")
    folder = second_version(tmp_path / "fly" / "x_list_0", *content)
    out = script.convert(folder.parent, parsed(script))
    assert out == tmp_path / "fly.h5"
    assert_holds(out, *content)
    assert "130 (id, cell_type" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda m, s: (m[:-1], s),
            "metadata.zarr has 129 neurons, timeseries.zarr 130",
        ),
        (
            lambda m, s: (m[:, :4], s),
            r"metadata.zarr: the shape must be \(N, columns\)",
        ),
        (lambda m, s: (m, s[..., :2]), "timeseries.zarr: .* at least 3 columns"),
        (lambda m, s: (m + 0.5, s), "column 'index' must hold whole numbers"),
        (lambda m, s: (m * [1, 1, 1, 1, 2], s), "numbered from 0 without gaps"),
        (lambda m, s: (m, np.where(s > 3, np.nan, s)), "got nan"),
    ],
)
def test_a_wrong_folder_is_refused_by_name(content, tmp_path, change, message):
    folder = second_version(tmp_path / "x_list_0", *change(*content))
    with pytest.raises(ValueError, match=message):
        import_zarr(folder, tmp_path / "a.h5")
    assert not (tmp_path / "a.h5").exists()


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="neither metadata.zarr and timeseries"):
        import_zarr(tmp_path, tmp_path / "a.h5")
    (tmp_path / "x_list_0.zarr").mkdir()
    (tmp_path / "x_list_0.zarr" / ".zarray").write_text("{")
    with pytest.raises(ValueError, match="x_list_0.zarr: no zarr array"):
        import_zarr(tmp_path, tmp_path / "a.h5")


def test_zarr_is_asked_for_where_it_is_missing(content, tmp_path, monkeypatch):
    folder = second_version(tmp_path / "x_list_0", *content)
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(ImportError, match=r"needs the extra zarr: .*v1model\[zarr\]"):
        import_zarr(folder, tmp_path / "a.h5")
