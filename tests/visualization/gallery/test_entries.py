"""The gallery shows every figure of the package, and what it says is there is there."""

import ast
import importlib.util
import pathlib
import re

import numpy as np
import pytest
from absl import flags

from tests.programs import load_script, parsed
from v1model.activity import TrialActivity
from v1model.assembly import network_for
from v1model.network import build_column
from v1model.network.neurons import neurons_of
from visualization.gallery.entries import GALLERY, page_text
from visualization.gallery.scene import LARGEST_RUN, RUNAWAY_HZ, Scene, runaway, silent

ROOT = pathlib.Path(__file__).parents[3]
PAGE = ROOT / "docs" / "gallery.md"
ENTRIES = [entry for rows in GALLERY.values() for entry in rows]
LARGEST = 6_000_000  # bytes of all pictures that are the gallery's own
N_STEPS, K, C = 600, 10, 12


@pytest.fixture(scope="module")
def trial():
    """A trial of 500 neurons, of which few fire."""
    rng = np.random.default_rng(0)
    predictions = rng.dirichlet(np.ones(K), C)
    return TrialActivity(
        n_steps=N_STEPS,
        n_neurons=500,
        inputs=rng.random((N_STEPS, 30)),
        spike_step=np.sort(rng.integers(0, N_STEPS, 300)),
        spike_neuron=rng.integers(0, 500, 300),
        traced=np.arange(0, 500, 25),
        voltages=np.full((N_STEPS, 20), -70.0),
        outputs=np.log(predictions),
        predictions=predictions,
        labels=np.full(C, 3),
        is_asked=np.arange(C) == 4,
    )


@pytest.fixture(scope="module")
def neurons():
    return neurons_of(build_column(500, seed=0))


def functions_that_draw():
    """Every public function that returns a figure, as an Entry names it."""
    for path in sorted((ROOT / "visualization").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                words = ast.get_docstring(node) or ""
                if re.search(r"Returns:\s+matplotlib Figure", words):
                    place = path.relative_to(ROOT / "visualization").with_suffix("")
                    yield ".".join([*place.parts, node.name])


def test_every_figure_is_in_the_gallery():
    found = set(functions_that_draw())
    assert len(found) > 15
    # The two figures of the comparison with NEST are one picture there.
    assert found - {entry.function for entry in ENTRIES} == {"nest.voltage_traces"}


def test_every_entry_names_a_function_and_a_program_that_exist():
    for entry in ENTRIES:
        module, function = entry.function.rpartition(".")[::2]
        assert callable(
            getattr(importlib.import_module(f"visualization.{module}"), function)
        )
        for path in re.findall(r"python (?:-m )?([\w./]+)", entry.command):
            path = path if "/" in path else path.replace(".", "/")
            is_there = [
                (ROOT / name).exists()
                for name in (path, f"{path}.py", f"{path}/__main__.py")
            ]
            assert any(is_there), f"{entry.name}: {entry.command}"


def test_no_two_pictures_have_one_name():
    names = [entry.stem for entry in ENTRIES]
    assert len(names) == len(set(names))


def test_the_page_is_the_one_that_the_table_gives():
    assert PAGE.read_text(encoding="utf-8") == page_text("gallery", "figures", GALLERY)


def test_every_picture_of_the_page_is_there_and_all_are_small():
    links = re.findall(r"!\[[^]]+\]\(([^)]+)\)", PAGE.read_text(encoding="utf-8"))
    assert len(links) == len(ENTRIES)
    missing = [link for link in links if not (PAGE.parent / link).is_file()]
    assert missing == []
    own = [PAGE.parent / link for link in links if link.startswith("gallery/")]
    assert sum(path.stat().st_size for path in own) < LARGEST
    assert sorted(own) == sorted((PAGE.parent / "gallery").iterdir())


def test_a_silent_column_does_nothing(trial, neurons):
    nothing = silent(trial, neurons)
    assert nothing.spike_counts.sum() == 0
    assert not nothing.inputs.any()
    np.testing.assert_array_equal(
        nothing.voltages, np.tile(neurons.E_L[trial.traced], (N_STEPS, 1)).astype("f")
    )
    np.testing.assert_allclose(nothing.predictions.sum(axis=1), 1, rtol=1e-6)


def test_in_a_runaway_column_every_neuron_fires_too_much(trial, neurons):
    much = runaway(trial, neurons)
    low, high = RUNAWAY_HZ
    # Five standard deviations of a count of 600 coins.
    slack = 5 * np.sqrt(0.25 / N_STEPS) * 1000
    assert low - slack < much.rates.min() < much.rates.max() < high + slack
    assert much.rates.mean() == pytest.approx((low + high) / 2, rel=0.05)
    assert np.all(np.diff(much.spike_step) >= 0)
    keys = much.spike_step.astype(np.int64) * 500 + much.spike_neuron
    assert len(np.unique(keys)) == len(keys)  # a neuron fires once in a step


def test_runaway_voltages_reach_the_threshold_at_each_spike(trial, neurons):
    much = runaway(trial, neurons)
    for column, neuron in enumerate(much.traced):
        fired = much.spike_step[much.spike_neuron == neuron]
        reached = much.voltages[fired, column]
        np.testing.assert_allclose(reached, neurons.V_th[neuron], rtol=1e-5)
        assert much.voltages[:, column].min() >= neurons.E_L[neuron] - 1e-3


@pytest.fixture(scope="module")
def script():
    return load_script("draw_gallery")


def test_every_flag_explains_itself(script):
    values = flags.FlagValues()
    script.define_flags(values)
    assert all(values[name].help.endswith(".") for name in values)


def test_an_unknown_picture_is_refused_before_any_work(script, tmp_path):
    with pytest.raises(ValueError, match="no picture 'rastr', choose from .*'raster'"):
        script.draw(parsed(script, "--only=rastr", f"--out={tmp_path / 'new'}"))
    assert not (tmp_path / "new").exists()


def test_only_pictures_of_activity_are_drawn_of_no_activity(script):
    rows = [entry for rows in script.of_activity("none").values() for entry in rows]
    assert {entry.stem for entry in rows} >= {"raster", "population", "animation"}
    assert all(entry.is_activity and entry.write for entry in rows)


@pytest.mark.slow
def test_the_gallery_is_drawn_of_a_silent_column(script, tmp_path):
    out = tmp_path / "pictures"
    chosen = "--only=raster,predictions"
    values = parsed(script, "--neurons=500", "--activity=none", chosen, f"--out={out}")
    page = script.draw(values)
    assert page == tmp_path / "pictures.md"
    assert sorted(path.name for path in out.iterdir()) == [
        "predictions.png",
        "raster.png",
    ]
    assert "](pictures/raster.png)" in page.read_text(encoding="utf-8")


def test_the_run_of_the_gallery_fits_into_its_column_however_large_the_others_is(
    tmp_path,
):
    config = Scene(51_978, "normal", tmp_path).run_config
    network, _ = network_for(config)
    assert network.n_neurons == LARGEST_RUN
