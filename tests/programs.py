"""Programs in scripts/, which is no package, as modules, and their flags."""

import importlib.util
import pathlib
import sys

from absl import flags

SCRIPTS = pathlib.Path(__file__).parents[1] / "scripts"


def load_script(name):
    """The module of scripts/NAME.py."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look for their annotations
    spec.loader.exec_module(module)
    return module


def parsed(script, *arguments):
    """The flags of a script, as its command line gives them."""
    values = flags.FlagValues()
    script.define_flags(values)
    values([script.__name__, *map(str, arguments)])
    return values
