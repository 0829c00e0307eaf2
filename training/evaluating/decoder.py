"""Decoders on sessions of their units: per class and per presentation."""

import dataclasses
import pathlib

import pandas as pd

from training.decoder_training import load_session
from training.evaluating.places import folder_of_run
from training.evaluating.tables import share_right, write_numbers
from training.quiet_start import start_tensorflow
from v1model.atomic import write_frame
from v1model.decoders.config import DecoderConfig
from v1model.options import from_dict
from v1model.runs import Run

FOLDER = "decoder"  # in a run


def judge(runs, options, out):
    """Writes everything; the main numbers, by what they are of.

    Args:
        runs: Paths by name.
        options: EvaluateOptions.
        out: Folder.

    Raises:
        OSError, ValueError: A run or a recording is wrong.
    """
    start_tensorflow()
    from v1model.decoders.saved import load_decoder

    pairs = []
    for name, path in runs.items():
        run = Run.open(folder_of_run(path))
        config = from_dict(DecoderConfig, run.config)
        decoder = load_decoder(run.path / FOLDER)
        own = [*config.session.recording] or [None]
        for given in options.recording or own:
            given = None if given is None else pathlib.Path(given).expanduser()
            binned, _ = load_session(given, config.session)
            part, word = _part_of(binned, decoder, config, options.part)
            decoder.inputs.targets(part)  # says no before anything is written
            decoder.inputs.apply(part.take(slice(0, 1)))
            pairs.append((name, decoder, part, word))
    found = {}
    for name, decoder, part, word in pairs:
        folder = out / f"{name}_{part.session_id}"
        title = f"{name} on {part.session_id}, part {word}"
        found[title] = _judge_pair(decoder, part, folder, options.dpi)
    return found


def _part_of(binned, decoder, config, part):
    """The presentations that are judged, and what they are called.

    Raises:
        ValueError: A part of a session that the decoder was not trained on.
    """
    from training.decoder_jobs import split_of

    if part == "all":
        return binned, part
    if binned.session_id != decoder.session_id:
        if part:
            raise ValueError(
                f"session {binned.session_id}: --part must be all or left out, the "
                f"decoder was trained on session {decoder.session_id}, got {part}."
            )
        return binned, "all"
    part = part or "test"
    return binned.take(getattr(split_of(binned, config), part)), part


def _judge_pair(decoder, part, folder, dpi):
    from v1model.decoders.evaluation import confusion_matrix, evaluate
    from v1model.judging.decoder import presentation_rows
    from visualization.decoding.confusion import confusion_figure
    from visualization.files import write_figure

    scores, targets = decoder.scores(part), decoder.inputs.targets(part)
    rows = presentation_rows(decoder, part)
    answers = scores.argmax(axis=1)
    rows.insert(2, "start_s", part.start_s)
    rows.insert(4, "answer", decoder.inputs.classes[answers])
    write_frame(folder / "presentations.csv", rows)
    write_frame(folder / "classes.csv", class_rows(rows))
    numbers = dataclasses.asdict(evaluate(scores, targets))
    numbers = {name: value for name, value in numbers.items() if value is not None}
    write_numbers(folder / "numbers.csv", numbers)
    matrix = confusion_matrix(answers, targets, decoder.inputs.n_classes)
    figure = confusion_figure(matrix, decoder.inputs.classes)
    write_figure(figure, folder / "confusion.png", dpi=dpi)
    return numbers


def class_rows(rows):
    """A row per class: presentations, share that is right with its 95 % interval."""
    found = []
    for kind, own in rows.groupby("kind", sort=True):
        wrong = own.loc[own["correct"] == 0, "answer"].astype(str)
        found.append(
            {
                "class": kind,
                **share_right(own),
                "mean_rank": own["rank"].mean(),
                "rate_hz": own["rate_hz"].mean(),
                "most_often_taken_for": "" if wrong.empty else wrong.mode()[0],
            }
        )
    return pd.DataFrame(found)
