"""Responses around saccades, of spikes and of a model."""

from visualization import style
from visualization.headings import TOP, add_inches, headed_figure

MODEL = "#0072B2"
COLUMNS = 4


def saccade_curves(data, model, names, sampling_rate, title="Around saccades"):
    """Mean rates around saccades, a panel per neuron: spikes grey, model blue.

    What spikes do in single bins is pale behind the same, smoothed.

    Args:
        data, model: SaccadeResponses of the same K neurons, in spikes per bin.
        names: (K,).
        sampling_rate: Hz.
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: There is no neuron, or there are other numbers of them.
    """
    if not len(names) or {len(data.means), len(model.means)} != {len(names)}:
        raise ValueError(
            f"{len(names)} names cannot be of {len(data.means)} and "
            f"{len(model.means)} neurons."
        )
    n_columns = min(COLUMNS, len(names))
    n_rows = -(-len(names) // n_columns)
    with style.paper():
        size = 0.3 + 1.75 * max(n_columns, 2), TOP + 0.35 + 1.3 * n_rows
        words = f"{data.n_saccades:,} saccades; grey: spikes, blue: model"
        figure = headed_figure(size, title, words)
        for k, name in enumerate(names):
            row, column = divmod(k, n_columns)
            bottom = size[1] - TOP - 0.15 - 1.3 * (row + 1) + 0.35
            axes = add_inches(figure, 0.5 + 1.75 * column, bottom, 1.3, 0.8)
            axes.axvline(0, color=style.BACKDROP, lw=1)
            for curves, colour, width in (
                (data.means, style.BACKDROP, 0.8),
                (data.smooth, style.FAINT, 1.2),
                (model.means, MODEL, 1.3),
            ):
                hz = sampling_rate * curves[k]
                axes.plot(data.times_ms, hz, color=colour, lw=width)
            axes.set_ylim(0, None)
            axes.set_xlim(data.times_ms[0], data.times_ms[-1])
            axes.locator_params(nbins=3)
            axes.set_title(name, fontsize=7, pad=3)
            if column == 0:
                axes.set_ylabel("Hz")
            if row == n_rows - 1:
                axes.set_xlabel("ms")
            else:
                axes.set_xticklabels([])
    return figure
