"""docs/names.md, docs/names/: what is called ours exists, and no name is left out."""

import importlib
import re

import pytest

from tests.documents import ROOT, text_of
from training.cnn_options import CnnOptions, setting_groups
from training.latent_options import LatentOptions
from v1model.cnn.config import ReadoutConfig
from v1model.config import ColumnTrainConfig
from v1model.decoders.config import DecoderConfig
from v1model.flags import groups_of
from v1model.latent.settings import flag_groups

SECTIONS = (
    "Training-data-driven-V1-model",
    "V1_GLIF_model",
    "LatentEvolution",
    "VisionCore",
    "The Neuropixels pipeline",
    "neuralpredictors",
)
# Names of the published trainer of Chen, Scherr & Maass at the commit that the page
# gives: files, classes and functions with four methods, flags.
COUNTS = {"Files": 9, "Classes and functions": 66, "Flags of `multi_training.py`": 49}

DOCS = ROOT / "docs"
PAGES = sorted((DOCS / "names").glob("*.md"))
# Names on the page of a codebase: classes, functions, methods of interfaces, flags.
PAGE_COUNTS = {"v1_glif_model": 314, "visioncore": 511}


def rows(section, level="##"):
    """(names there, what stands here) of each row below a heading."""
    text = text_of("docs/names.md").split(f"\n{level} {section}\n")[1]
    return rows_in(re.split(rf"\n#{{2,{len(level)}}} ", text)[0])


def rows_in(text):
    cells = [line.split("|")[1:3] for line in text.splitlines() if line[:1] == "|"]
    pairs = [(names.strip(), here.strip()) for names, here in cells]
    return [pair for pair in pairs if pair[0] not in {"there", "theirs", "---"}]


def known_flags():
    groups = [
        *groups_of(ColumnTrainConfig),
        *groups_of(DecoderConfig),
        *groups_of(LatentOptions),
        *groups_of(CnnOptions),
        *flag_groups(),
        *setting_groups(ReadoutConfig),
    ]
    return {flag.name for group in groups for flag in group.flags}


def is_importable(name):
    """Whether a dotted name is a module, or an attribute of one."""
    parts = name.split(".")
    for k in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:k]))
        except ModuleNotFoundError:
            continue
        for part in parts[k:]:
            if not hasattr(found, part) and part not in fields(found):
                return False
            found = getattr(found, part, None)
        return True
    return False


def fields(found):
    return getattr(found, "__annotations__", {})


@pytest.mark.parametrize("section", SECTIONS)
def test_what_it_calls_ours_exists(section):
    require_ours(rows(section), r"not needed: ")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_a_page_of_names_calls_ours_exists(page):
    require_ours(rows_in(page.read_text(encoding="utf-8")), r"(not needed|none): ")


def require_ours(pairs, without):
    """Looks up what rows call ours; a row without needs words that say why."""
    flags = known_flags()
    for names, here in pairs:
        spans = re.findall(r"`([^`]+)`", here)
        assert spans or re.match(without, here), names
        for span in spans:
            if span.startswith("--"):
                assert span[2:] in flags, f"{names}: no flag {span}"
            elif re.match(r"(v1model|visualization|training)\.", span):
                assert is_importable(span), f"{names}: nothing is called {span}"
            elif "/" in span or span in {"benchmarks", "conda_environment.yml"}:
                assert (ROOT / span.split()[0]).exists(), f"{names}: no {span}"


@pytest.mark.parametrize("section", COUNTS)
def test_every_name_of_the_published_trainer_has_an_answer(section):
    found = [one for names, _ in rows(section, "###") for one in names.split(", ")]
    assert len(found) == len(set(found)) == COUNTS[section]


@pytest.mark.parametrize(("stem", "count"), PAGE_COUNTS.items())
def test_every_name_of_a_page_has_an_answer(stem, count):
    text = (DOCS / "names" / f"{stem}.md").read_text(encoding="utf-8")
    total = 0
    for part in text.split("\n## ")[1:]:
        names = [one for row in rows_in(part) for one in row[0].split(", ")]
        assert len(names) == len(set(names)), part.splitlines()[0]
        total += len(names)
    assert total == count


def test_names_are_given_once_per_codebase():
    for section in SECTIONS[1:]:
        found = [one for names, _ in rows(section) for one in names.split(", ")]
        assert len(found) == len(set(found)), section
