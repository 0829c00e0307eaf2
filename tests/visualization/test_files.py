"""Figures in files: their words stay words, and their dots do not fill the disk."""

import io
import re

import matplotlib
import numpy as np
import pytest
from PIL import Image

from tests.visualization.trials import made_up
from v1model.network import build_column, neurons_of
from visualization.files import check_figure_path, png_of, write_figure
from visualization.trial.raster import spike_raster


@pytest.fixture(scope="module")
def figure():
    """Runaway activity, which would be half a million dots."""
    neurons = neurons_of(build_column(2000, seed=1))
    return spike_raster(made_up(2000, "runaway", n_steps=600), neurons)


def size_of(png):
    with Image.open(io.BytesIO(png)) as picture:
        return picture.size


def test_words_of_an_svg_file_can_be_searched_and_dots_are_a_picture(figure, tmp_path):
    write_figure(figure, tmp_path / "raster.svg")
    text = (tmp_path / "raster.svg").read_text(encoding="utf-8")
    words = re.findall(r"<text[^>]*>([^<]+)</text>", text)
    assert {"L2/3", "Time (ms)", "answer due"} <= set(words)
    assert "data:image/png;base64" in text and len(text) < 2e6


def test_words_of_a_pdf_file_have_fonts_and_dots_are_a_picture(figure, tmp_path):
    write_figure(figure, tmp_path / "raster.pdf")
    data = (tmp_path / "raster.pdf").read_bytes()
    assert data.startswith(b"%PDF") and b"/FontFile2" in data
    assert b"/Subtype /Image" in data and len(data) < 2e6


def test_a_png_has_the_pixels_that_the_figure_was_laid_out_for(figure, tmp_path):
    write_figure(figure, tmp_path / "raster.png")
    wide, high = np.rint(figure.get_size_inches() * figure.dpi).astype(int)
    written = (tmp_path / "raster.png").read_bytes()
    assert size_of(written) == size_of(png_of(figure)) == (wide, high)
    assert size_of(png_of(figure, 200)) == (2 * wide, 2 * high)


def test_a_figure_looks_the_same_whatever_style_its_user_has_set():
    def drawn():
        return png_of(spike_raster(made_up(500, "none", n_steps=100)))

    plain = drawn()
    loud = {"xtick.color": "red", "ytick.labelsize": 20, "ytick.major.width": 5}
    with matplotlib.rc_context(loud):
        assert drawn() == plain


def test_a_path_that_no_figure_can_have_is_refused_before_it_is_drawn(tmp_path):
    assert check_figure_path(tmp_path / "new" / "a.pdf").parent.is_dir()
    with pytest.raises(ValueError, match=r"a\.bmp: the suffix must be one of .*\.svg"):
        check_figure_path(tmp_path / "a.bmp")
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        check_figure_path(tmp_path / "file" / "a.png")
