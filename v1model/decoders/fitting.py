"""Linear decoders, from the training and the validation part of a session."""

import logging

from v1model.decoders.inputs import Inputs
from v1model.decoders.linear import fit_logistic, fit_pca_logistic, fit_svm
from v1model.decoders.naive_bayes import fit_naive_bayes
from v1model.decoders.parts import Part
from v1model.decoders.saved import Decoder

LINEAR_FITS = {
    "naive_bayes": fit_naive_bayes,
    "logistic": fit_logistic,
    "pca_logistic": fit_pca_logistic,
    "svm": fit_svm,
}

logger = logging.getLogger(__name__)


def fit_linear_decoder(name, training, validation):
    """A linear decoder, whose penalty is chosen on the validation part.

        split = stratified_split(binned, seed=0)
        parts = [binned.take(rows) for rows in split]
        decoder = fit_linear_decoder("logistic", *parts[:2])
        right = decoder.predict(parts[2]) == parts[2].labels

    Args:
        name: One of LINEAR_FITS.
        training, validation: BinnedSpikes.

    Returns:
        Decoder.

    Raises:
        ValueError: The name is unknown, or a part cannot be decoded.
    """
    if name not in LINEAR_FITS:
        raise ValueError(f"decoder must be one of {list(LINEAR_FITS)}, got '{name}'.")
    inputs = Inputs.fit(training, is_scaled=name != "naive_bayes")
    parts = [Part.of(binned, inputs) for binned in (training, validation)]
    model = LINEAR_FITS[name](*parts, _log)
    return Decoder(name, inputs, model, training.session_id)


def _log(choice, accuracy):
    words = ", ".join(f"{key} {value:g}" for key, value in choice.items())
    logger.debug("%s: validation accuracy %.3f", words, accuracy)
