"""KnownV1Config: which known neurons are simulated, and what they see."""

from typing import Annotated

from pydantic import Field, model_validator

from v1model.params import Count, Natural, Params, Positive, Seed, Weight

LEAST_FRAME = 16  # pixels; a period of the widest neurons must fit in


class KnownV1Config(Params):
    """A recording of neurons whose rates are known."""

    seed: Seed = Field(1, description="Of the neurons, the eye, Gabors and spikes.")
    n_neurons: Count = Field(24, description="Simple, complex and normalised in turn.")
    frame_size: Annotated[int, Field(ge=LEAST_FRAME)] = Field(
        24, description="Side of the frames, pixels."
    )
    sampling_rate: Positive = Field(120.0, description="Bins per second.")
    pixels_per_degree: Positive = Field(16.0, description="Of the screen.")
    scale: Positive = Field(
        1.0, description="Zoom of pictures and neurons, as of another screen."
    )
    pictures: str = Field(
        "",
        description="Folder of pictures, at least three; empty takes photographs that "
        "come with scikit-image and scikit-learn.",
    )
    picture_seed: Seed = Field(
        0, description="Which pictures are for training, validation and test."
    )
    train_minutes: Positive = Field(8.4, description="Natural pictures, for training.")
    validation_minutes: Positive = Field(1.7, description="And for validation.")
    test_minutes: Positive = Field(1.7, description="And for the test.")
    gaborium_minutes: Weight = Field(3.0, description="Flashed Gabors; 0 is none.")
    gratings_minutes: Weight = Field(1.0, description="Gratings; 0 is none.")
    fixrsvp_repeats: Natural = Field(
        30, description="Trials that repeat the same pictures and gaze; 0 is none."
    )
    fixrsvp_jitter: Weight = Field(
        0.0, description="Spread of the gaze from repeat to repeat, pixels."
    )
    trial_s: Annotated[float, Field(ge=1)] = Field(5.0, description="Of a trial, s.")
    gap_s: Weight = Field(0.25, description="Grey between trials, s.")
    median_hz: Positive = Field(8.0, description="Median of the mean rates.")
    rate_spread: Weight = Field(0.8, description="SD of the logarithm of them.")
    lowest_hz: Positive = Field(2.0, description="Lowest mean rate.")
    highest_hz: Positive = Field(40.0, description="Highest mean rate.")
    largest_floor: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.3, description="Share of a mean rate that nothing drives, at most."
    )
    behavior_gain: Weight = Field(
        0.0, description="Rates grow by exp(this x speed of the eye, 0 to 1)."
    )
    missing_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="Share of the trials that a neuron misses."
    )

    @model_validator(mode="after")
    def _fits_together(self):
        if self.lowest_hz > self.highest_hz:
            raise ValueError(
                f"lowest_hz must be at most highest_hz {self.highest_hz}, got "
                f"{self.lowest_hz}"
            )
        return self
