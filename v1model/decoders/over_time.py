"""When the picture can be read: decoding from some of the bins."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Section:
    """Decoding from the bins from `first` to before `last`.

    Args:
        kind: "until", all bins up to a time, or "within", a single bin.
        first, last: Bins.
        from_ms, to_ms: The same after the onset, mean over presentations.
        accuracy, low, high: Of the test part, with its 95 % interval.
    """

    kind: str
    first: int
    last: int
    from_ms: float
    to_ms: float
    accuracy: float
    low: float
    high: float


def bins_of(binned, first, last):
    """The same presentations, cut to the bins from `first` to before `last`."""
    duration = (binned.stop_s - binned.start_s) / binned.n_bins
    return dataclasses.replace(
        binned,
        counts=binned.counts[:, first:last],
        start_s=binned.start_s + first * duration,
        stop_s=binned.start_s + last * duration,
    )


def sections_over_time(binned, scores_of):
    """Sections of decoders of the bins up to each, and of each single bin.

    Args:
        binned: BinnedSpikes of the training part, for the times.
        scores_of: Function of a name and of a function that cuts BinnedSpikes to the
            bins, which fits a new decoder and returns its Scores on the test part.

    Returns:
        2 T Sections: first "until", then "within", each in the order of time.
    """
    n_bins = binned.n_bins
    bin_ms = 1000 * float((binned.stop_s - binned.start_s).mean()) / n_bins
    spans = [("until", 0, last) for last in range(1, n_bins + 1)]
    spans += [("within", first, first + 1) for first in range(n_bins)]
    sections = []
    for kind, first, last in spans:

        def cut(part, first=first, last=last):
            return bins_of(part, first, last)

        scores = scores_of(f"bins_{first}_{last}", cut)
        sections.append(
            Section(
                kind,
                first,
                last,
                first * bin_ms,
                last * bin_ms,
                scores.accuracy,
                scores.accuracy_low,
                scores.accuracy_high,
            )
        )
    return sections
