"""Published properties of the LGN classes."""

import csv
import dataclasses
import functools
import importlib.resources

import numpy as np


@dataclasses.dataclass(frozen=True)
class LGNClass:
    """One class of LGN units (Billeh et al. 2020, after Durand et al. 2016).

    Args:
        model_id: Name such as "sON_TF4"; of a composite such as "sONsOFF_001".
        per_tile: Units of the class in each tile of the visual field.
        spontaneous_hz: Rate of a subunit at a gray screen.
        kpeaks, weights, delays: Peaks (ms), weights and delays (ms) of the two
            cosine bumps, (2,); NaN for composites, which have those of two classes.
    """

    model_id: str
    per_tile: int
    spontaneous_hz: float
    kpeaks: np.ndarray
    weights: np.ndarray
    delays: np.ndarray

    @property
    def sign(self):
        """1 for ON units, -1 for units whose first subunit is OFF."""
        return -1.0 if "OFF" in self.model_id else 1.0


@dataclasses.dataclass(frozen=True)
class CompositeClass:
    """How a composite unit joins an OFF and an ON subunit.

    Args:
        model_id: Name of the class.
        dominant: Class whose kernel the first subunit (OFF) has.
        non_dominant: Class whose kernel the second subunit (ON) has.
        spatial_size: Diameter of both subunits, degrees.
        sf_sep: Distance between their centres, degrees.
        peak_ms_dominant, peak_ms_non_dominant: Latency to which the kernels shift.
        max_off_hz, max_on_hz: Peak rates to an OFF and to an ON flash.
        gain: Factor on the amplitude of the first subunit.
    """

    model_id: str
    dominant: str
    non_dominant: str
    spatial_size: float
    sf_sep: float
    peak_ms_dominant: float
    peak_ms_non_dominant: float
    max_off_hz: float
    max_on_hz: float
    gain: float


@functools.cache
def lgn_classes():
    """The fourteen classes in the row order of the published unit table."""
    return tuple(
        LGNClass(
            row["model_id"],
            int(row["per_tile"]),
            float(row["spontaneous_hz"]),
            *(
                np.array([float(row[f"{name}_{bump}"] or "nan") for bump in (0, 1)])
                for name in ("kpeak", "weight", "delay")
            ),
        )
        for row in _read("lgn_classes.csv")
    )


@functools.cache
def composite_classes():
    """The two composite classes, by name."""
    text = ("model_id", "dominant", "non_dominant")
    return {
        row["model_id"]: CompositeClass(
            **{name: v if name in text else float(v) for name, v in row.items()}
        )
        for row in _read("lgn_composites.csv")
    }


def _read(name):
    table = importlib.resources.files("v1model.lgn") / "published" / name
    return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
