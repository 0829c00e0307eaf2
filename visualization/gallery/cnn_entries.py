"""The pictures of the read-out models in the gallery."""

from visualization.gallery.entry import Entry

_JUDGE = "v1-evaluate RUN --recording=RECORDING --out=FOLDER"

CNN = (
    Entry(
        "cnn_oracle.png",
        "cnn.oracle.oracle_scatter",
        "Bits per spike of a read-out model beside those of the true rates, and its "
        "share of them by kind of neuron.",
        _JUDGE,
    ),
    Entry(
        "cnn_traces.png",
        "cnn.traces.example_traces",
        "Predicted and true rates of the best, the median and the worst neuron, over "
        "their spikes.",
        _JUDGE,
    ),
    Entry(
        "cnn_fields.png",
        "cnn.fields.field_maps",
        "Receptive fields of spikes and of predicted rates: averages of the movie and "
        "of its energy, and their course in time.",
        _JUDGE,
    ),
    Entry(
        "cnn_saccades.png",
        "cnn.saccades.saccade_curves",
        "Rates around saccades, of spikes and of a model.",
        _JUDGE,
    ),
    Entry(
        "cnn_verdicts.png",
        "cnn.verdicts.verdict_figure",
        "Why a linear model fits some neurons badly: verdicts by count, and where the "
        "neurons lie in spikes, score and what there is to explain.",
        _JUDGE,
    ),
    Entry(
        "cnn_matrix.png",
        "cnn.matrix.generalisation_heatmap",
        "Models that were trained on one kind of stimulus, judged on each.",
        "v1-evaluate natural=RUN gabor=RUN --recording=RECORDING --out=FOLDER",
    ),
    Entry(
        "cnn_training.png",
        "cnn.curves.training_curves",
        "The training of a read-out model: loss, bits per spike in validation, "
        "learning rate and the weight of lag 0.",
        _JUDGE,
    ),
    Entry(
        "cnn_transfer.png",
        "cnn.curves.transfer_curves",
        "How well read-outs on a shared core do with few trials, beside models that "
        "begin from scratch.",
        "python scripts/draw_learning_curve.py TABLE --figure FILE",
    ),
    Entry(
        "cnn_options.png",
        "cnn.options.option_deltas",
        "What each option changes, switched on alone, a dot per seed.",
        "python scripts/options_table.py results/cnn_options",
    ),
    Entry(
        "cnn_kernels.png",
        "cnn.kernels.temporal_kernels",
        "What the frontend of a read-out model has learned to do in time, and the "
        "share of each lag in its energy; drawn while it trains.",
        "python training/cnn_training.py --slow_monitors=kernels",
    ),
    Entry(
        "cnn_column.png",
        "cnn.column.column_twin",
        "A twin of the spiking column: how much of what repeats it predicts in each "
        "population, and where its neurons look beside the wiring.",
        "python scripts/twin_column.py",
    ),
)
