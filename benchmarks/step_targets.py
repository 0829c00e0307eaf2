"""What a training step should reach, and whether it does."""

from typing import NamedTuple

from v1model.network.placement import CORE_NEURONS

# Factors by which a step is to be faster than stepwise, by engine and neurons, 1 trial.
LEAST_SPEED_UP = {
    ("compiled", 5000): 25,
    ("compiled", CORE_NEURONS): 12,
    ("portable", 5000): 6,
    ("portable", CORE_NEURONS): 6,
}
MOST_GB = {CORE_NEURONS: 8}
MOST_PER_TRIAL = 1 / 3  # of 8 trials, in steps of 1 trial


class Verdict(NamedTuple):
    """A promise in words, the figure that was measured, and whether that keeps it."""

    promise: str
    figure: float
    is_reached: bool


def verdicts(rows):
    """Verdicts on the rows of `engine_step.py`; what was not measured has none.

    Args:
        rows: Dicts; those of a GPU are left out.
    """
    found = {
        (row["neurons"], row["batch"], row["engine"]): row
        for row in rows
        if row["device"] == "CPU"
    }
    step = {case: row["forward_backward_s"] for case, row in found.items()}
    for (engine, n), least in LEAST_SPEED_UP.items():
        if {(n, 1, engine), (n, 1, "stepwise")} <= set(step):
            ratio = step[n, 1, "stepwise"] / step[n, 1, engine]
            promise = f"{n:,} neurons: {engine} {least}x faster than stepwise"
            yield Verdict(promise, ratio, ratio >= least)
    for n, most in MOST_GB.items():
        if (n, 1, "compiled") in found:
            gigabytes = found[n, 1, "compiled"]["peak_gb"]
            promise = f"{n:,} neurons: compiled step within {most} GB"
            yield Verdict(promise, gigabytes, gigabytes <= most)
    for n in sorted({n for n, *_ in found}):
        if {(n, 1, "compiled"), (n, 8, "compiled")} <= set(step):
            share = step[n, 8, "compiled"] / 8 / step[n, 1, "compiled"]
            promise = f"{n:,} neurons: compiled, a trial of 8 for 0.33 of one alone"
            yield Verdict(promise, share, share <= MOST_PER_TRIAL)


def verdicts_in_words(rows):
    """A line per target: reached or missed."""
    return "\n".join(
        f"{'reached' if v.is_reached else 'MISSED':>7}  {v.promise}: {v.figure:.2f}"
        for v in verdicts(rows)
    )
