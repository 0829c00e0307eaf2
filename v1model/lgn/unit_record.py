"""The LGN units as one record."""

import dataclasses

import numpy as np

from v1model.lgn.classes import composite_classes, lgn_classes

# The visual field, degrees; one pixel per degree (Billeh et al. 2020).
FIELD_WIDTH, FIELD_HEIGHT = 240, 120
# Diameters for which the published code has a Gaussian, degrees.
MIN_SIZE, MAX_SIZE = 1, 14


@dataclasses.dataclass(frozen=True)
class LGNUnits:
    """Filter parameters of I LGN units (Billeh et al. 2020, after Durand et al. 2016).

    Args:
        model_id: Class such as "sON_TF4", "tOFF_TF8" or "sONsOFF_001", (I,) str.
        x, y: Centre of the receptive field, (I,), degrees; x in 0-240, y in 0-120.
        spatial_size: Diameter of the receptive field, (I,), degrees (3 sigma).
        kpeaks_dom, weight_dom, delay_dom: Peaks (ms), weights and delays (ms) of the
            two cosine bumps of the temporal kernel, (I, 2).
        kpeaks_non_dom, weight_non_dom, delay_non_dom: The same for the second
            subunit of composite units, (I, 2); NaN elsewhere.
        tuning_angle, sf_sep: Direction (degrees) and distance (degrees) from the
            first to the second subunit of composite units, (I,); NaN elsewhere.

    Raises:
        ValueError: A column has the wrong shape, a class is unknown, or a value
            that the unit needs is missing or impossible.
    """

    model_id: np.ndarray
    x: np.ndarray
    y: np.ndarray
    spatial_size: np.ndarray
    kpeaks_dom: np.ndarray
    weight_dom: np.ndarray
    delay_dom: np.ndarray
    kpeaks_non_dom: np.ndarray
    weight_non_dom: np.ndarray
    delay_non_dom: np.ndarray
    tuning_angle: np.ndarray
    sf_sep: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "model_id", np.asarray(self.model_id, str))
        names = [field.name for field in dataclasses.fields(self)]
        for name in names[1:]:
            object.__setattr__(self, name, np.asarray(getattr(self, name), float))
        for name in names:
            is_pair = name.startswith(("kpeaks", "weight", "delay"))
            expected = (len(self), 2) if is_pair else (len(self),)
            if getattr(self, name).shape != expected:
                raise ValueError(
                    f"LGN units: {name} must have shape {expected}, "
                    f"got {getattr(self, name).shape}."
                )
        known = [kind.model_id for kind in lgn_classes()]
        rule = f"is not one of {', '.join(known)}"
        self._require("model_id", np.isin(self.model_id, known), rule)
        for name in names[1:]:
            self._require_finite(name)
        for name, low, high in (
            ("x", 0, FIELD_WIDTH),
            ("y", 0, FIELD_HEIGHT),
            ("spatial_size", MIN_SIZE, MAX_SIZE),
        ):
            value = getattr(self, name)
            is_ok = (value >= low) & (value <= high)
            self._require(name, is_ok, f"is outside {low}-{high} degrees")
        for subunit in ("dom", "non_dom"):
            # Comparisons with NaN are False, which is how an unused value passes.
            kpeaks, delay = f"kpeaks_{subunit}", f"delay_{subunit}"
            self._require(kpeaks, ~(getattr(self, kpeaks) <= 0), "is not positive")
            self._require(delay, ~(getattr(self, delay) < 0), "is negative")

    def _require_finite(self, name):
        value = getattr(self, name)
        only_composite = "non_dom" in name or name in ("tuning_angle", "sf_sep")
        is_needed = self.is_composite if only_composite else np.ones(len(self), bool)
        is_needed = is_needed.reshape(-1, *[1] * (value.ndim - 1))
        self._require(name, np.isfinite(value) | ~is_needed, "is not finite")

    def _require(self, name, is_ok, rule):
        if not is_ok.all():
            row, *bump = (int(i) for i in np.argwhere(~is_ok)[0])
            label = "_".join([name, *map(str, bump)])
            value = getattr(self, name)[(row, *bump)]
            raise ValueError(f"LGN units: {label} {value} in row {row} {rule}.")

    def __len__(self):
        return len(self.model_id)

    @property
    def is_composite(self):
        """(I,) bool: units with an ON and an OFF subunit."""
        return np.isin(self.model_id, list(composite_classes()))

    def take(self, index):
        """The units of `index`."""
        columns = (getattr(self, f.name)[index] for f in dataclasses.fields(self))
        return LGNUnits(*columns)
