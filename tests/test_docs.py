"""The pages of docs/: their examples run, and what they link to exists."""

import pathlib

import pytest

from tests.documents import ROOT, anchors_of, blocks_of, links_of

PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
)
# Pages whose Python needs nothing but what stands before it; latent.md and cnn.md have
# tests of their own, neuropixels.md needs a session.
COMPLETE = ("docs/column.md", "docs/visualization.md", "docs/recordings.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for target in links_of(page):
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), f"{page} links to {target}"
        if anchor:
            inside = str(file.resolve().relative_to(ROOT))
            assert anchor in anchors_of(inside), f"{page} links to {target}"


def test_every_page_is_linked_from_the_readme():
    named = {
        str(pathlib.Path(target.partition("#")[0])) for target in links_of("README.md")
    }
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")}
    assert pages <= named


def test_every_figure_is_shown_somewhere():
    shown = {pathlib.Path(target).name for page in PAGES for target in links_of(page)}
    figures = {path.name for path in (ROOT / "docs" / "figures").glob("*.png")}
    assert figures <= shown


@pytest.mark.parametrize("page", COMPLETE)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks_of(page):
        if block.language == "python":
            exec(compile(block.text, page, "exec"), names)
    if page == "docs/column.md":
        assert names["output"].spikes.shape == (1, 200, 1000)
        assert names["rates"].shape == (300, 17400)
