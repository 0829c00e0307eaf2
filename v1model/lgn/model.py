"""The LGN model: movies to firing rates."""

import numpy as np

from v1model.lgn.kernels import make_subunits
from v1model.lgn.movie import Movie
from v1model.lgn.spatial import SpatialFilters
from v1model.lgn.temporal import TemporalFilters

# A jump of the picture costs one pass over the responses; with more jumps than this
# per ms, a convolution of every sample is faster (measured with all units).
MAX_JUMPS_PER_MS = 1 / 50


class LGN:
    """Linear-nonlinear model of I LGN units (Billeh et al. 2020).

        rate(t) = sum over subunits of
            max(0, amplitude (kernel * <Gaussian, movie>)(t) + spontaneous)

    The numbers are those of the published TensorFlow version (Chen et al. 2022):
    Gaussians of whole-degree size classes, zero (gray) outside the field and before
    the movie, bilinear sampling, kernels of 700 ms, subunits rectified one by one.
    Filters are computed once, here; calls share nothing, so threads may call the
    same object. All arrays are float32; step responses are summed in float64.

    Args:
        units: LGNUnits of I units. Only these are computed: a selection made with
            `units.take` costs accordingly less.
    """

    def __init__(self, units):
        if len(units) == 0:
            raise ValueError("LGN: at least one unit is needed, got 0.")
        subunits = make_subunits(units)
        self.units = units
        self._spontaneous = subunits.spontaneous
        self._second = subunits.second
        self._spatial = SpatialFilters(subunits.x, subunits.y, subunits.sigma)
        self._temporal = TemporalFilters(subunits.kernel)

    @property
    def spontaneous_rates(self):
        """Rates at a gray screen, (I,) float32, Hz."""
        rates = self._spontaneous[: len(self.units)].copy()
        rates[self._second] += self._spontaneous[len(self.units) :]
        return rates

    def rates(self, movie):
        """Firing rates.

        Args:
            movie: A `Movie`, or an array (T, 120, 240) with one frame per ms; 0 is
                gray. Frames that stay are filtered once, however they are given.

        Returns:
            (T, I) float32, Hz.

        Raises:
            ValueError: Wrong shape, no frame, or a pixel that is not finite.
        """
        if not isinstance(movie, Movie):
            movie = Movie.from_array(movie)
        return self.rates_from_spatial(
            self.spatial_responses(movie.frames), movie.durations_ms
        )

    def spatial_responses(self, frames):
        """Spatial part of the model: (F, 120, 240) frames to (J, F) float32.

        J counts subunits: the I units and the second subunits of composite ones. A
        task that shows the same pictures many times can keep these columns.
        """
        return self._spatial(np.asarray(frames, np.float32))

    def rates_from_spatial(self, responses, durations_ms):
        """Temporal part of the model.

        Args:
            responses: Columns of `spatial_responses`, (J, F).
            durations_ms: How long each of the F pictures stays, (F,) int, ms.

        Returns:
            (T, I) float32, Hz.
        """
        durations = np.asarray(durations_ms)
        n_steps = int(durations.sum())
        if len(durations) <= max(1, MAX_JUMPS_PER_MS * n_steps):
            parts = self._temporal.to_steps(responses, durations)
        else:
            samples = np.repeat(responses, durations, axis=1)
            parts = self._temporal.to_samples(samples)
        n_units = len(self.units)
        rates = np.empty((n_steps, n_units), np.float32)
        for block, response in parts:
            response = np.maximum(response + self._spontaneous[block], 0)
            n_first = np.clip(n_units - block.start, 0, response.shape[1])
            rates[:, block.start : block.start + n_first] = response[:, :n_first]
            second = slice(max(block.start - n_units, 0), block.stop - n_units)
            if n_first < response.shape[1]:
                rates[:, self._second[second]] += response[:, n_first:]
        return rates
