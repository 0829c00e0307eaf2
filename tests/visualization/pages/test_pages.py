"""Pages: what is put in cannot break out, and cells say what they are sorted by."""

import base64
import hashlib
import re

import pytest

from visualization.pages import Cell, document_html, search_html, table_html

HOSTILE = "<b onclick='x'>&\"</b>"


def test_texts_of_tables_are_escaped_and_cells_are_kept():
    text = table_html([HOSTILE], [[HOSTILE], [Cell("<i>kept</i>", 2.5)]])
    assert "<b" not in text and "&lt;b" in text
    assert '<td data-value="2.5"><i>kept</i></td>' in text


@pytest.mark.parametrize("missing", [None, float("nan"), float("inf")])
def test_a_cell_without_a_number_has_an_empty_value(missing):
    assert 'data-value=""' in table_html(["a"], [[Cell("", missing)]])


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="zip"):
        table_html(["a", "b"], [["only one"]])


def test_a_policy_allows_the_scripts_and_styles_of_the_page_by_hash_only():
    text = document_html(
        HOSTILE, "head", {"Two words": "x"}, HOSTILE, ["a{}"], ["1;"], "{}"
    )
    for element in ("style", "script"):
        inside = re.search(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in text
    assert '<section id="two-words">' in text and 'href="#two-words"' in text
    assert HOSTILE not in text


def test_data_that_could_end_its_element_are_refused():
    with pytest.raises(ValueError, match="u003c"):
        document_html("t", "h", {}, "f", data='"</script>"')


def test_a_search_has_a_box_only_where_it_is_asked_for():
    assert "checkbox" not in search_html("runs")
    assert "changed only" in search_html("options", "changed only")
