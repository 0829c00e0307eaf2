"""Pictures in a report: few enough to be sent, and still the same pictures."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.visualization.report import runs
from visualization.report import pictures as report_pictures
from visualization.report.pictures import album_of, spread


def image_of(picture):
    content = base64.b64decode(picture.uri.partition(",")[2])
    return Image.open(io.BytesIO(content)).convert("RGB")


@pytest.mark.parametrize("n_steps", [1, 2, 3, 10, 60])
@pytest.mark.parametrize("most_bytes", [200_000, 2_000_000])
def test_an_album_stays_small_and_counts_what_it_leaves_out(
    tmp_path, n_steps, most_bytes
):
    run = runs.make_run(tmp_path)
    steps = [100 * k for k in range(n_steps)]
    runs.write_pictures(run, steps, kinds=("raster",), size=(160, 100))
    album = album_of(run.path, most_bytes)
    assert len(album.steps) + album.n_left_out == n_steps
    n_bytes = sum(len(p.uri) for row in album.steps.values() for p in row)
    one = n_bytes / len(album.steps)
    assert n_bytes * 0.75 <= most_bytes
    most = min(n_steps, report_pictures.MOST_STEPS)
    # No more is left out than must be, or the room is used to two thirds.
    assert len(album.steps) == most or n_bytes + one > most_bytes / 1.5
    assert [*album.steps][-1] == steps[-1]
    if len(album.steps) > 1:
        assert [*album.steps][0] == 0


def test_a_picture_that_is_too_large_for_the_page_alone_is_still_shown(tmp_path):
    run = runs.make_run(tmp_path)
    runs.write_pictures(run, [0, 1, 2], kinds=())
    assert [*album_of(run.path, most_bytes=10).steps] == [2]


def test_kinds_come_in_the_order_of_the_page_and_unknown_ones_last(tmp_path):
    run = runs.make_run(tmp_path)
    kinds = ("another_view", "output", "raster", "input", "voltages", "population")
    runs.write_pictures(run, [7], kinds=kinds, size=(8, 8))
    (row,) = album_of(run.path).steps.values()
    assert [picture.title for picture in row] == [
        *("Spikes", "Populations", "Voltages", "Input", "Answer", "Predictions"),
        "Another view",
    ]


def test_a_reduced_picture_shows_what_the_file_shows(tmp_path):
    run = runs.make_run(tmp_path)
    folder = run.path / "activity"
    folder.mkdir()
    ramp = np.linspace(0, 255, 2800).astype(np.uint8)
    wide = np.broadcast_to(ramp[None, :, None], (400, 2800, 3))
    Image.fromarray(np.ascontiguousarray(wide)).save(folder / "raster_step_1.png")
    (picture,) = album_of(run.path).steps[1]
    shown = image_of(picture)
    assert shown.size == (picture.width, picture.height) == (1400, 200)
    expected = np.asarray(wide)[::2, ::2].astype(int)
    assert np.abs(np.asarray(shown).astype(int) - expected).max() <= 4


def test_half_a_picture_is_named_and_the_others_are_shown(tmp_path):
    run = runs.make_run(tmp_path)
    runs.write_pictures(run, [3])
    path = run.path / "activity" / "raster_step_00000003.png"
    path.write_bytes(path.read_bytes()[:500])
    raster, output, _ = album_of(run.path).steps[3]
    assert raster.uri == ""
    assert image_of(output).size == (320, 200)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 12, 30])
def test_spread_takes_values_evenly_and_the_last_always(n):
    values = list(range(100, 112))
    taken = spread(values, n)
    assert len(taken) == min(n, 12) and taken[-1] == 111
    assert n == 1 or taken[0] == 100
    assert np.ptp(np.diff(taken)) <= 1 if len(taken) > 2 else True
