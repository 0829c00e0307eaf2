import importlib
import pathlib
import re
import shlex

import pytest

from tests.programs import load_script
from v1model.flags import config_from

TEXT = pathlib.Path(__file__).parents[2] / "docs" / "neuropixels.md"
CONFIGS = {"fetch_neuropixels": "FetchConfig", "import_neuropixels": "ImportConfig"}


def commands():
    text = TEXT.read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    for line in "".join(blocks).replace("\\\n", "").splitlines():
        found = re.match(r"python scripts/(\w+)\.py (.*)", line)
        if found and found[1] in CONFIGS:
            yield found[1], shlex.split(found[2])


@pytest.mark.parametrize("name, arguments", list(commands()))
def test_every_command_that_it_gives_is_understood(name, arguments):
    script = load_script(name)
    config_from([name, *arguments], getattr(script, CONFIGS[name]))


def test_every_option_that_it_names_is_one():
    text = TEXT.read_text(encoding="utf-8")
    fields = set()
    for name, config in CONFIGS.items():
        help_text = importlib.import_module("v1model.flags").help_text
        kind = getattr(load_script(name), config)
        fields |= set(re.findall(r"--(?:\[no\])?(\w+)", help_text(kind, "", name)))
    part = text.partition("## What becomes")[2].partition("##")[0]
    named = set(re.findall(r"--(?:no)?(\w+)", part))
    assert named and named <= fields


def test_every_name_of_the_library_exists():
    for name in set(re.findall(r"v1model(?:\.\w+)+", TEXT.read_text("utf-8"))):
        module, _, last = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), last), name
