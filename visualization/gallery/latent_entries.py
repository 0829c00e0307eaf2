"""The pictures of the latent evolver in the gallery."""

from visualization.gallery.entry import Entry

_JUDGE = "python scripts/diagnose_latent.py RUN RECORDING --out FOLDER"

LATENT = (
    Entry(
        "latent_eye.png",
        "latent.eye.eye_figure",
        "A simulated eye: what it sees, and a neuron of each type.",
        "python scripts/simulate_eye.py --figure eye.png",
    ),
    Entry(
        "latent_errors_by_time.png",
        "latent.errors.errors_by_time",
        "How far rollouts of the latent evolver reach: errors over 2,000 steps, beside "
        "staying at the start and other models.",
        f"{_JUDGE} --baselines linear,linear_observed,stimulus",
    ),
    Entry(
        "latent_aligned_errors.png",
        "latent.errors.aligned_errors",
        "Errors at the steps between two observations, beside linear interpolation.",
        _JUDGE,
    ),
    Entry(
        "latent_variance_scatter.png",
        "latent.neurons.variance_scatter",
        "Explained and unexplained variance of each neuron, by cell type.",
        _JUDGE,
    ),
    Entry(
        "latent_types.png",
        "latent.neurons.type_bars",
        "How well each cell type is predicted, over whole rollouts and one step ahead.",
        _JUDGE,
    ),
    Entry(
        "latent_traces.png",
        "latent.traces.rollout_traces",
        "Predicted and true activity of a neuron of each cell type.",
        _JUDGE,
    ),
    Entry(
        "latent_losses.png",
        "latent.runs.training_losses",
        "Losses over the training of a latent evolver.",
        _JUDGE,
    ),
    Entry(
        "latent_runs.png",
        "latent.runs.runs_figure",
        "Models of one recording side by side.",
        "python scripts/compare_latent.py FOLDER FOLDER --figure runs.png",
    ),
    Entry(
        "latent_column.png",
        "latent.column.column_prediction",
        "Which populations of a spiking column are predicted, and how well anybody "
        "could.",
        "python scripts/evolve_column.py",
    ),
)
