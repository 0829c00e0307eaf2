"""Pages of the documentation, as their blocks of code, links and commands."""

import configparser
import os
import pathlib
import re
import shlex
import subprocess
import sys
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
    stripped = (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines)
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


def words_of(command):
    """A command as words, those of v1model as `python -m`, installed or not."""
    words = shlex.split(command)
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    lines = settings["options.entry_points"]["console_scripts"].split("\n")
    modules = dict(re.split(r" = |:", line)[:2] for line in lines if line)
    if words[0] not in modules:
        return words
    return ["python", "-m", modules[words[0]], *words[1:]]


def run(words, folder=ROOT, statuses=(0,)):
    """What a command prints; it must end with one of the statuses."""
    path = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    said = f"{words}\n{done.stdout}\n{done.stderr[-2000:]}"
    assert done.returncode in statuses, said
    return done.stdout + done.stderr
