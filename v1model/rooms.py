"""ROOMS: the four trainings, and what each of them is judged by."""

from typing import NamedTuple


class Room(NamedTuple):
    """A training, and the rows of the table `scores.csv` that it leaves.

    program: Module of its command line.
    unit: What a row of the table is.
    score: Its column that runs are compared by; larger is better.
    words: The score in words, for axes and headings.
    seed: The option that seeds its runs, by dotted name.
    """

    program: str
    unit: str
    score: str
    words: str
    seed: str


ROOMS = {
    "column": Room(
        "training.multi_training",
        "trial",
        "correct",
        "share of correct answers",
        "network.seed",
    ),
    "latent": Room(
        "training.latent_training",
        "neuron",
        "decades",
        "decades below standing still",
        "training.seed",
    ),
    "cnn": Room(
        "training.cnn_training", "neuron", "bps", "bits per spike", "training.seed"
    ),
    "decoder": Room(
        "training.decoder_training",
        "presentation",
        "correct",
        "share of correct answers",
        "seed",
    ),
}
