"""The confusion matrix, readable with many classes."""

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from visualization import style

FEW = 30  # so many classes have their names on both axes
LONGEST_NAME, LONGEST_UPRIGHT = 6, 4  # characters of a class
WIDEST_NAMES = 60  # characters of all names in a line below the matrix
WORST = 8  # pairs and classes that are named beside a larger matrix


def confusion_figure(matrix, classes, title="What was shown, and what was read"):
    """Share of each class read as each class; classes sorted by how well they are read.

    At the right how often each class was read correctly, in the same order. With many
    classes the axes have ranks instead of names, and the commonest confusions are
    written out.

    Args:
        matrix: Presentations, (K, K): rows were shown, columns read.
        classes: Labels, (K,).
        title: Of the figure.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: The matrix is not square, has other classes, or is empty.
    """
    matrix, classes = np.asarray(matrix), np.asarray(classes)
    if matrix.shape != (len(classes), len(classes)):
        raise ValueError(
            f"a confusion matrix of {len(classes)} classes cannot have shape "
            f"{matrix.shape}."
        )
    if not matrix.sum() > 0:
        raise ValueError("the confusion matrix has no presentation.")
    shown = matrix.sum(axis=1)
    share = matrix / np.maximum(shown, 1)[:, None]
    right = np.where(shown > 0, np.diag(share), np.nan)
    order = np.lexsort((classes, -np.nan_to_num(right, nan=-1)))
    share, right = share[order][:, order], right[order]
    with style.paper():
        figure = Figure(figsize=(7.4, 4.95))
        axes = figure.add_axes((0.09, 0.105, 0.55, 0.55 * 7.4 / 4.95))
        image = _draw_matrix(axes, share, classes[order])
        profile = figure.add_axes((0.655, 0.105, 0.075, 0.55 * 7.4 / 4.95), sharey=axes)
        _draw_profile(profile, right)
        bar = figure.add_axes((0.785, 0.105, 0.018, 0.30))
        figure.colorbar(image, cax=bar)
        bar.set_ylabel("share of the presentations shown")
        bar.spines[:].set_visible(False)
        _write_confusions(figure, matrix, classes)
        accuracy = np.trace(matrix) / matrix.sum()
        words = f"{title}: {100 * accuracy:.1f} % of {int(matrix.sum()):,} right"
        figure.text(0.02, 0.957, words, fontsize=10, fontweight="bold")
    return figure


def _draw_matrix(axes, share, names):
    k = len(names)
    # White is exactly nothing, and one wrong answer among ten is visible.
    image = axes.imshow(
        np.ma.masked_equal(share, 0), cmap="viridis_r", norm=PowerNorm(0.5, 0, 1)
    )
    if k <= FEW:
        words = [style.without_middle(name, LONGEST_NAME) for name in names]
        if k * max(map(len, words)) <= WIDEST_NAMES:
            axes.set_xticks(range(k), words)
        else:
            upright = [style.without_middle(name, LONGEST_UPRIGHT) for name in names]
            axes.set_xticks(range(k), upright, rotation=90)
        axes.set_yticks(range(k), words)
        axes.set_xlabel("class that was read")
        axes.set_ylabel("class that was shown")
    else:
        ticks = [0, *range(19, k, 20)]
        axes.set_xticks(ticks, [str(t + 1) for t in ticks])
        axes.set_yticks(ticks, [str(t + 1) for t in ticks])
        axes.set_xlabel("class that was read, same order")
        axes.set_ylabel(f"class that was shown, of {k}, best read first")
    axes.tick_params(length=2)
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)
    return image


def _draw_profile(axes, right):
    edges = np.arange(len(right) + 1) - 0.5
    axes.stairs(
        np.nan_to_num(right),
        edges,
        orientation="horizontal",
        fill=True,
        color=style.RIGHT,
    )
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 1], ["0", "1"])
    axes.tick_params(axis="y", left=False, labelleft=False)
    axes.set_xlabel("read right")


def _write_confusions(figure, matrix, classes):
    wrong = matrix - np.diag(np.diag(matrix))
    worst = np.argsort(-wrong, axis=None, kind="stable")[:WORST]
    lines = []
    for place in worst:
        shown, read = np.unravel_index(place, wrong.shape)
        n = wrong[shown, read]
        if n:
            of = matrix[shown].sum()
            pair = [
                style.without_middle(classes[k], LONGEST_NAME) for k in (shown, read)
            ]
            lines.append(f"{' read as '.join(pair)}: {n} of {of}")
    heading = "Commonest confusions" if lines else "No confusions"
    figure.text(0.765, 0.905, heading, fontweight="bold", fontsize=8)
    for row, line in enumerate(lines):
        figure.text(0.765, 0.865 - 0.038 * row, line, fontsize=7.5)
