"""vcd_grating and ori_diff: what is measured on the screen is what is asked."""

import numpy as np
import pytest

from v1model.lgn import current_from_rates
from v1model.stimuli.trials import GRAY

# A smooth window: without it the edges of the screen would shift the peak.
WINDOW = np.hanning(120)[:, None] * np.hanning(240)


def spectrum(frame, cycles_x, cycles_y):
    """Fourier transform of a frame at (K,) frequencies, cycles per degree."""
    rows = np.exp(-2j * np.pi * np.outer(cycles_y, np.arange(120)))
    columns = np.exp(-2j * np.pi * np.outer(cycles_x, np.arange(240)))
    return np.einsum("kr,rc,kc->k", rows, frame * WINDOW, columns)


def measured(frame, orientations, frequency=0.05):
    """Orientation of the strongest wave of this frequency, degrees."""
    angle = np.deg2rad(orientations)
    waves = frequency * np.cos(angle), frequency * np.sin(angle)
    return orientations[np.abs(spectrum(frame, *waves)).argmax()]


def shown(task, split, n_steps, batch_size=2):
    """Picture numbers and answers of each window, (n, n_windows)."""
    plans = [task.plan(split, k, batch_size, n_steps) for k in range(n_steps)]
    n_slots = task.timeline.n_slots
    pictures = np.concatenate([plan.pictures[:, -n_slots:] for plan in plans])
    return pictures, np.concatenate([plan.answers for plan in plans])


def test_the_screen_is_gray_on_average_and_spans_the_intensity(make):
    task = make("ori_diff", sti_intensity=1.5, grating_contrast=0.5)
    for number in shown(task, "training", 3)[0][:, 0]:
        frame = task.rates.frame(number)
        assert abs((frame * WINDOW).sum() / WINDOW.sum()) < 1e-3
        assert frame.max() == pytest.approx(0.75, rel=0.01)
        assert frame.min() == pytest.approx(-0.75, rel=0.01)


@pytest.mark.parametrize("name", ["vcd_grating", "ori_diff"])
@pytest.mark.parametrize("frequency", [0.05, 0.12])
def test_the_spatial_frequency_on_the_screen_is_the_option(make, name, frequency):
    task = make(name, spatial_frequency=frequency)
    found = np.arange(20, 200) / 1000
    for number in shown(task, "validation", 2)[0][:, 0]:
        frame = task.rates.frame(number)
        angle = np.deg2rad(measured(frame, np.arange(30.0, 160.0), frequency))
        power = np.abs(spectrum(frame, found * np.cos(angle), found * np.sin(angle)))
        assert found[power.argmax()] == pytest.approx(frequency, abs=1e-3)


@pytest.mark.parametrize("split", ["training", "validation"])
def test_ori_diff_asks_whether_the_grating_on_the_screen_is_beyond_45(make, split):
    task = make("ori_diff")
    fine = np.arange(4200, 4801) / 100
    for (number,), (answer,) in zip(*shown(task, split, 8), strict=True):
        orientation = measured(task.rates.frame(number), fine)
        assert answer == (orientation > 45)
        assert 42.95 <= orientation <= 47.05
        assert abs(orientation - 45) > 0.05


@pytest.mark.parametrize("split", ["training", "validation"])
def test_vcd_grating_asks_whether_the_orientation_on_the_screen_has_changed(
    make, split
):
    task = make("vcd_grating")
    pictures, answers = shown(task, split, 12, batch_size=1)
    fine = np.arange(11900, 15100, 2) / 100
    frames = [task.rates.frame(number) for number in pictures.ravel()]
    orientations = np.array([measured(frame, fine) for frame in frames])
    assert orientations.min() >= 119.95 and orientations.max() <= 150.05
    has_changed = np.abs(np.diff(orientations)) > 0.05
    np.testing.assert_array_equal(answers.ravel()[1:], has_changed)
    assert 0 < has_changed.sum() < len(has_changed)


@pytest.mark.parametrize("name", ["vcd_grating", "ori_diff"])
def test_phases_cover_the_full_period_also_when_the_orientation_repeats(
    make, view, name
):
    task = make(name)
    pictures, _ = shown(task, "training", 100, batch_size=4)
    phase = []
    for number in pictures.ravel()[:100]:
        grating = task.rates.frame(number)
        angle = np.deg2rad(measured(grating, np.arange(40.0, 152.0)))
        wave = spectrum(grating, [0.05 * np.cos(angle)], [0.05 * np.sin(angle)])
        # A sine at the centre of the view lags a cosine there by 90 degrees.
        there = 0.05 * (view.x * np.cos(angle) + view.y * np.sin(angle))
        phase.append(np.angle(wave[0] * np.exp(2j * np.pi * there)) + np.pi / 2)
    assert abs(np.exp(1j * np.array(phase)).mean()) < 0.25
    expected = np.deg2rad(pictures.ravel()[:100] % 360)
    # Orientations were measured in whole degrees only.
    np.testing.assert_allclose(np.cos(np.array(phase) - expected), 1, atol=0.02)
    identity, variant = np.divmod(pictures.ravel(), 360)
    assert len(np.unique(variant)) > 150
    repeats = identity[1:] == identity[:-1]
    if name == "vcd_grating":
        assert (variant[1:] != variant[:-1])[repeats].mean() > 0.9


def test_a_fixed_phase_is_shown_every_time(make, view):
    task = make("ori_diff", grating_phase=90.0)
    pictures, _ = shown(task, "training", 20)
    for number in np.unique(pictures):
        frame = task.rates.frame(number)
        middle = frame[round(view.y), round(view.x)]
        assert middle == pytest.approx(2.0, rel=0.02)  # sine of 90 degrees
    assert len(np.unique(pictures)) == 32


def test_held_out_orientations_are_as_hard_and_as_many_on_both_sides(make):
    task = make("ori_diff")
    fine = np.arange(4200, 4801) / 100
    distance = {}
    for split, n in (("training", 32), ("validation", 8)):
        pictures, answers = shown(task, split, 1, batch_size=n)
        frames = [task.rates.frame(number) for number in pictures[:, 0]]
        orientations = np.array([measured(frame, fine) for frame in frames])
        assert len(np.unique(orientations)) == n
        assert answers.mean() == 0.5
        distance[split] = np.abs(orientations - 45)
    assert distance["training"].mean() == pytest.approx(1.05, abs=0.01)
    assert distance["validation"].mean() == pytest.approx(1.05, abs=0.01)


def test_validation_shows_one_in_five_orientations_over_the_whole_range(make):
    task = make("vcd_grating")
    found = {
        split: np.unique(shown(task, split, 300, batch_size=8)[0] // 360)
        for split in ("training", "validation")
    }
    assert len(found["training"]) == 241
    assert len(found["validation"]) == 60
    assert not set(found["training"]) & set(found["validation"])


@pytest.mark.parametrize("temporal_frequency", [0.0, 3.0])
def test_vcd_grating_shows_one_continuous_movie_across_trials(
    make, lgn, temporal_frequency
):
    """Also with bars that move: the whole movie through the LGN at once is the same."""
    task = make("vcd_grating", temporal_frequency=temporal_frequency)
    movie, streamed = [], []
    for step in range(3):
        streamed.append(task.batch("training", step, 1, 4).inputs[0])
        for number in task.plan("training", step, 1, 4).pictures[0, -2:]:
            frames = np.zeros((300, 120, 240), np.float32)
            frames[50:150] = task.rates.gratings[number].movie(100)
            movie.append(frames)
    rates = lgn.rates(np.concatenate(movie))
    expected = current_from_rates(rates)
    np.testing.assert_allclose(np.concatenate(streamed), expected, atol=5e-6)


def test_image_labels_name_the_grating_while_it_is_shown(make):
    batch = make("vcd_grating").batch("training", 2, 3, 6)
    plan = make("vcd_grating").plan("training", 2, 3, 6)
    np.testing.assert_array_equal(batch.image_labels[:, [1, 7]], plan.pictures[:, -2:])
    np.testing.assert_array_equal(batch.image_labels[:, [2, 8]], plan.pictures[:, -2:])
    others = np.delete(batch.image_labels, [1, 2, 7, 8], axis=1)
    assert (others == GRAY).all()


def test_a_pattern_too_fine_for_the_screen_is_refused_before_any_trial(make):
    with pytest.raises(ValueError, match="spatial_frequency must lie in .* got 0.7"):
        make("ori_diff", spatial_frequency=0.7)
