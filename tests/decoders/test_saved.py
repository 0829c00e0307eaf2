"""Decoders that are kept, and read again."""

import json

import numpy as np
import pytest

from tests.decoders.sessions import drawn_session, session_of
from training.decoder_fit import fit_decoder
from v1model.decoders.config import DECODERS, NetworkOptions
from v1model.decoders.saved import load_decoder

OPTIONS = NetworkOptions(
    width=(16,), heads=2, neighbours=3, unit_features=4, epochs=2, batch_size=16
)


@pytest.fixture(scope="module")
def sessions():
    binned = drawn_session()
    rows = np.arange(binned.n_presentations)
    return binned.take(rows < 80), binned.take(rows >= 80)


def fitted(name, sessions, folder):
    return fit_decoder(name, *sessions, OPTIONS, folder, seed=0)[0]


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_reads_the_same_after_it_was_saved(name, sessions, tmp_path):
    decoder = fitted(name, sessions, tmp_path / "run")
    decoder.save(tmp_path / "decoder")
    again = load_decoder(tmp_path / "decoder")
    held_out = sessions[1]
    np.testing.assert_allclose(
        again.scores(held_out), decoder.scores(held_out), atol=1e-5
    )
    answers = again.predict(held_out)
    np.testing.assert_array_equal(answers, decoder.predict(held_out))
    assert set(answers) <= set(held_out.classes)
    assert again.model.choice == decoder.model.choice


def test_classes_that_are_words_survive(sessions, tmp_path):
    named = [
        session_of(part.counts, np.array([f"image {k}" for k in part.labels]))
        for part in sessions
    ]
    fitted("naive_bayes", named, tmp_path / "run").save(tmp_path)
    answers = load_decoder(tmp_path).predict(named[1])
    assert np.mean(answers == named[1].labels) > 0.9


def test_other_units_are_refused(sessions, tmp_path):
    fitted("logistic", sessions, tmp_path / "run").save(tmp_path)
    with pytest.raises(ValueError, match="of the 30 units of the decoder are missing"):
        load_decoder(tmp_path).predict(drawn_session(n_units=20))


def test_folders_without_a_whole_decoder_are_refused(sessions, tmp_path):
    with pytest.raises(FileNotFoundError, match="decoder.json is missing"):
        load_decoder(tmp_path)
    fitted("naive_bayes", sessions, tmp_path / "run").save(tmp_path)
    about = json.loads((tmp_path / "decoder.json").read_text())
    (tmp_path / "decoder.json").write_text(json.dumps(about | {"schema": 99}))
    with pytest.raises(ValueError, match="99"):
        load_decoder(tmp_path)
    (tmp_path / "decoder.json").write_text(json.dumps(about))
    (tmp_path / "decoder.h5").write_bytes(b"half a file")
    with pytest.raises(ValueError, match="damaged"):
        load_decoder(tmp_path)
