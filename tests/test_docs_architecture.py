"""docs/architecture.md and its picture are those of the source."""

import re

import pytest

from tests.documents import ROOT, text_of
from tests.programs import load_script
from visualization.architecture import dependency_picture, ordered, without_shortcuts

REDRAW = "python scripts/draw_architecture.py draws it anew"
LEVELS = (("a", "b"), ("c",), ("d",))
ROOM_OF = dict.fromkeys("abcd", "all rooms")


@pytest.fixture(scope="module")
def script():
    return load_script("draw_architecture")


def test_the_picture_shows_the_imports_of_the_source(script):
    drawn = text_of("docs/figures/architecture.csv")
    assert drawn == script.table_text(), REDRAW


def test_its_table_lists_every_part_of_the_library(script):
    assert text_of("docs/architecture.md") == script.page_text(), REDRAW
    rows = re.findall(r"^\| \d+ \| `(\w+)`", text_of("docs/architecture.md"), re.M)
    assert sorted(rows) == sorted(script.sources())


def test_every_place_that_it_names_exists():
    text = text_of("docs/architecture.md")
    paths = re.findall(
        r"`((?:v1model|training|scripts|visualization|tests)/[\w/.]*)`", text
    )
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_a_line_that_others_imply_is_left_out():
    imports = {"d": {"c", "a", "b"}, "c": {"a"}}
    assert without_shortcuts(imports) == {"d": {"c", "b"}, "c": {"a"}}


def test_names_lie_above_what_they_import():
    rows = ordered((("a", "b"), ("c", "d")), {"c": {"b"}, "d": {"a"}})
    assert [row.index(name) for row, name in zip(rows, "bc", strict=True)] in (
        [0, 0],
        [1, 1],
    )


def test_an_import_that_points_up_is_no_picture():
    with pytest.raises(ValueError, match="'a' imports 'c', which is not below it"):
        dependency_picture(LEVELS, {"a": {"c"}}, ROOM_OF)


def test_all_names_are_inside_the_picture_and_apart():
    figure = dependency_picture(LEVELS, {"d": {"c", "a"}, "c": {"a"}}, ROOM_OF)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    inside = figure.bbox
    for k, box in enumerate(boxes):
        assert inside.contains(box.x0, box.y0) and inside.contains(box.x1, box.y1)
        assert not any(box.overlaps(other) for other in boxes[:k])
