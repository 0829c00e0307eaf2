"""The gallery: every figure of the package, what it shows, and what draws it."""

from types import MappingProxyType

from visualization.column.connectivity import connectivity_matrix
from visualization.gallery import drawings
from visualization.gallery.cnn_entries import CNN
from visualization.gallery.comparison_entries import COMPARISON
from visualization.gallery.drawings import drawn
from visualization.gallery.entry import Entry
from visualization.gallery.latent_entries import LATENT
from visualization.gallery.package_entries import PACKAGE
from visualization.trial.positions import active_cells
from visualization.trial.predictions import batch_predictions

FIGURES = "figures"  # folder beside the gallery's, of pictures that others make
INTRODUCTION = """Every figure of the package, with the function and command that draw
it. `NetworkActivityLogger` draws those of one trial while a network trains. Made by
`python scripts/draw_gallery.py`, which also draws them for another size of the column
(`--neurons 51978`) and for no or runaway activity (`--activity none`, `runaway`)."""
DEMO = "python visualization/demo_visualization.py"
_UNITS = "python -m visualization.presentations RECORDING --out FOLDER"
_DECODERS = "python training/decoder_training.py"


# By heading, in the order of the page.
GALLERY = MappingProxyType(
    {
        "One trial": (
            Entry(
                "raster.png",
                "trial.raster.spike_raster",
                "Spikes of all neurons from the pia down, by layer and class, and the "
                "rate of each class.",
                DEMO,
                drawings.standard("raster"),
                is_activity=True,
            ),
            Entry(
                "laminar.png",
                "trial.raster.spike_raster",
                "The same with what was on the screen below it.",
                DEMO,
                drawn(drawings.laminar),
                is_activity=True,
            ),
            Entry(
                "voltages.png",
                "trial.voltages.voltage_traces",
                "Voltage of 20 neurons of as many populations as possible, with "
                "spikes, threshold and rest.",
                DEMO,
                drawings.standard("voltages"),
                is_activity=True,
            ),
            Entry(
                "input.png",
                "trial.inputs.input_heatmap",
                "What the LGN sends to the column, input by input, and its mean.",
                DEMO,
                drawings.standard("input"),
                is_activity=True,
            ),
            Entry(
                "population.png",
                "trial.populations.population_activity",
                "Spikes of each cell type, and the rate of each population beside the "
                "published bands.",
                DEMO,
                drawings.standard("population"),
                is_activity=True,
            ),
            Entry(
                "output.png",
                "trial.outputs.readout_over_time",
                "How the readout decides, and how sure it is when the answer is due.",
                DEMO,
                drawings.standard("output"),
                is_activity=True,
            ),
            Entry(
                "predictions.png",
                "trial.predictions.batch_predictions",
                "Confidence in each class in several trials, the right one marked.",
                DEMO,
                drawn(lambda scene: batch_predictions(scene.trials)),
                is_activity=True,
            ),
            Entry(
                "positions.png",
                "trial.positions.active_cells",
                "Where the active cells lie, and which share of each population fired.",
                DEMO,
                drawn(lambda scene: active_cells(scene.trial, scene.neurons)),
                is_activity=True,
            ),
            Entry(
                "animation.gif",
                "film.animation.animate_trial",
                "The trial as a film: screen, LGN, flashing layers, raster and answer.",
                DEMO,
                drawings.animation,
                is_activity=True,
            ),
            Entry(
                "cell.png",
                "trial.cell.cell_trace",
                "Voltage of one cell and the currents that it is made of.",
                DEMO,
                drawn(drawings.cell),
            ),
        ),
        "What is shown": (
            Entry(
                "lgn_movie.png",
                "lgn.lgn_movie_response",
                "Response of the LGN to a movie: frames, rates of the classes, and "
                "maps of the visual field.",
                DEMO,
                drawn(drawings.lgn_movie),
            ),
            Entry(
                "lgn_classes.png",
                "lgn.lgn_overview",
                "Temporal kernels of the LGN's classes, and their mean responses.",
                "python scripts/draw_gallery.py",
                drawn(drawings.lgn_classes),
            ),
            Entry(
                "task.png",
                "tasks.task_timeline",
                "A trial of a task: the pictures, the LGN and when an answer is due.",
                "python -m visualization.tasks --out tasks",
                drawn(lambda scene: drawings.task(scene, "garrett")),
            ),
        ),
        "The network": (
            Entry(
                "connectivity.png",
                "column.connectivity.connectivity_matrix",
                "Probability and mean weight of connections between populations.",
                "python scripts/draw_column.py",
                drawn(lambda scene: connectivity_matrix(scene.network)),
            ),
            Entry(
                "weights.png",
                "weights.weight_distributions",
                "Weights of each class of synapses before and after training.",
                "python -m visualization.weights RUN",
                drawn(drawings.weights),
            ),
            Entry(
                "rates.png",
                "column.rates.rate_comparison",
                "Rates under a drifting grating beside the published column and "
                "Neuropixels.",
                "python scripts/measure_rates.py",
            ),
            Entry(
                "tuning.png",
                "column.tuning.tuning_distributions",
                "Selectivity for orientation and direction beside the published one, "
                "and beside what chance gives.",
                "python scripts/measure_tuning.py",
            ),
            Entry(
                "nest.png",
                "nest.rate_agreement",
                "The same network here and in NEST.",
                "python scripts/compare_nest.py",
            ),
        ),
        "Training": (
            Entry(
                "learning.png",
                "learning.learning_curves",
                "Accuracy on held-out trials over minutes of training.",
                "python scripts/plot_learning.py RUN",
            ),
            Entry(
                "report.png",
                "report.write_report",
                "Report of a run: one HTML file that needs nothing else.",
                "python -m visualization.report RUN",
                drawings.report,
            ),
        ),
        "Recordings": (
            Entry(
                "recording.png",
                "recording.overview.recording_overview",
                "Part of a recording: what was shown, spikes, voltages, rates.",
                "python scripts/inspect_recording.py RECORDING",
            ),
            Entry(
                "firing_rates.png",
                "presentations.unit_rows.firing_rates",
                "Rates of the units of a session, by area.",
                _UNITS,
            ),
            Entry(
                "noise_ceilings.png",
                "presentations.unit_rows.noise_ceilings",
                "How much of the units' answers repeats, by area.",
                _UNITS,
            ),
            Entry(
                "psth.png",
                "presentations.unit_responses.unit_psth",
                "What a unit answers to each picture, over time.",
                _UNITS,
            ),
            Entry(
                "unit_tuning.png",
                "presentations.unit_responses.tuning_curve",
                "Rates of a unit in answer to all pictures, the best first.",
                _UNITS,
            ),
            Entry(
                "correlations.png",
                "presentations.correlations.correlation_matrix",
                "What units share beyond the stimulus, by area.",
                _UNITS,
            ),
        ),
        "Decoding": (
            Entry(
                "decoding_layers.png",
                "decoding.layers.decoding_layers",
                "Which picture a column saw, from the spikes of each layer.",
                "python scripts/decode_column.py",
            ),
            Entry(
                "k_shot.png",
                "decoding.k_shot.k_shot_figure",
                "Accuracy over the number of training presentations, beside the best "
                "possible and shuffled labels.",
                f"{_DECODERS} --k_shot 1,3,5,10 --shuffle_labels both",
            ),
            Entry(
                "confusion.png",
                "decoding.confusion.confusion_figure",
                "Which pictures are taken for which.",
                _DECODERS,
            ),
            Entry(
                "decoding_over_time.png",
                "decoding.over_time.over_time_figure",
                "When in a presentation the picture can be read.",
                f"{_DECODERS} --over_time",
            ),
            Entry(
                "decoding_summary.png",
                "decoding.summary.summary_figure",
                "All sessions and decoders; who failed or is at chance is said. These "
                "are made up.",
                "python scripts/summarise_decoding.py RESULTS",
            ),
        ),
        "Latent evolver": LATENT,
        "Read-out models": CNN,
        "Comparisons": COMPARISON,
        "Speed": (
            Entry(
                "engine_step.png",
                "benchmarks.step_times",
                "Time of a training step by engine.",
                "python benchmarks",
            ),
            Entry(
                "engine_scaling.png",
                "benchmarks.engine_scaling",
                "Cost against size and rate.",
                "python benchmarks",
            ),
            Entry(
                "memory_length.png",
                "benchmarks.memory_against_length",
                "Memory against the length of a trial.",
                "python benchmarks",
            ),
        ),
        "The package": PACKAGE,
    }
)


def page_text(picture_folder, figure_folder, entries):
    """The gallery as Markdown.

    Args:
        picture_folder, figure_folder: Where the pictures lie, from the page on: those
            of the gallery and those that others have made.
        entries: Entry of each picture by heading, as in GALLERY.
    """
    parts = [f"# Gallery\n\n{INTRODUCTION}\n"]
    for heading, rows in entries.items():
        parts.append(f"## {heading}\n")
        for entry in rows:
            folder = picture_folder if entry.write else figure_folder
            parts.append(
                f"**{entry.shows}** `visualization.{entry.function}`; "
                f"`{entry.command}`\n\n![{entry.shows}]({folder}/{entry.name})\n"
            )
    return "\n".join(parts)
