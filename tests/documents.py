"""Pages of the documentation, as their blocks of code, links and commands."""

import pathlib
import re
from typing import NamedTuple

ROOT = pathlib.Path(__file__).parents[1]


class Block(NamedTuple):
    """A fenced block: its language and its text."""

    language: str
    text: str


def text_of(page):
    """Text of a page, given by its path from the root."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks_of(page):
    """Fenced blocks in their order, a list of Blocks."""
    found = re.findall(r"```(\w*)\n(.*?)```", text_of(page), re.DOTALL)
    return [Block(*one) for one in found]


def commands_in(text):
    """Commands of a shell block, lines that are continued joined, comments left out."""
    lines = text.replace("\\\n", " ").splitlines()
    stripped = (re.sub(r"\s+#.*", "", line).strip() for line in lines)
    return [re.sub(r"\s+", " ", line) for line in stripped if line]


def links_of(page):
    """Where a page links to inside the project: paths, and anchors in other pages."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", text_of(page), flags=re.DOTALL)
    targets = re.findall(r"(?<!\\)\]\(([^)\s]+)\)", text)
    return [target for target in targets if not target.startswith("http")]


def anchors_of(page):
    """Anchors of the headings of a page, as GitHub and others make them."""
    text = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", one.lower()) for one in headings)
    return {one.strip().replace(" ", "-") for one in kept}
