"""Names and colours of decoders, and labels beside their curves."""

COLOURS = {
    "naive_bayes": "#999999",
    "logistic": "#0072B2",
    "pca_logistic": "#56B4E9",
    "svm": "#009E73",
    "lstm": "#D55E00",
    "transformer": "#CC79A7",
    "transformer_lstm": "#E69F00",
    "gat": "#000000",
}
NAMES = {
    "naive_bayes": "Poisson naive Bayes",
    "logistic": "logistic regression",
    "pca_logistic": "PCA + logistic",
    "svm": "linear SVM",
    "lstm": "LSTM",
    "transformer": "Transformer",
    "transformer_lstm": "Transformer, LSTM",
    "gat": "graph attention",
}


def place_labels(axes, labels, x, gap=0.06):
    """Writes labels at the right of a line's end, apart from each other.

    Args:
        axes: Whose y runs from 0 to about 1.
        labels: (y, text, colour) of each.
        x: Where the lines end.
        gap: Least distance of two labels.
    """
    labels = sorted(labels)
    heights = apart([y for y, *_ in labels], gap)
    for y, (_, text, colour) in zip(heights, labels, strict=True):
        axes.annotate(
            text,
            (x, y),
            xytext=(5, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=7.5,
            annotation_clip=False,
        )


def apart(heights, gap):
    """The increasing numbers closest to these that are `gap` apart, a list.

    Least squares: without the gaps the numbers may not decrease, which is an isotonic
    regression; its groups are moved as one.

    Args:
        heights: Increasing numbers.
        gap: Least distance of neighbours.
    """
    groups = []  # (sum, count) of heights less their gaps
    for place, height in enumerate(heights):
        groups.append((height - place * gap, 1))
        while len(groups) > 1 and _mean(groups[-2]) > _mean(groups[-1]):
            (a, m), (b, n) = groups[-2:]
            groups[-2:] = [(a + b, m + n)]
    flat = [_mean(group) for group in groups for _ in range(group[1])]
    return [value + place * gap for place, value in enumerate(flat)]


def _mean(group):
    return group[0] / group[1]
