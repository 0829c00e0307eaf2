"""One decoding: a session, a decoder, a split, and a run folder with what came out."""

import csv
import dataclasses
import functools
import io
import json
import logging
import time

import numpy as np

from training.decoder_fit import fit_decoder
from training.decoder_search import search
from training.monitors.watching import watch_linear, watched_network
from v1model.atomic import write_text
from v1model.decoders.config import NETWORKS, DecoderConfig
from v1model.decoders.evaluation import Scores, confusion_matrix, evaluate
from v1model.decoders.over_time import sections_over_time
from v1model.decoders.results import FAILED, Row, add_result
from v1model.event_files import EventFile
from v1model.finite import NotFiniteError
from v1model.judging.decoder import judge_decoder
from v1model.presentations.splits import (
    Split,
    block_split,
    k_shot_split,
    random_split,
    shuffled_labels,
    stratified_split,
)
from v1model.presentations.units import select_units
from v1model.runs import Run
from visualization.decoding.confusion import confusion_figure
from visualization.decoding.over_time import over_time_figure
from visualization.files import png_of, write_figure

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Job:
    """What is decoded, by what.

    Args:
        config: DecoderConfig of this job alone: one decoder, one K, one seed.
        binned: BinnedSpikes of the session.
        bayes: Function of presentations that gives the accuracy of the best possible
            decoder of them, or None where nobody knows.
    """

    config: DecoderConfig
    binned: object
    bayes: object = None

    @property
    def key_row(self):
        """A Row with the key of the job, and nothing in it yet."""
        return Row(
            self.binned.session_id,
            self.config.decoder[0],
            self.config.split_name,
            self.config.k_shot[0],
            self.config.seed,
            self.config.shuffle_labels == "yes",
            run_name=self.config.run_name,
        )

    @property
    def name(self):
        """Of the run folder."""
        row = self.key_row
        words = [self.config.run_name, row.session, row.decoder, row.split]
        words += [f"k{row.k_shot}" if row.k_shot else "", f"seed{row.seed}"]
        words += ["shuffled" if row.shuffled else ""]
        return "_".join(word for word in words if word)


def split_of(binned, config):
    """The Split that a configuration asks for.

    Raises:
        ValueError: A class or a part has too few presentations.
    """
    shares = {"validation": config.validation, "test": config.test}
    if config.split == "block":
        base = block_split(binned, gap=config.gap, **shares)
    elif config.split == "random":
        base = random_split(binned, config.split_seed, **shares)
    else:
        base = stratified_split(binned, config.split_seed, **shares)
    k = config.k_shot[0]
    return k_shot_split(binned, k, config.seed, base=base) if k else base


def run_job(job, table, command):
    """Decodes, and puts the row into the table; a finished job is not done again.

    Args:
        job: Job.
        table: Path of the table of results.
        command: The command line.

    Returns:
        Row; one with an error if the session cannot be decoded.
    """
    run = Run.join(job.config.results_dir, job.name)
    if _is_done(run, job):
        logger.info("%s is finished", job.name)
        row = Row(**run.result["row"])
        add_result(table, row)
        return row
    place = job.config.results_dir, job.name
    run = Run.create(*place, job.config, command, "decoder")
    try:
        with run.recorded():
            row = _decode(job, run)
    except (ValueError, NotFiniteError) as error:  # the other sessions go on
        row = dataclasses.replace(
            job.key_row, state=FAILED, error=str(error), run=job.name
        )
    add_result(table, row)
    return row


def _is_done(run, job):
    if not (run.path / "result.json").is_file() or run.state["state"] != "finished":
        return False
    free = job.config.free_options
    now = json.loads(json.dumps(dataclasses.asdict(job.config)))
    old = run.config
    return all(old.get(name) == now[name] for name in now if name not in free)


def _decode(job, run):
    began = time.monotonic()
    config = job.config
    split = split_of(job.binned, config)
    parts = Split(*(job.binned.take(rows) for rows in split))
    if config.shuffle_labels == "yes":
        parts = Split(*(shuffled_labels(part, config.seed) for part in parts))
    parts = _within_rates(parts, config.session)
    # The test part stays here: whatever chooses something is not given it.
    decoder = _fitted(config, parts.train, parts.validation, run)
    scores = Split(*(_scores(decoder, part) for part in parts))
    row = dataclasses.replace(
        job.key_row,
        units=decoder.inputs.n_units,
        bins=decoder.inputs.n_bins,
        classes=decoder.inputs.n_classes,
        n_train=scores.train.n,
        n_validation=scores.validation.n,
        n_test=scores.test.n,
        train=scores.train.accuracy,
        validation=scores.validation.accuracy,
        **{name: getattr(scores.test, name) for name in _TEST_NUMBERS},
        bayes=_bayes(job, split.test),
        seconds=time.monotonic() - began,
        run=job.name,
    )
    decoder.save(run.path / "decoder")
    answers = decoder.predict(parts.test)
    _write_answers(run.path / "answers.csv", parts.test, answers)
    matrix = _confusion(decoder, parts.test, answers)
    figures = {"confusion": confusion_figure(matrix, decoder.inputs.classes)}
    over_time = _over_time(config, parts, run.path) if config.over_time else None
    if over_time:
        figures["over_time"] = over_time_figure(over_time, scores.test.chance)
    _write_figures(run, figures, row)
    judged = judge_decoder(run, decoder, parts.test, row.seconds / 60)
    run.write_result(
        {
            "row": dataclasses.asdict(row),
            "scores": {n: dataclasses.asdict(s) for n, s in scores._asdict().items()},
            "choice": decoder.model.choice,
            "over_time": over_time and [dataclasses.asdict(s) for s in over_time],
            **judged,
        }
    )
    return row


_TEST_NUMBERS = tuple(
    field.name for field in dataclasses.fields(Scores) if field.name != "n"
)


def _within_rates(parts, options):
    """The parts without units whose rate in the training part is out of range."""
    if not options.min_rate and not options.max_rate:
        return parts
    highest_hz = options.max_rate or np.inf
    kept = select_units(parts.train, lowest_hz=options.min_rate, highest_hz=highest_hz)
    return Split(*(part.take_units(kept) for part in parts))


def _fitted(config, training, validation, run):
    """The Decoder of a job, searched for or not; the test part is not here."""
    name, options = config.decoder[0], config.network
    parts = training, validation
    if config.search:
        return search(name, *parts, options, run.path, config.seed, config.search)
    watched = functools.partial(watched_network, config.monitoring)
    decoder, _ = fit_decoder(name, *parts, options, run.path, config.seed, watched)
    if name not in NETWORKS:
        watch_linear(config.monitoring, run, decoder, validation)
    return decoder


def _scores(decoder, part):
    return evaluate(decoder.scores(part), decoder.inputs.targets(part))


def _bayes(job, rows):
    if job.bayes is None or job.config.shuffle_labels == "yes":
        return None
    return job.bayes(rows)


def _confusion(decoder, part, answers):
    classes = decoder.inputs.classes
    places = np.searchsorted(classes, answers), decoder.inputs.targets(part)
    return confusion_matrix(*places, len(classes))


def _over_time(config, parts, folder):
    """Accuracy of decoders of some of the bins; see `sections_over_time`."""

    def accuracy_of(name, cut):
        training, validation, test = (cut(part) for part in parts)
        logger.info("    over time, %s:", name.replace("_", " "))
        decoder, _ = fit_decoder(
            config.decoder[0],
            training,
            validation,
            config.network,
            folder / "over_time" / name,
            config.seed,
        )
        return _scores(decoder, test)

    return sections_over_time(parts.train, accuracy_of)


def _write_answers(path, part, answers):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("start_s", "label", "answer"))
    writer.writerows(zip(part.start_s, part.labels, answers, strict=True))
    write_text(path, text.getvalue())


def _write_figures(run, figures, row):
    """As files, and in TensorBoard beside the numbers."""
    for name, figure in figures.items():
        write_figure(figure, run.path / "figures" / f"{name}.png", dpi=200)
    events = EventFile(run.logs / "test")
    numbers = {
        f"test/{name}": getattr(row, name)
        for name in ("accuracy", "top5", "balanced", "chance")
        if getattr(row, name) is not None
    }
    pictures = {name: png_of(figure, dpi=130) for name, figure in figures.items()}
    events.write(0, scalars=numbers, histograms={}, pictures=pictures)
    events.close()
