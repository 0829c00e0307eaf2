"""Decoders beside the best that any decoder can do, on a session with known rates.

    python benchmarks/decoder_bayes.py [--small] [--results_dir=FOLDER]
    python benchmarks/decoder_bayes.py --k_shot [--figure=k_shot.png]

A session as published: 119 images x 50 presentations, 500 units in 5 bins, log-normal
rates, shared gain, drift. All decoders with their default options, the same stratified
split, and the same with shuffled labels. --k_shot instead: K presentations per image,
five draws of each, shuffled labels beside.

Results are added to decoder_bayes.csv and decoder_k_shot.csv in benchmarks/results/.
What is finished in --results_dir is not done again.
"""

import argparse
import logging
import pathlib

import numpy as np
from results_table import machine, record

from training.decoder_jobs import Job, run_job
from training.decoder_training import plans_of
from v1model.decoders.config import DECODERS, DecoderConfig
from v1model.presentations.bayes import bayes_accuracy
from v1model.presentations.synthetic import draw_session
from visualization.decoding.k_shot import k_shot_figure, mean_and_interval
from visualization.files import write_figure

RESULTS = pathlib.Path(__file__).parent / "results"
SMALL = {"n_classes": 30, "repeats": 30, "n_units": 150}
SHOTS = (1, 3, 5, 10, 40)
CURVES = ("naive_bayes", "logistic", "lstm")
SEEDS = 5
TARGET = 0.03  # below the best possible, at most


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="30 images; a trial.")
    parser.add_argument("--k_shot", action="store_true", help="The K-shot curves.")
    parser.add_argument("--decoders", default="", help="Only these, by commas.")
    parser.add_argument("--results_dir", default="results/decoder_bayes")
    parser.add_argument("--figure", default="", help="Figure of --k_shot.")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    session = draw_session(**(SMALL if options.small else {}))
    binned = session.binned
    print(
        f"{len(binned.classes)} classes, {binned.n_presentations:,} presentations, "
        f"{binned.n_units} units, best possible {bayes_accuracy(session):.3f}",
        flush=True,
    )
    decoders = CURVES if options.k_shot else DECODERS
    if options.decoders:
        decoders = tuple(options.decoders.split(","))
    config = DecoderConfig(
        decoder=decoders,
        k_shot=SHOTS if options.k_shot else (0,),
        # Nine tenths of 50 less 5 for validation leave 40 of each for training.
        test=0.1 if options.k_shot else 0.2,
        seeds=SEEDS if options.k_shot else 1,
        shuffle_labels="both",
        results_dir=str(pathlib.Path(options.results_dir).expanduser()),
        run_name="k_shot" if options.k_shot else "all",
    )
    rows = run(config, session)
    if options.k_shot and options.figure:
        write_figure(k_shot_figure(rows), options.figure, dpi=200)
    if options.small:
        print("a small session: nothing recorded")
    elif options.k_shot:
        record(RESULTS / "decoder_k_shot.csv", curves_of(rows), key_of_curve)
    else:
        record(RESULTS / "decoder_bayes.csv", accuracies_of(rows), key_of_accuracy)


def run(config, session):
    """Rows of all jobs, told one by one."""
    table = pathlib.Path(config.results_dir) / f"{config.run_name}.csv"
    rows = []
    for plan in plans_of(config):
        job = Job(plan, session.binned, lambda part: bayes_accuracy(session, part))
        rows.append(run_job(job, table, ["benchmarks/decoder_bayes.py"]))
        print(words_of(rows[-1]), flush=True)
    return rows


def words_of(row):
    """A result in a line, beside its target."""
    text = f"{row.decoder:17}K {row.k_shot or 'all':>3}  seed {row.seed}  "
    text += f"{row.accuracy:.3f} ({row.accuracy_low:.3f} to {row.accuracy_high:.3f})"
    if row.shuffled:
        met = "at chance" if row.is_at_chance else "ABOVE CHANCE"
        return f"{text}  shuffled, chance {row.chance:.3f}: {met}"
    text += f"  best possible {row.bayes:.3f}  {row.seconds:.0f} s"
    if row.k_shot:
        return text
    met = "reached" if row.accuracy >= row.bayes - TARGET else "missed"
    return f"{text}  target within {TARGET:g} {met}"


def accuracies_of(rows):
    """Rows of decoder_bayes.csv."""
    return [
        {
            "classes": row.classes,
            "units": row.units,
            "presentations": row.n_train + row.n_validation + row.n_test,
            "decoder": row.decoder,
            "shuffled": "yes" if row.shuffled else "no",
            "train": round(row.train, 4),
            "validation": round(row.validation, 4),
            "test": round(row.accuracy, 4),
            "low": round(row.accuracy_low, 4),
            "high": round(row.accuracy_high, 4),
            "top5": round(row.top5, 4),
            "balanced": round(row.balanced, 4),
            "chance": round(row.chance, 4),
            "bayes": "" if row.bayes is None else round(row.bayes, 4),
            "seconds": round(row.seconds),
            "machine": machine(("scikit-learn", "tensorflow", "keras")),
        }
        for row in rows
    ]


def curves_of(rows):
    """Rows of decoder_k_shot.csv: mean over seeds, half width of its interval."""
    found = []
    for key in sorted({(row.decoder, row.k_shot, row.shuffled) for row in rows}):
        own = [r for r in rows if (r.decoder, r.k_shot, r.shuffled) == key]
        mean, half = mean_and_interval([row.accuracy for row in own])
        known = [row.bayes for row in own if row.bayes is not None]
        found.append(
            {
                "classes": own[0].classes,
                "units": own[0].units,
                "decoder": key[0],
                "k": key[1],
                "shuffled": "yes" if key[2] else "no",
                "seeds": len(own),
                "mean": round(mean, 4),
                "half_interval": round(half, 4),
                "chance": round(float(np.mean([row.chance for row in own])), 4),
                "bayes": round(known[0], 4) if known else "",
                "machine": machine(("scikit-learn", "tensorflow", "keras")),
            }
        )
    return found


def key_of_accuracy(row):
    place = DECODERS.index(row["decoder"])
    return int(row["classes"]), row["shuffled"], place


def key_of_curve(row):
    return (
        int(row["classes"]),
        row["shuffled"],
        DECODERS.index(row["decoder"]),
        int(row["k"]),
    )


if __name__ == "__main__":
    main()
