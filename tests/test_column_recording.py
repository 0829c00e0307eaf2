"""Rows of a recorded column: the simulation, one step later, however it is cut."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from v1model.assembly import network_for
from v1model.column_recording.config import GRID_MS, RecordConfig, ShownConfig
from v1model.column_recording.parts import Parts
from v1model.column_recording.recorder import ColumnRecorder, fingerprint, neuron_table
from v1model.column_recording.rows import PIECE_MS, ColumnRows, at_rest
from v1model.config import ColumnTrainConfig, NetworkConfig
from v1model.lgn import LGN, Movie, current_from_rates
from v1model.models import column_model
from v1model.network import readout_pools
from v1model.recordings import open_recording
from v1model.runs import Run
from v1model.simulation import mean_rates, simulate, spike_pieces, untrained_column
from v1model.stimuli import view_of
from v1model.stimuli.flashes import flashed, natural_frames
from v1model.stimuli.screening import ScreenRates

SEED = 7
T = 700
SIGNALS = ("spikes", "voltages", "rates")

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def layers(network):
    return untrained_column(network)


@pytest.fixture(scope="module")
def screen(network):
    frames = natural_frames(4, view_of(network.lgn), 2.0)
    screening = flashed(frames, 2, 0, shown_ms=150, gray_ms=50)
    return ScreenRates(LGN(network.lgn.units), screening)


def rows_of(layers, screen, n_steps=T, standing=None, **options):
    options = {"voltage_dtype": "float32", "rate_tau_ms": 20.0, **options}
    standing = standing or at_rest(layers, SEED)
    return ColumnRows(layers, screen, SEED, n_steps, standing, **options)


def dense(pieces, n_neurons):
    """Spikes (t, N) and the other signals of pieces of rows."""
    spikes = np.zeros((sum(piece.n_steps for piece in pieces), n_neurons), int)
    start = 0
    for piece in pieces:
        step, neuron = piece.spikes
        np.add.at(spikes, (start + step, neuron), 1)
        start += piece.n_steps
    joined = (
        np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ("voltages", "rates", "lgn")
    )
    return spikes, *joined


def test_rows_are_what_the_simulation_returns_one_step_later(network, layers, screen):
    n = network.n_neurons
    spikes, voltages, _, lgn = dense(list(rows_of(layers, screen)), n)
    pieces = spike_pieces(screen.between(0, T), [SEED])
    (sent,) = np.concatenate(list(pieces), axis=1)
    activity = list(simulate(layers, [sent[None]], [SEED]))[0]
    assert spikes.sum() > 100
    np.testing.assert_array_equal(lgn, sent)
    np.testing.assert_array_equal(spikes[1:], activity.spikes[0, :-1])
    np.testing.assert_array_equal(voltages[1:], activity.voltages[0, :-1])
    assert not spikes[0].any()
    rest = network.types.V_reset[network.type_index]
    np.testing.assert_allclose(voltages[0], rest, rtol=1e-6)


def test_row_t_and_what_is_sent_then_make_row_t_plus_1(network, layers, screen):
    """One step of the cell after the other, from the recorded input alone."""
    spikes, voltages, _, lgn = dense(list(rows_of(layers, screen)), network.n_neurons)
    cell = layers.rsnn.cell
    noise = noise_of(layers, T)
    state = cell.zero_state(1)
    receptors = cell.input_receptors
    for t in range(300):
        np.testing.assert_array_equal(state.z_buffer[0, : cell.n_neurons], spikes[t])
        found = cell.to_millivolt(state.v)[0]
        np.testing.assert_allclose(found, voltages[t], atol=2e-3)
        sent = tf.constant(lgn[None, t : t + 1], tf.float32)
        compact = (layers.input_layer(sent) + noise[:, t : t + 1])[0, 0]
        current = tf.scatter_nd(receptors[:, None], compact, (cell.state_size.psc,))
        _, state = cell(current[None], state)


def noise_of(layers, n_steps):
    """The background that `simulate` adds for SEED, drawn step by step."""
    drawn = []
    for index in range(-(-n_steps // 100)):
        # As simulation documents it: a seed for each stretch of 100 ms.
        words = np.random.SeedSequence([SEED, 1, index]).generate_state(2)
        seeds = tf.constant(words[None].view(np.int32))
        drawn.append(layers.noise(seeds, n_steps=100))
    return tf.concat(drawn, 1)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, T - 1))
def test_rows_go_on_from_a_standing_as_if_nothing_had_happened(layers, screen, at):
    n = layers.rsnn.cell.n_neurons
    whole = dense(list(rows_of(layers, screen)), n)
    first = rows_of(layers, screen, n_steps=at)
    parts = list(first)
    parts += list(rows_of(layers, screen, standing=first.standing))
    for found, expected in zip(dense(parts, n), whole, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_rates_are_spikes_smoothed_into_the_past(network, layers, screen):
    spikes, _, rates, _ = dense(list(rows_of(layers, screen)), network.n_neurons)
    kept, expected = np.exp(-1 / 20.0), np.zeros(network.n_neurons)
    for t in range(T):
        expected = kept * expected + (1 - kept) * 1000 * spikes[t]
        np.testing.assert_allclose(rates[t], expected, rtol=1e-4, atol=1e-3)


def test_a_recorded_column_fires_as_mean_rates_says(network, layers, screen):
    spikes, *_ = dense(list(rows_of(layers, screen)), network.n_neurons)
    skip = 100
    found = mean_rates(layers, screen.between(0, T)[:-1], [SEED], skip_ms=skip)
    expected = spikes[skip + 1 :].mean(axis=0) * 1000
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_current_of_the_trainer_can_drive_it_too(network, layers, screen):
    *_, lgn = dense(
        list(rows_of(layers, screen, current_input=True)), network.n_neurons
    )
    np.testing.assert_array_equal(lgn, current_from_rates(screen.between(0, T)))


def test_what_nobody_asked_for_is_not_made(layers, screen):
    rows = rows_of(layers, screen, 50, voltage_dtype=None, rate_tau_ms=None)
    (piece,) = list(rows)
    assert piece.voltages is None and piece.rates is None


def config_of(tmp_path, name="x.h5", **options):
    """A RecordConfig of a small column that sees 4 pictures twice, 3.5 s."""
    shown = {"n_pictures": 4, "repeats": 2, **options.pop("shown", {})}
    network = {"neurons": 500, "seed": SEED, **options.pop("network", {})}
    defaults = {"part_ms": GRID_MS, "signals": SIGNALS}
    return RecordConfig(
        network=NetworkConfig(**network),
        shown=ShownConfig(**shown),
        out=str(tmp_path / name),
        **{**defaults, **options},
    )


class Killed(Exception):
    pass


def killed_at(step):
    """A report that stops the program from a step on."""

    def report(done, total):
        del total
        if done >= step:
            raise Killed

    return report


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Path of an undisturbed recording."""
    path = tmp_path_factory.mktemp("recorded")
    return ColumnRecorder(config_of(path)).record()


def test_a_recording_says_what_was_shown_to_whom(recorded):
    with open_recording(recorded) as recording:
        assert recording.n_neurons == 500 and recording.n_steps == 3500
        neurons, trials = recording.neurons, recording.trials
        assert {"id", "cell_type", "layer", "area", "x", "y", "z"} <= set(neurons)
        assert set(neurons["area"]) == {"VISp"}
        screen = recording.stimulus["screen"]
        assert screen.n_frames == 4
        index = screen.index()
        assert len(trials) == 12
        for trial in trials.itertuples():
            ms = slice(round(1000 * trial.start_s), round(1000 * trial.stop_s))
            assert (index[ms] == trial.frame).all()
        assert recording.metadata["job"]["options"]["n_pictures"] == 4
        assert recording.activity["voltages"].signal.dtype == "float16"


def test_stored_events_are_the_rows_and_the_screen_drives_the_lgn(recorded, tmp_path):
    recorder = ColumnRecorder(config_of(tmp_path))
    layers = untrained_column(recorder.network)
    lgn = LGN(recorder.network.lgn.units)
    screen = ScreenRates(lgn, recorder.screening)
    pieces = list(rows_of(layers, screen, 3500, rate_tau_ms=50.0))
    spikes, voltages, rates, sent = dense(pieces, 500)
    with open_recording(recorded) as recording:
        np.testing.assert_array_equal(recording.activity["spikes"].read(), spikes)
        stored = recording.activity["voltages"].read()
        np.testing.assert_array_equal(stored, voltages.astype("float16"))
        np.testing.assert_array_equal(recording.activity["rates"].read(), rates)
        np.testing.assert_array_equal(recording.stimulus["lgn"].read(), sent)
        shown = recording.stimulus["screen"]
        index = shown.index()
        # The LGN, driven by what is stored, has the rates that were drawn from.
        starts = np.flatnonzero(np.diff(index, prepend=-2))
        frames = shown.read()[starts]
        movie = Movie(frames, np.diff(starts, append=len(index)))
        np.testing.assert_allclose(lgn.rates(movie), screen.between(0, 3500), atol=1e-3)


@pytest.mark.parametrize("steps", [(100,), (2500,), (2100, 3400)])
def test_a_recording_that_was_broken_off_ends_bit_for_bit_the_same(
    recorded, tmp_path, steps
):
    config = config_of(tmp_path)
    for step in steps:
        with pytest.raises(Killed):
            ColumnRecorder(config).record(killed_at(step))
        assert not (tmp_path / "x.h5").exists()
    starts = []
    path = ColumnRecorder(config).record(lambda done, total: starts.append(done))
    finished = GRID_MS * (max(steps) // GRID_MS)
    assert finished < min(starts) <= finished + PIECE_MS
    assert path.read_bytes() == recorded.read_bytes()
    assert [entry.name for entry in tmp_path.iterdir() if "x.h5" in entry.name] == [
        "x.h5"
    ]


def test_two_programs_do_not_write_one_recording(recorded, tmp_path):
    config = config_of(tmp_path)
    refused = []

    def report(done, total):
        del done, total
        with pytest.raises(ValueError, match=r"x\.h5\.parts: another program is rec"):
            ColumnRecorder(config).record()
        refused.append(True)

    path = ColumnRecorder(config).record(report)
    assert refused and path.read_bytes() == recorded.read_bytes()


def test_a_program_killed_while_it_joins_only_joins_again(
    recorded, tmp_path, monkeypatch
):
    config = config_of(tmp_path)
    recorder = ColumnRecorder(config)
    monkeypatch.setattr(recorder, "_join", lambda n_parts: killed_at(0)(0, 0))
    with pytest.raises(Killed):
        recorder.record()
    path = ColumnRecorder(config).record(killed_at(0))
    assert path.read_bytes() == recorded.read_bytes()


def test_the_same_job_again_finds_its_recording(tmp_path):
    config = config_of(tmp_path, signals=("spikes",), shown={"seconds": 1.0})
    path = ColumnRecorder(config).record()
    before = path.stat().st_mtime_ns
    again = ColumnRecorder(config)
    assert again.is_complete and again.record() == path
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": {"seed": 8}}, "seed: 7 there, 8 now"),
        ({"shown": {"repeats": 3}}, "repeats: 2 there, 3 now"),
        ({"background": "independent"}, "background: shared there, independent now"),
        ({"voltage_dtype": "float32"}, "voltage_dtype: float16 there, float32 now"),
    ],
)
def test_another_job_is_refused_by_the_name_of_its_option(
    recorded, tmp_path, change, message
):
    with pytest.raises(ValueError, match=message):
        ColumnRecorder(config_of(recorded.parent, **change))
    with pytest.raises(Killed):
        ColumnRecorder(config_of(tmp_path)).record(killed_at(0))
    with pytest.raises(ValueError, match=message):
        ColumnRecorder(config_of(tmp_path, **change))


def test_a_file_that_is_no_recording_of_a_column_is_left_alone(tmp_path):
    (tmp_path / "x.h5").write_text("mine")
    with pytest.raises(ValueError, match="x.h5"):
        ColumnRecorder(config_of(tmp_path))
    assert (tmp_path / "x.h5").read_text() == "mine"


def test_a_part_that_is_missing_is_named(tmp_path):
    config = config_of(tmp_path)
    with pytest.raises(Killed):
        ColumnRecorder(config).record(killed_at(2500))
    (tmp_path / "x.h5.parts" / "part_00000.h5").unlink()
    with pytest.raises(ValueError, match="part_00000.h5 is missing"):
        ColumnRecorder(config).record()


def test_repeats_of_a_picture_differ(recorded):
    with open_recording(recorded) as recording:
        trials, spikes = recording.trials, recording.activity["spikes"].read()
        lgn = recording.stimulus["lgn"].read()
        for frame in range(4):
            rows = trials[(trials["frame"] == frame)]
            first, second = (
                slice(round(1000 * s), round(1000 * s) + 250) for s in rows["start_s"]
            )
            assert (lgn[first] != lgn[second]).any()
            assert (spikes[first] != spikes[second]).any()


@pytest.mark.parametrize(
    ("stimulus", "options"),
    [
        ("gratings", {"repeats": 1, "directions": 3, "grating_ms": 200}),
        ("movie", {"movie_seconds": 0.4}),
        ("tasks", {}),
        ("gray", {"seconds": 0.3}),
    ],
)
def test_every_stimulus_can_be_recorded(tmp_path, stimulus, options):
    shown = {"stimulus": stimulus, "gray_ms": 100, "grating_gray_ms": 100, **options}
    config = config_of(tmp_path, signals=("spikes",), shown=shown)
    with open_recording(ColumnRecorder(config).record()) as recording:
        assert recording.n_steps == ColumnRecorder(config).n_steps
        index = recording.stimulus["screen"]
        numbers = index.read() if stimulus == "gray" else index.index()
        assert (numbers.max() == -1) == (stimulus == "gray")


def test_a_movie_of_ones_own_can_be_recorded(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (5, 30, 40), np.uint8)
    np.save(tmp_path / "mine.npy", pixels)
    shown = {
        "stimulus": "movie",
        "movie": str(tmp_path / "mine.npy"),
        "fps": 20.0,
        "movie_seconds": 0.25,
    }
    config = config_of(tmp_path, signals=("spikes",), shown=shown)
    with open_recording(ColumnRecorder(config).record()) as recording:
        rows = recording.trials[recording.trials["stimulus"] == "mine.npy"]
        assert rows["frame"].tolist() == [*range(5)] * 2


def test_a_trained_network_is_another_network(network):
    table = neuron_table(network)
    assert table["id"].is_unique and len(table) == network.n_neurons
    weights = network.recurrent.weight.copy()
    weights[0] += 1
    synapses = network.recurrent.replace(weight=weights)
    other = dataclasses.replace(network, recurrent=synapses)
    assert fingerprint(other) != fingerprint(network)
    assert fingerprint(network) == fingerprint(dataclasses.replace(network))


def test_a_trained_column_is_recorded_with_its_weights(tmp_path):
    train = ColumnTrainConfig(network=NetworkConfig(neurons=500, caching=False))
    run = Run.create(tmp_path, "trained", train, ["test"])
    whole, _ = network_for(train)
    pools = readout_pools(whole, 3)[:1]
    column = column_model(whole, train.column, pools, chunk=50, has_threshold=True)
    weights = column.rsnn.cell.recurrent_weights
    weights.assign(0.5 * weights)
    column.save(run.checkpoints / "column.keras")
    config = RecordConfig(
        shown=ShownConfig(stimulus="gray", seconds=0.2),
        weights=str(run.path),
        signals=("spikes",),
        out=str(tmp_path / "x.h5"),
    )
    recorder = ColumnRecorder(config)
    trained = recorder.network.recurrent.weight
    np.testing.assert_allclose(trained, 0.5 * whole.recurrent.weight, rtol=1e-5)
    with open_recording(recorder.record()) as recording:
        assert recording.n_neurons == 500
        assert recording.source == "v1model column, trained"
    small = dataclasses.replace(config, network=NetworkConfig(neurons=600))
    with pytest.raises(ValueError, match=r"--weights decides \['neurons'\]"):
        ColumnRecorder(small)


def test_a_job_survives_json(tmp_path):
    recorder = ColumnRecorder(config_of(tmp_path))
    assert json.loads(json.dumps(recorder.job)) == recorder.job
    Parts(tmp_path / "x.h5", recorder.job).open()  # takes up its own


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"signals": ("calcium",)}, "signals .*calcium"),
        ({"signals": ("spikes", "spikes")}, "signals"),
        ({"part_ms": 1000}, "part_ms .* got 1000"),
        ({"rate_tau_ms": 0.0}, "rate_tau_ms .* got 0"),
        ({"out": "x.npz"}, "out .* got x.npz"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        RecordConfig(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stimulus": "gray"}, "seconds .* got 0"),
        ({"movie": "x.gif"}, "movie needs --stimulus=movie, got x.gif"),
        ({"contrasts": (-1.0,)}, "contrasts"),
        ({"seconds": 0.00015}, "seconds .* got 0.00015"),
        ({"repeats": 0}, "repeats .* got 0"),
    ],
)
def test_impossible_stimuli_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ShownConfig(**options)


def test_more_seconds_than_there_are_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"seconds must be at most 3.5, .* got 4"):
        ColumnRecorder(config_of(tmp_path, shown={"seconds": 4.0}))
