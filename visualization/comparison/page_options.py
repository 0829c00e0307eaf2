"""Which of the options that differ stand in the tables, and options as text."""

import math

from visualization.pages import Cell


def telling_options(variants, options):
    """Options that tell variants apart; what follows from them is left out.

    A norm of another type brings options of its own, which are columns without news:
    an option is left out if another one differs wherever it does.

    Args:
        variants: Of a Comparison.
        options: Dotted names of the options that differ.

    Returns:
        Some of the names, in their order.
    """
    parts = {name: _partition(variants[name]) for name in options}
    # Of options that always change together, words tell more than numbers.
    order = sorted(
        options, key=lambda name: (-len({*parts[name]}), *_rank(variants, name))
    )
    kept = []
    for name in order:
        follows = any(
            len({*zip(parts[other], parts[name], strict=True)}) == len({*parts[other]})
            for other in kept
        )
        if not follows:
            kept.append(name)
    return [name for name in options if name in kept]


def option_cell(value):
    """An option: a number is sorted as such, everything else as text."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and math.isfinite(value):
        return Cell(option_text(value), float(value))
    return option_text(value)


def option_text(value):
    """An option as text; what a run does not have is left empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _partition(values):
    """A number for each variant; equal where its values are."""
    texts = [option_text(value) for value in values]
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return [numbers[text] for text in texts]


def _rank(variants, name):
    """The lower, the more an option tells a reader."""
    texts = [option_text(value) for value in variants[name]]
    is_words = all(text.replace("_", "").isalpha() for text in texts)
    return not is_words, len(name), name
