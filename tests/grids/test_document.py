"""docs/grids.md: its grid can be run, and its words are those of the program."""

import pytest

from tests.cnn import recorded
from tests.documents import blocks_of, text_of
from training import grid
from training.grid_options import GridOptions
from training.grid_plan import baseline_of, planned_runs
from v1model.grids import load_grid

PAGE = "docs/grids.md"


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Of the grid file of the page, beside its recordings."""
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        recorded.write(tmp_path / f"{name}.h5", types=("backimage",))
    (text,) = (block.text for block in blocks_of(PAGE) if block.language == "yaml")
    found = tmp_path / "grid.yaml"
    found.write_text(text, encoding="utf-8")
    return found


def test_the_grid_of_the_page_can_be_run(path):
    given = load_grid(path)
    runs = planned_runs(given, path)
    assert len(runs) == 2 * 2 * 2 * 4 * 3
    assert baseline_of(given, runs) is runs[0]


def test_the_error_of_the_page_is_that_of_the_program(path, monkeypatch):
    text = path.read_text(encoding="utf-8").replace("[resnet, d", "[resnett, d")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        grid.main("grid.yaml", GridOptions(dry_run=True))
    assert str(caught.value) in " ".join(text_of(PAGE).split())
