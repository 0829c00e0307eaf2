"""The search for options of networks."""

import logging

import pytest

from tests.decoders.sessions import drawn_session
from training import decoder_search
from training.decoder_search import search
from v1model.decoders.config import NetworkOptions

pytest.importorskip("optuna")

OPTIONS = NetworkOptions(width=(8,), heads=2, neighbours=3, epochs=2, batch_size=16)


@pytest.fixture
def parts(monkeypatch):
    monkeypatch.setattr(decoder_search, "WIDTHS", (4, 16))
    binned = drawn_session(n_units=12, repeats=12)
    return binned.take(slice(0, 50)), binned.take(slice(50, None))


def trials_of(folder):
    import optuna

    study = decoder_search._study(optuna, folder, 0)
    return [t for t in study.trials if t.state.name == "COMPLETE"]


def test_the_winner_is_the_best_on_validation(parts, tmp_path):
    decoder = search("lstm", *parts, OPTIONS, tmp_path, 0, 3)
    trials = trials_of(tmp_path)
    best = max(trials, key=lambda trial: trial.value)
    assert len(trials) == 3
    assert trials[0].params["width"] == 8 and trials[0].params["dropout"] == 0.5
    assert decoder.model.choice.items() >= best.params.items()
    held_out = parts[1]
    accuracy = (decoder.predict(held_out) == held_out.labels).mean()
    assert accuracy == pytest.approx(best.value)
    kept = [path.parent.name for path in tmp_path.glob("trials/*/checkpoints")]
    assert kept == [f"{best.number:03d}"]


def test_a_killed_search_goes_on_with_the_finished_trials(
    parts, tmp_path, monkeypatch, caplog
):
    fits = []
    original = decoder_search.fit_decoder

    def counted(*arguments):
        fits.append(arguments[3])
        if len(fits) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(decoder_search, "fit_decoder", counted)
    with pytest.raises(KeyboardInterrupt):
        search("lstm", *parts, OPTIONS, tmp_path, 0, 4)
    cut_off = fits[-1]
    before = [(trial.params, trial.value) for trial in trials_of(tmp_path)]
    assert len(before) == 2
    with caplog.at_level(logging.INFO):
        search("lstm", *parts, OPTIONS, tmp_path, 0, 4)
    after = [(trial.params, trial.value) for trial in trials_of(tmp_path)]
    assert after[:2] == before and len(after) == 4
    assert fits[3] == cut_off  # what was cut off comes first
    assert "trial 4 of 4" in caplog.text
    n_fits = len(fits)
    search("lstm", *parts, OPTIONS, tmp_path, 0, 4)
    assert len(fits) == n_fits + 1  # only the winner is loaded


def test_without_optuna_the_error_says_what_to_install(parts, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(ValueError, match=r"pip install 'v1model\[search\]'"):
        search("lstm", *parts, OPTIONS, tmp_path, 0, 1)
