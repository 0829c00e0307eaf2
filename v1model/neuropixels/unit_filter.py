"""UnitFilter: which sorted units count as neurons."""

import dataclasses
import math

import numpy as np

from v1model.options import option, require

GOOD = "good"


@dataclasses.dataclass(frozen=True)
class UnitFilter:
    """Limits of unit quality; the defaults are those of AllenSDK.

    A limit at infinity (presence: minus infinity) is off, and then a unit without that
    metric passes too.
    """

    amplitude_cutoff: float = option(
        0.1, "Highest share of a unit's spikes below the threshold; inf is off."
    )
    presence_ratio: float = option(
        0.95, "Lowest share of the session in which a unit fires; -inf is off."
    )
    isi_violations: float = option(
        0.5, "Highest rate of spikes in the refractory time; inf is off."
    )
    good_only: bool = option(True, "Only units whose quality is 'good', no noise.")
    in_brain: bool = option(True, "Only units in a named area of the brain.")
    valid_channel: bool = option(True, "Only units whose channel is valid.")
    areas: tuple[str, ...] = option((), "Only units of these areas; empty for all.")

    def __post_init__(self):
        for name in ("amplitude_cutoff", "presence_ratio", "isi_violations"):
            require(
                not math.isnan(getattr(self, name)), name, "must be a number", "nan"
            )
        require(not isinstance(self.areas, str), "areas", "must be several", self.areas)

    @classmethod
    def keep_all(cls):
        """The filter that every unit passes."""
        return cls(math.inf, -math.inf, math.inf, False, False, False)

    def passes(self, units, where=""):
        """Which units pass, (U,) bool.

        Args:
            units: Table with the columns that the limits ask for; a limit that is off
                asks for none.
            where: File that the table comes from, for the error.

        Raises:
            ValueError: A column is missing, or an area of `areas` has no unit.
        """
        passed = np.ones(len(units), bool)
        for name, is_upper in (
            ("amplitude_cutoff", True),
            ("presence_ratio", False),
            ("isi_violations", True),
        ):
            limit = getattr(self, name)
            if np.isinf(limit) and (limit > 0) == is_upper:
                continue
            values = _column(units, name, where).to_numpy(np.float64)
            passed &= values <= limit if is_upper else values >= limit
        if self.good_only:
            passed &= (_column(units, "quality", where) == GOOD).to_numpy()
        if self.in_brain or self.areas:
            area = _column(units, "area", where)
            self._check_areas(area, where)
            passed &= (area.isin(self.areas) if self.areas else area != "").to_numpy()
        if self.valid_channel:
            passed &= _column(units, "valid_channel", where).to_numpy(bool)
        return passed

    def _check_areas(self, area, where):
        unknown = sorted(set(self.areas) - set(area))
        if unknown:
            there = ", ".join(sorted(set(area) - {""}))
            raise ValueError(
                f"{where}{': ' if where else ''}no unit is in {', '.join(unknown)}; "
                f"areas are {there}."
            )

    def described(self):
        """The limits as JSON holds them: those that are off are null."""
        values = dataclasses.asdict(self)
        for name, value in values.items():
            if isinstance(value, float) and math.isinf(value):
                values[name] = None
        return {**values, "areas": list(self.areas)}


def _column(units, name, where):
    if name not in units:
        raise ValueError(
            f"{where}{': ' if where else ''}units have no {name!r}, which the unit "
            f"filter asks for; they have {', '.join(units)}."
        )
    return units[name]
