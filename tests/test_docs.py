"""The pages of docs/: their examples run, and what they link to exists."""

import pathlib
import re

import pytest

from tests.documents import (
    ROOT,
    anchors_of,
    blocks_of,
    commands_in,
    links_of,
    run,
    text_of,
    words_of,
)

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


COMMANDS_OF_RUNS = ("list", "show", "clean", "migrate")


def programs():
    """Flags that pages give to each program, a dict of sets of (page, flag)."""
    found = {}
    for page in PAGES:
        texts = [block.text for block in blocks_of(page) if block.language == "bash"]
        spans = re.findall(r"`((?:python|v1-)[^`\n]+)`", text_of(page))
        for command in [*commands_in("\n".join(texts)), *spans]:
            words = words_of(command)
            if words[0] != "python" or words[1] == "-c":
                continue
            n = 3 if words[1] == "-m" else 2
            program, rest = words[:n], words[n:]
            if program[-1] == "training.list_runs":
                program.append(
                    rest[0] if rest and rest[0] in COMMANDS_OF_RUNS else "list"
                )
            flags = {word.partition("=")[0] for word in rest if word[:2] == "--"}
            given = found.setdefault(tuple(program), set())
            given |= {(page, flag) for flag in flags}
    return found


def test_every_program_that_pages_name_exists():
    names = {program[1] for program in programs()} - {"-m"}
    assert len(names) > 30
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


GIVEN = {program: given for program, given in programs().items() if given}


@pytest.mark.slow
@pytest.mark.parametrize("program", sorted(GIVEN), ids=" ".join)
def test_a_program_has_the_options_that_pages_give_it(program):
    given = GIVEN[program]
    shown = run([*program, "--help"], statuses=(0, 1))
    found = re.findall(r"--[\w.*]+", shown.replace("[no]", ""))
    known = {flag.rstrip(".") for flag in found}
    unknown = {(page, flag) for page, flag in given if flag not in known}
    unknown = {one for one in unknown if one[1].replace("--no", "--", 1) not in known}
    assert unknown == set()
