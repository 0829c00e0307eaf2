"""How long a grid will still take."""

from typing import NamedTuple


class Going(NamedTuple):
    """A run under way: seconds since its start, and the share that is done then."""

    seconds: float
    share: float


def seconds_left(durations, going, n_waiting, jobs):
    """Seconds until all runs are done, or None while nobody can tell.

    Args:
        durations: Seconds of the runs that are finished.
        going: Going list.
        n_waiting: Runs that nobody has begun.
        jobs: Runs at a time.
    """
    begun = [run for run in going if run.share > 0]
    known = [*durations, *(run.seconds / run.share for run in begun)]
    if not known:
        return None
    usual = sum(known) / len(known)
    rests = [_rest(run, usual) for run in going]
    n_jobs = max(min(jobs, n_waiting + len(going)), 1)
    evenly = (n_waiting * usual + sum(rests)) / n_jobs
    return max([evenly, *rests])


def _rest(run, usual):
    """Seconds of a run that are left."""
    if run.share > 0:
        return run.seconds * (1 - run.share) / run.share
    return max(usual - run.seconds, 0.0)


def words_of(seconds):
    """A duration in words: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
