"""Reading: what a monitor has seen."""

import types
from collections.abc import Mapping
from typing import NamedTuple

_NOTHING = types.MappingProxyType({})


class Reading(NamedTuple):
    """What a monitor has seen; everything by a name of its own.

    scalars: Numbers.
    histograms: Arrays of any shape, shown as a distribution.
    pictures: Bytes of PNG files.
    tables: Lists of rows, each a dict.
    """

    scalars: Mapping = _NOTHING
    histograms: Mapping = _NOTHING
    pictures: Mapping = _NOTHING
    tables: Mapping = _NOTHING
