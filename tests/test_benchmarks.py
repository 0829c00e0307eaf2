"""The benchmarks of the engines: they time what they say and judge it by targets."""

import csv
import importlib
import pathlib
import sys
import types

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tests.models.columns import make_column
from v1model.engine.glif3 import GLIF3State
from v1model.simulation import untrained_column

FOLDER = pathlib.Path(__file__).parents[1] / "benchmarks"
NAMES = (
    "adjoint_ideas",
    "draw_figures",
    "engine_floors",
    "engine_scaling",
    "engine_step",
    "machine_speed",
    "memory_length",
    "running_column",
    "step_targets",
)


@pytest.fixture(scope="module")
def programs():
    """The modules of the folder by name; they import each other as siblings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield types.SimpleNamespace(**{n: importlib.import_module(n) for n in NAMES})
        for name in (*NAMES, "results_table"):
            sys.modules.pop(name, None)


@pytest.fixture
def trial(programs, network):
    """40 ms of the column of 60 neurons, two trials."""
    layers = untrained_column(network, engine="compiled")
    rng = np.random.default_rng(0)
    lgn = rng.random((2, 40, network.lgn.n_inputs), np.float32)
    noise = layers.noise(tf.constant([[1, 2], [3, 4]]), n_steps=40).numpy()
    state = GLIF3State(*(part.numpy() for part in layers.rsnn.cell.zero_state(2)))
    return programs.running_column.Trial(network, lgn, noise, state)


@pytest.fixture
def started(programs, trial):
    layers = untrained_column(trial.network, engine="compiled")
    cell = layers.rsnn.cell
    x = layers.input_layer(trial.lgn).numpy() + trial.noise
    return programs.engine_scaling.Started(
        cell.compiled(cell.input_receptors),
        x,
        cell.recurrent_weights.numpy(),
        trial.state,
    )


def test_all_engines_are_given_the_same_and_do_the_same(programs, trial):
    step = programs.engine_step
    found = {}
    for engine in step.ENGINES:
        case = step.Case(trial.network.n_neurons, 2, engine, "CPU", 40)
        calls = step.functions_of(trial, case)
        assert set(calls) == set(step.Timed._fields) - {"spikes"}
        found[engine] = calls["forward"]()[0], calls["step"]()
    spikes, gradients = found.pop("stepwise")
    assert spikes.sum() > 10
    for others, others_gradients in found.values():
        np.testing.assert_array_equal(others, spikes)
        for ours, theirs in zip(others_gradients, gradients, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_an_engine_with_other_spikes_is_refused(programs):
    step = programs.engine_step
    expected = np.zeros((1, 10, 3), bool)
    other = np.zeros((1, 20, 3), bool)
    case = step.Case(3, 1, "compiled", "CPU", 20)
    step.check_spikes(expected, other, case)
    other[0, 5, 1] = True
    with pytest.raises(RuntimeError, match="1 spikes"):
        step.check_spikes(expected, other, case)


def step_row(neurons, batch, engine, seconds, device="CPU"):
    return {
        "neurons": neurons,
        "batch": batch,
        "engine": engine,
        "device": device,
        "forward_backward_s": seconds,
        "peak_gb": 9.0,
    }


def test_targets_are_judged_by_the_rows_of_the_cpu(programs):
    rows = [
        step_row(5000, 1, "stepwise", 10.0),
        step_row(5000, 1, "compiled", 0.25),
        step_row(5000, 1, "portable", 2.0),
        step_row(5000, 8, "compiled", 1.0),
        step_row(51_978, 1, "compiled", 3.0),
        step_row(5000, 1, "portable", 0.1, device="GPU"),
    ]
    by_promise = {
        v.promise: (v.figure, v.is_reached)
        for v in programs.step_targets.verdicts(rows)
    }
    assert by_promise == {
        "5,000 neurons: compiled 25x faster than stepwise": (40.0, True),
        "5,000 neurons: portable 6x faster than stepwise": (5.0, False),
        "51,978 neurons: compiled step within 8 GB": (9.0, False),
        "5,000 neurons: compiled, a trial of 8 for 0.33 of one alone": (0.5, False),
    }


@given(st.lists(st.integers(100, 50_000), min_size=3, max_size=6, unique=True))
def test_a_law_is_found_in_times_that_obey_it(programs, sizes):
    neurons = np.array(sizes, float)
    found = 2000 + 3 * neurons + 0.2 * neurons**2
    law = programs.engine_scaling.fit(neurons, neurons**2, found)
    assert law.worst == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(
        law.microseconds(neurons, neurons**2), found / 1000, rtol=1e-3
    )


def test_pulses_make_every_neuron_fire_when_they_should(programs, started):
    """After-spike currents make a few of them fire again."""
    column = started.column
    n = column.wiring.n_neurons
    fires = np.zeros((1, 60, n), bool)
    fires[0, 10 + np.arange(n) % 7, np.arange(n)] = True
    x = programs.engine_scaling.pulses(column, fires)
    silent = np.zeros_like(started.weights)
    rest = GLIF3State(*(part[:1] for part in started.state))
    spikes, *_ = column.forward(x, silent, rest)
    delays = np.argmax(spikes[0], axis=0) - np.argmax(fires[0], axis=0)
    assert len(set(delays)) == 1
    assert np.mean(spikes[0].sum(axis=0) == 1) > 0.8


def test_a_row_of_the_scan_has_times_floors_and_their_ratios(programs, started):
    row = programs.engine_scaling.measure("size", started, repeats=1)
    assert (row["neurons"], row["batch"], row["ms"]) == (60, 2, 40)
    floors = programs.engine_floors.Floors._fields
    for name in ("forward", "adjoint", *floors):
        assert row[f"{name}_us"] > 0
    for name in floors:
        assert row[f"{name}_us"] < row[f"{name.split('_')[0]}_us"]


def test_a_row_stands_below_its_heading(programs):
    scaling = programs.engine_scaling
    times = ("forward", "adjoint", *programs.engine_floors.Floors._fields)
    row = {
        **{f"{name}_us": 12.3 for name in times},
        "scan": "rate",
        "neurons": 51_978,
        "batch": 8,
        "synapses": 14_421_056,
        "rate_hz": 29.9,
    }
    words = scaling.row_in_words(row)
    assert len(words) == len(scaling.HEADING.splitlines()[1])
    assert words.count(" 1.0x") == 5


def test_more_work_has_higher_floors(programs):
    work = programs.engine_floors.Work(1000, 10**5, 1, 100, 10.0**4, 2, 10**5)
    low = programs.engine_floors.floors(work)
    high = programs.engine_floors.floors(
        work._replace(neurons=16_000, synapses=16 * 10**5, events=16 * 10.0**4)
    )
    assert all(a < b for a, b in zip(low, high, strict=True))


def test_an_exact_adjoint_has_no_error_and_a_tolerance_has_one(programs, started):
    rows = programs.adjoint_ideas.measure(started, repeats=1)
    by_idea = {row["idea"]: row for row in rows}
    assert float(by_idea["exact"]["error_of_spikes"]) == 0
    errors = [
        float(by_idea[f"tolerance {t:g}"]["error_of_spikes"])
        for t in programs.adjoint_ideas.TOLERANCES
    ]
    assert errors[-1] > 0 and errors == sorted(errors)
    assert 0 < float(by_idea["float16"]["error_of_spikes"]) < 0.01
    assert by_idea["float16"]["megabytes_saved"] == round(2 * 2 * 40 * 60 / 1e6, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read in /proc")
def test_the_memory_of_a_step_is_its_peak(programs):
    """64 MB that are allocated and freed again, beside a step that needs far less."""
    memory = programs.memory_length

    class FreedAtOnce:
        def __call__(self):
            np.ones(8_000_000)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "step_of", lambda case: FreedAtOnce())
        assert 60 < memory.megabytes(None) < 80
        patch.setattr(memory, "step_of", lambda case: lambda: np.ones(100))
        assert memory.megabytes(None) < 10


def test_all_ways_to_run_long_trials_have_the_same_gradients(programs, network):
    memory = programs.memory_length
    column = make_column(network, engine="compiled")
    rng = np.random.default_rng(0)
    lgn = rng.random((1, 350, network.lgn.n_inputs)) < 0.2
    inputs = {
        "lgn": tf.constant(lgn.astype(np.float32)),
        "noise_seed": tf.constant([[1, 2]]),
    }
    found = {m: memory.gradients_of(column, m)(inputs) for m in memory.METHODS}
    for whole, parts, cut in zip(*(found[m] for m in memory.METHODS), strict=True):
        size = np.linalg.norm(whole)
        assert np.linalg.norm(parts - whole) <= 2e-6 * size
        assert np.linalg.norm(cut - whole) <= 0.5 * size
    recurrent = [slopes[1] for slopes in found.values()]
    assert np.linalg.norm(recurrent[2] - recurrent[0]) > 1e-4 * np.linalg.norm(
        recurrent[0]
    )


def test_figures_show_the_rows_of_one_machine(programs, tmp_path):
    path = tmp_path / "results.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([["machine", "x"], ["old", 1], ["new", 2], ["new", 3]])
    assert [row["x"] for row in programs.draw_figures.rows_of(path)] == ["2", "3"]


def test_the_recorded_results_can_be_drawn(programs):
    draw = programs.draw_figures
    assert draw.step_figure(draw.rows_of(programs.engine_step.RESULTS)).axes
    assert draw.scaling_figure(draw.rows_of(programs.engine_scaling.RESULTS)).axes
    assert draw.memory_figure(draw.rows_of(programs.memory_length.RESULTS)).axes


def test_every_program_of_the_whole_run_exists():
    """Read, not imported: its name is that of whatever program is running."""
    names = {path.stem for path in FOLDER.glob("*.py")}
    spec = importlib.util.spec_from_file_location(
        "all_benchmarks", FOLDER / "__main__.py"
    )
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        spec.loader.exec_module(module)
    assert {program.name for program in module.PROGRAMS} <= names
    assert all(seconds > 0 for *_, seconds in module.plan(is_quick=True))
    total = sum(seconds for *_, seconds in module.plan(is_quick=False))
    assert total < 40 * 60  # the module says about forty minutes
