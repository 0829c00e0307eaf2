"""Scores and costs of a fitted decoder: every presentation of the test part."""

import numpy as np
import pandas as pd

from v1model.decoders.saved import NetworkScores
from v1model.judging.costs import costs_of, decoder_size
from v1model.runs.scores import write_scores

ROOM = "decoder"


def judge_decoder(run, decoder, part, minutes):
    """Writes scores.csv of a part; `costs` for result.json.

    Args:
        run: Run.
        decoder: Decoder.
        part: BinnedSpikes that the decoder has not seen.
        minutes: Of fitting.
    """
    write_scores(run, presentation_rows(decoder, part), ROOM)
    parameters, operations = decoder_size(decoder.model)
    return {"costs": costs_of(parameters, operations, minutes)}


def presentation_rows(decoder, part):
    """Rows of scores.csv, one per presentation: Data frame.

        unit       number of the presentation in its recording's table
        correct    1 or 0
        rank       place of the right class among the scores; 1 is the answer
        log_probability    of the right class, of networks
        kind       the class
        rate_hz    mean over units that were recorded

    Args:
        decoder: Decoder.
        part: BinnedSpikes.
    """
    scores = decoder.scores(part)
    targets = decoder.inputs.targets(part)
    rows = np.arange(len(scores))
    own = scores[rows, targets]
    n_valid = np.maximum(part.valid.sum(axis=1), 1)
    spikes = part.counts.sum(axis=(1, 2), dtype=np.float64)
    columns = {
        "group": part.session_id,
        "unit": part.presentation_id.astype(str),
        "correct": (scores.argmax(axis=1) == targets).astype(np.float64),
        "rank": 1.0 + (scores > own[:, None]).sum(axis=1),
    }
    if isinstance(decoder.model, NetworkScores):
        columns["log_probability"] = own
    columns["rate_hz"] = spikes / n_valid / (part.stop_s - part.start_s)
    columns["kind"] = part.labels.astype(str)
    return pd.DataFrame(columns)
