"""A stretch of a recording is drawn as it was recorded."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from tests.visualization.texts import assert_texts_are_apart, words_of
from v1model.network.populations import ROUGH_POPULATIONS
from v1model.recordings import open_recording, save_recording
from visualization import style
from visualization.recording import overview
from visualization.recording.overview import RASTER, WIDTH, recording_overview
from visualization.recording.panels import colours_of, side_by_side, trial_rows
from visualization.recording.stretch import MOST_ROWS, cropped, read_stretch, thinned
from visualization.trial.laminar import heights


def column_like(path, n_steps=600):
    """Spikes, voltages, pictures and trials of 17 populations."""
    rng = np.random.default_rng(0)
    population = np.repeat(ROUGH_POPULATIONS, 30)
    n = len(population)
    save_recording(
        path,
        dt_ms=1,
        activity={
            "spikes": (rng.random((n_steps, n)) < 0.01).astype(np.uint8),
            "voltages": rng.normal(-70, 4, (n_steps, n)).astype(np.float16),
        },
        quantities={"spikes": "count", "voltages": "voltage"},
        neurons=pd.DataFrame({"id": np.arange(n), "population": population}),
        stimulus={"screen": np.arange(n_steps) // 100 % 3 - 1},
        frames={"screen": rng.random((2, 30, 40))},
        trials=pd.DataFrame(
            {
                "start_s": np.arange(6) / 10,
                "stop_s": np.arange(6) / 10 + 0.05,
                "stimulus": "natural_scenes",
                "frame": np.arange(6) * 11,
            }
        ),
        source="simulated column",
        session_id="seed 3000",
    )
    return path


def neuropixels_like(path):
    """Exact spike times of two probes, one of which is invalid for a while."""
    rng = np.random.default_rng(1)
    areas = np.array(["VISp"] * 50 + ["LGd"] * 30 + [""] * 3)
    probe = np.where(areas == "VISp", "probeA", "probeB")
    stimuli = ["gabors", "flashes", "drifting_gratings", "natural_movie_one", "spots"]
    stimuli += ["static_gratings", "natural_scenes", "spontaneous"]
    start = np.arange(40) * 0.25
    save_recording(
        path,
        dt_ms=1,
        n_steps=10_000,
        spike_times=[np.sort(rng.random(60) * 10) for _ in areas],
        neurons=pd.DataFrame({"id": range(len(areas)), "area": areas, "probe": probe}),
        trials=pd.DataFrame(
            {
                "start_s": start,
                "stop_s": start + 0.25,
                "stimulus": np.array(stimuli)[np.arange(40) % 8],
                "orientation": np.where(np.arange(40) % 3, np.nan, 45.0),
            }
        ),
        invalid=pd.DataFrame({"start_s": [5.0], "stop_s": [5.3]}),
        invalid_neurons=(probe == "probeB")[None],
        source="Allen Visual Coding Neuropixels",
        session_id="715093703",
    )
    return path


def calcium_like(path):
    """Slow traces with a gap, beside an orientation."""
    rng = np.random.default_rng(2)
    values = rng.random((3000, 60)).astype(np.float32)
    values[1400:1500, 30:40] = np.nan
    save_recording(
        path,
        dt_ms=1000 / 30,
        activity={"dff": values},
        quantities={"dff": "calcium"},
        valid=np.isfinite(values),
        stimulus={"orientation": np.repeat(rng.integers(0, 8, 100) * 45.0, 30)},
    )
    return path


KINDS = {f.__name__: f for f in (column_like, neuropixels_like, calcium_like)}


@pytest.fixture(scope="module", params=KINDS)
def recording(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("kinds") / f"{request.param}.h5"
    with open_recording(KINDS[request.param](path)) as recording:
        yield recording


@pytest.fixture(scope="module")
def column(tmp_path_factory):
    with open_recording(
        column_like(tmp_path_factory.mktemp("column") / "a.h5")
    ) as recording:
        yield recording


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    with open_recording(
        neuropixels_like(tmp_path_factory.mktemp("session") / "a.h5")
    ) as recording:
        yield recording


def axes_of(figure, size):
    """The axes of this height in pixels."""
    return next(
        axes for axes in figure.axes if round(axes.get_window_extent().height) == size
    )


def test_no_text_covers_another(recording):
    assert_texts_are_apart(recording_overview(read_stretch(recording)))


def test_all_panels_share_the_time_of_the_stretch(recording):
    stretch = read_stretch(recording, seconds=0.2)
    figure = recording_overview(stretch)
    wide = [a for a in figure.axes if round(a.get_window_extent().width) == WIDTH]
    assert len(wide) >= 2
    for axes in wide:
        np.testing.assert_allclose(axes.get_xlim(), (stretch.start_s, stretch.stop_s))


def test_a_stretch_is_that_part_of_the_recording(column):
    stretch = read_stretch(column, start_s=0.1, seconds=0.25)
    assert (stretch.start_s, stretch.n_steps) == (0.1, 250)
    counts = np.zeros((250, column.n_neurons), int)
    np.add.at(counts, (stretch.step, stretch.neuron), 1)
    np.testing.assert_array_equal(counts, column.activity["spikes"].read(100, 350))
    voltages = column.activity["voltages"].read(100, 350, stretch.dense_neurons)
    np.testing.assert_array_equal(stretch.dense, voltages)
    assert len(stretch.dense_neurons) == MOST_ROWS
    assert (np.diff(stretch.group[stretch.dense_neurons]) >= 0).all()
    shown = [
        (round(start, 3), round(stop, 3)) for _, start, stop, _ in stretch.pictures
    ]
    assert shown == [(0.1, 0.2), (0.2, 0.3)]
    frames = column.stimulus["screen"].frames
    for (*_, picture), frame in zip(stretch.pictures, frames, strict=True):
        np.testing.assert_array_equal(picture, frame.astype(np.float32))
    assert stretch.trials["frame"].tolist() == [11, 22, 33]


def test_the_middle_is_drawn_if_nothing_is_said(session):
    stretch = read_stretch(session)
    assert (stretch.start_s + stretch.stop_s) / 2 == pytest.approx(5)
    assert stretch.n_steps == 1500


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start_s": 11}, r"start_s must lie in \[0, 10\) s, got 11"),
        ({"start_s": -1}, "got -1"),
        ({"by": "depth"}, "no column 'depth'; choose from .*area"),
    ],
)
def test_what_cannot_be_drawn_says_why(session, options, message):
    with pytest.raises(ValueError, match=message):
        read_stretch(session, **options)


def test_every_spike_is_a_dot_in_its_column_and_in_the_rows_of_its_group(session):
    stretch = read_stretch(session, start_s=1, seconds=0.5)
    picture = axes_of(recording_overview(stretch), RASTER).images[-1].get_array()
    assert picture.shape == (RASTER, WIDTH, 4)
    sizes = np.bincount(stretch.group)
    ends = np.cumsum(heights(sizes, RASTER))
    expected = np.zeros((len(sizes), WIDTH), bool)
    column = ((stretch.step + 0.5) * WIDTH / stretch.n_steps).astype(int)
    expected[stretch.group[stretch.neuron], column] = True
    spread = expected.copy()
    spread[:, 1:] |= expected[:, :-1]  # lone dots are two pixels wide
    bands = np.split(picture[..., 3] > 0, ends[:-1])
    found = np.array([band.any(axis=0) for band in bands])
    assert (found[:-1] == spread[:-1]).all()
    assert len(stretch.step) > 100


def test_invalid_neurons_are_grey_while_they_are_invalid(session):
    stretch = read_stretch(session, start_s=4.9, seconds=0.6)
    figure = recording_overview(stretch)
    axes = axes_of(figure, RASTER)
    grey, _ = axes.images
    np.testing.assert_allclose(grey.get_extent()[:2], (5.0, 5.3))
    rows = grey.get_array()[:, 0, 3] > 0
    ends = np.cumsum(heights(np.bincount(stretch.group), RASTER))
    names = np.array(stretch.group_names)
    assert sorted(names) == ["(none)", "LGd", "VISp"]
    for name, start, end in zip(names, [0, *ends], ends, strict=False):
        assert rows[start:end].all() == (name != "VISp")
        assert rows[start:end].any() == (name != "VISp")
    assert words_of(figure).count("not valid") == 1
    before = read_stretch(session, start_s=1, seconds=0.6)
    assert len(axes_of(recording_overview(before), RASTER).images) == 1


def test_invalid_values_are_left_out_of_a_heat_map(tmp_path):
    with open_recording(calcium_like(tmp_path / "a.h5")) as recording:
        stretch = read_stretch(recording, start_s=45, seconds=10)
        begin = round(stretch.start_s * 30)
        expected = recording.valid(begin, begin + stretch.n_steps)
    found = np.isfinite(stretch.dense)
    np.testing.assert_array_equal(found, expected[:, stretch.dense_neurons])
    assert not found.all()


def test_rates_are_spikes_per_neuron_and_second(session):
    stretch = read_stretch(session, start_s=2, seconds=1.5)
    axes = axes_of(recording_overview(stretch), overview.RATE)
    drawn = [patch.get_data() for patch in axes.patches]
    assert len(drawn) == len(stretch.group_names)
    for k, (values, edges, _) in enumerate(drawn):
        members = np.flatnonzero(stretch.group == k)
        times = stretch.start_s + stretch.step[np.isin(stretch.neuron, members)] / 1000
        counts, _ = np.histogram(times + 1e-6, edges)
        np.testing.assert_allclose(values, counts / len(members) / np.diff(edges))


def test_many_populations_have_a_rate_per_class(column):
    stretch = read_stretch(column)
    axes = axes_of(recording_overview(stretch), overview.RATE)
    assert [text.get_text() for text in axes.texts] == [*style.CLASS_COLOURS]
    total = np.bincount(stretch.neuron, minlength=len(stretch.group)).sum()
    sizes = {"excitatory": 120, "Pvalb": 120, "Sst": 120, "Htr3a": 150}
    spikes = 0
    for patch, size in zip(axes.patches, sizes.values(), strict=True):
        values, edges, _ = patch.get_data()
        spikes += (values * np.diff(edges)).sum() * size
    assert spikes == pytest.approx(total)


def test_stimuli_beyond_the_sixth_share_a_row(session):
    rows = trial_rows(read_stretch(session, start_s=0, seconds=10))
    assert [name for name, _ in rows[:2]] == ["gabors", "flashes"]
    assert rows[-1][0] == "3 others" and len(rows) == 6
    assert sum(len(part) for _, part in rows) == 40


def test_populations_have_the_colours_of_their_classes():
    assert colours_of(["e4", "i5Sst"]) == [
        style.CLASS_COLOURS[name] for name in ("excitatory", "Sst")
    ]
    palette = colours_of([f"area {k}" for k in range(20)])
    assert len({to_rgb(colour) for colour in palette[:8]}) == 8


def test_frames_of_a_movie_have_room_side_by_side_and_pictures_are_all_drawn():
    def shown(edges, gap=0):
        pairs = zip(edges[:-1], edges[1:], strict=True)
        return [("screen", a, b - gap, k) for k, (a, b) in enumerate(pairs)]

    movie = shown([0, 1, 2, 3, 4, 5, 6, 7])
    assert side_by_side(movie, 3) == [(0, 3, 0), (3, 7, 3)]
    assert side_by_side(movie, 2.5) == [(0, 2, 0), (2, 4, 2), (4, 7, 4)]
    assert side_by_side(movie[:1], 3) == [(0, 1, 0)]
    for pictures in (shown([0, 2, 4, 6]), shown([0, 1, 2, 3], gap=0.5)):
        assert side_by_side(pictures, 3) == [tuple(one[1:]) for one in pictures]


def test_large_pictures_are_thinned():
    picture = np.arange(918 * 1174.0).reshape(918, 1174)
    assert max(thinned(picture).shape) <= 200
    np.testing.assert_array_equal(thinned(picture[:50, :60]), picture[:50, :60])


def test_what_is_blank_in_all_pictures_is_cut_off():
    """A small column sees a part of the screen only."""
    screens = np.full((2, 120, 240), 0.5)
    screens[0, 50:60, 100:110] = np.arange(100).reshape(10, 10)
    screens[1, 55:70, 90:95] = 7
    pictures = [("screen", k, k + 1, screen) for k, screen in enumerate(screens)]
    for (*where, picture), screen in zip(cropped(pictures), screens, strict=True):
        assert where[0] == "screen"
        np.testing.assert_array_equal(picture, screen[50:70, 90:110])
    blank = [("screen", 0, 1, np.zeros((3, 4)))]
    assert cropped(blank)[0][3].shape == (3, 4)


def test_an_empty_recording_cannot_be_drawn(tmp_path):
    options = {"activity": {"r": np.zeros((0, 2))}, "quantities": {"r": "rate"}}
    save_recording(tmp_path / "a.h5", dt_ms=1, **options)
    with (
        open_recording(tmp_path / "a.h5") as recording,
        pytest.raises(ValueError, match="nothing to draw, it has 0 steps"),
    ):
        read_stretch(recording)


def test_a_silent_stretch_says_so(tmp_path):
    save_recording(tmp_path / "a.h5", dt_ms=1, n_steps=500, spike_times=[[], []])
    with open_recording(tmp_path / "a.h5") as recording:
        figure = recording_overview(read_stretch(recording))
    assert "no spikes" in words_of(figure)
    assert_texts_are_apart(figure)


def test_rates_leave_out_neurons_while_they_are_invalid(tmp_path):
    """Half of the neurons fire in every step, and are invalid for a while."""
    spikes = np.zeros((300, 4), np.uint8)
    spikes[:, :2] = 1
    valid = np.ones((300, 4), bool)
    valid[100:200, :2] = False
    valid[250:] = False
    save_recording(
        tmp_path / "a.h5",
        dt_ms=1,
        activity={"spikes": spikes},
        quantities={"spikes": "count"},
        valid=valid,
    )
    with open_recording(tmp_path / "a.h5") as one:
        figure = recording_overview(read_stretch(one))
    drawn, times, _ = figure.axes[-1].patches[0].get_data()
    middle = (times[:-1] + times[1:]) / 2
    np.testing.assert_allclose(drawn[middle < 0.1], 500)
    np.testing.assert_allclose(drawn[(middle > 0.104) & (middle < 0.196)], 0)
    assert np.isnan(drawn[middle > 0.25]).all()


def test_spikes_of_a_single_neuron_are_ticks_in_the_middle(tmp_path):
    spikes = np.zeros((640, 1), np.uint8)
    spikes[320] = 1
    save_recording(
        tmp_path / "a.h5",
        dt_ms=1,
        activity={"spikes": spikes},
        quantities={"spikes": "count"},
    )
    with open_recording(tmp_path / "a.h5") as one:
        raster = recording_overview(read_stretch(one)).axes[0]
    rows = np.flatnonzero((raster.images[0].get_array()[..., 3] > 0).any(axis=1))
    assert 10 <= len(rows) <= 16
    assert abs(rows.mean() - RASTER / 2) < 2


def test_pictures_without_a_number_are_gray(tmp_path):
    save_recording(
        tmp_path / "a.h5",
        dt_ms=1,
        activity={"spikes": np.ones((50, 2), np.uint8)},
        quantities={"spikes": "count"},
        stimulus={"screen": np.full((50, 4, 4), np.nan)},
    )
    with open_recording(tmp_path / "a.h5") as one:
        figure = recording_overview(read_stretch(one))
    assert "screen" in words_of(figure)
