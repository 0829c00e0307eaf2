"""Trains decoders: which picture was on the screen, from the spikes of each showing.

    v1-decoder-training                                   # a small made-up session
    v1-decoder-training --recording a.h5,b.h5 --decoder logistic,lstm

Takes recordings or files of binned spikes; without --recording a small synthetic
session is drawn. Each session and decoder gets a run folder in --results_dir, and a row
in results.csv there. What was killed goes on when it is started again; what is finished
is not done again.
"""

import dataclasses
import logging
import pathlib
import sys
import time

from training.monitors.watching import require_watchable
from training.next_steps import after_many, after_training
from training.quiet_start import start_tensorflow
from v1model import flags
from v1model.atomic import WriteError
from v1model.decoders.config import DecoderConfig
from v1model.decoders.results import FAILED, Row, add_result
from v1model.finite import NotFiniteError

TABLE = "results.csv"
# A session that decodes in seconds.
SMALL = {"n_classes": 20, "repeats": 50, "n_units": 150}

logger = logging.getLogger(__name__)


def main(config):
    """Decodes all sessions, and says what came out.

    Wrong input ends with one line. A session that cannot be decoded has a row with the
    reason in the table; the others are decoded, and the program ends with status 1.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
    logging.getLogger("tensorflow").setLevel(logging.WARNING)
    try:
        require_watchable(config.monitoring, "decoder")
        paths = _paths(config)
        start_tensorflow()
        rows = decode_all(config, paths)
    except (ValueError, OSError, NotFiniteError, WriteError) as error:
        sys.exit(f"decoder_training: {error}")
    print_table(rows)
    folder = pathlib.Path(config.results_dir)
    print(f"results: {folder / TABLE}")
    for path in draw_curves(rows, folder):
        print(f"K-shot curve: {path}")
    failed = [row for row in rows if row.state == FAILED]
    if failed:
        sys.exit(f"decoder_training: {len(failed)} of {len(rows)} failed.")
    alone = len(rows) == 1
    steps = after_training(folder / rows[0].run) if alone else after_many(folder)
    print("\n".join(steps))


def _paths(config):
    """Paths of the sessions; None stands for the synthetic one.

    Raises:
        FileNotFoundError: One does not exist.
    """
    paths = [pathlib.Path(path).expanduser() for path in config.session.recording]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"recording {path} does not exist.")
    return paths or [None]


def decode_all(config, paths):
    """Rows of all sessions, decoders, K, seeds and shuffles."""
    from training.decoder_jobs import Job, run_job

    table = pathlib.Path(config.results_dir) / TABLE
    plans = list(plans_of(config))
    rows, began, total = [], time.monotonic(), len(paths) * len(plans)
    seen = {}  # path by session
    for path in paths:
        try:
            binned, bayes = load_session(path, config.session)
            _require_own_name(binned.session_id, path, seen)
        except ValueError as error:  # of this file: the others are decoded all the same
            rows += _failures(path, plans, error)
            for row in rows[-len(plans) :]:
                add_result(table, row)
            continue
        own = config.session.recording and (str(path),)
        session = dataclasses.replace(config.session, recording=tuple(own))
        for plan in plans:
            job = Job(dataclasses.replace(plan, session=session), binned, bayes)
            print(f"[{len(rows) + 1}/{total}] {job.name}{_left(began, rows, total)}")
            sys.stdout.flush()
            rows.append(run_job(job, table, sys.argv))
            print(f"    {words_of(rows[-1])}", flush=True)
    return rows


def _left(began, rows, total):
    if not rows:
        return ""
    seconds = (time.monotonic() - began) / len(rows) * (total - len(rows))
    return f", about {seconds / 60:.1f} minutes left"


def plans_of(config):
    """The configuration of each job: one decoder, one K, one seed, shuffled or not."""
    shuffles = ("no", "yes") if config.shuffle_labels == "both" else ()
    for decoder in config.decoders:
        for k in config.k_shot:
            for seed in config.seeds_of(k):
                for shuffle in shuffles or (config.shuffle_labels,):
                    yield dataclasses.replace(
                        config,
                        decoder=(decoder,),
                        k_shot=(k,),
                        seed=seed,
                        seeds=1,
                        shuffle_labels=shuffle,
                    )


def _require_own_name(session_id, path, seen):
    """Raises ValueError unless results can be kept under the id; notes it in `seen`."""
    if session_id in ("", ".", "..") or pathlib.PurePath(session_id).name != session_id:
        raise ValueError(
            f"{path}: session_id must be a plain name, which run folders can have, got "
            f"{session_id!r}."
        )
    if session_id in seen:
        raise ValueError(
            f"{path}: session_id {session_id} is that of {seen[session_id]} too, and "
            "results are kept by it."
        )
    seen[session_id] = path


def _failures(path, plans, error):
    """A failed Row for each job of a file that cannot be decoded, by the file's name.

    Not by the session's: what was decoded of it from another file stays in the table.
    """
    return [
        Row(
            path.stem,
            plan.decoder[0],
            plan.split_name,
            plan.k_shot[0],
            plan.seed,
            plan.shuffle_labels == "yes",
            FAILED,
            str(error),
            run_name=plan.run_name,
        )
        for plan in plans
    ]


def load_session(path, options):
    """BinnedSpikes of a file, and what the best decoder reads of them, if it is known.

    Args:
        path: A recording or binned spikes; None draws a small synthetic session.
        options: SessionConfig.

    Returns:
        BinnedSpikes, and a function of presentations or None.

    Raises:
        ValueError: The file is neither, or what the options name is not in it.
    """
    if path is None:
        return _small_session(options)
    from v1model.presentations.loading import load_binned

    binned = load_binned(
        path,
        options.n_bins,
        stimulus=None if options.stimulus == "all" else options.stimulus,
        label=options.label,
        drop=options.drop,
    )
    return (binned.keep(options.units) if options.units else binned), None


def _small_session(options):
    from v1model.presentations.bayes import bayes_accuracy
    from v1model.presentations.binning import DEFAULT_BINS
    from v1model.presentations.synthetic import draw_session

    session = draw_session(n_bins=options.n_bins or DEFAULT_BINS, **SMALL)
    print(
        "no --recording: a synthetic session of "
        f"{SMALL['n_classes']} classes x {SMALL['repeats']} presentations and "
        f"{SMALL['n_units']} units, of which the best possible decoder reads "
        f"{bayes_accuracy(session):.3f} (below: of the test part)"
    )
    return session.binned, lambda rows: bayes_accuracy(session, rows)


def words_of(row):
    """What came out, in a line."""
    if row.state == FAILED:
        return f"failed: {row.error}"
    text = (
        f"test accuracy {row.accuracy:.3f} ({row.accuracy_low:.3f} to "
        f"{row.accuracy_high:.3f}), chance {row.chance:.3f}"
    )
    if row.bayes is not None:
        text += f", best possible {row.bayes:.3f}"
    return f"{text}, {row.seconds:.0f} s"


def print_table(rows):
    """The rows as a table."""
    wide = max([16, *(len(row.session) for row in rows)])
    print(
        f"\n{'session':{wide}} {'decoder':17}{'split':11}{'K':>3}{'seed':>5} "
        f"{'accuracy':>9} {'95 % interval':>15} {'top 5':>6} {'balanced':>9} "
        f"{'chance':>7} {'1/K':>6} {'best':>6}"
    )
    for row in rows:
        name = row.decoder + (" *" if row.shuffled else "")
        k = row.k_shot or "all"
        line = f"{row.session:{wide}} {name:17}{row.split:11}{k:>3}{row.seed:>5} "
        if row.state == FAILED:
            print(f"{line} failed: {row.error}")
            continue
        interval = f"{row.accuracy_low:.3f} - {row.accuracy_high:.3f}"
        line += f"{row.accuracy:9.3f} {interval:>15} {_short(row.top5):>6} "
        line += f"{row.balanced:9.3f} {row.chance:7.3f} {row.chance_uniform:6.3f} "
        line += f"{_short(row.bayes):>6}"
        print(line + _flag(row))
    if any(row.shuffled for row in rows):
        print("* labels shuffled")


def _flag(row):
    """What is not as it should be."""
    if row.is_at_chance == row.shuffled:
        return ""
    return "  ABOVE CHANCE" if row.shuffled else "  AT CHANCE"


def _short(value):
    return "-" if value is None else f"{value:.3f}"


def draw_curves(rows, folder):
    """Draws the K-shot curve of each session that has several K; paths."""
    from visualization.decoding.k_shot import k_shot_figure
    from visualization.files import write_figure

    paths = []
    for session in sorted({row.session for row in rows}):
        own = [row for row in rows if row.session == session and row.state != FAILED]
        if len({row.k_shot for row in own}) > 1:
            path = folder / f"k_shot_{session}.png"
            write_figure(k_shot_figure(own), path, dpi=200)
            paths.append(path)
    return paths


def cli():
    flags.run(main, DecoderConfig)


if __name__ == "__main__":
    cli()
