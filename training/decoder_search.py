"""Search for the options of a network, on the validation part; resumable."""

import dataclasses
import logging
import shutil
import warnings

from training.decoder_fit import fit_decoder

JOURNAL = "search.log"
WIDTHS = (64, 128, 256, 512)
_RANGES = {  # lowest, highest, whether on a logarithmic scale
    "dropout": (0.0, 0.8, False),
    "input_dropout": (0.0, 0.6, False),
    "learning_rate": (1e-4, 1e-2, True),
    "weight_decay": (1e-4, 1.0, True),
    "label_smoothing": (0.0, 0.3, False),
}

logger = logging.getLogger(__name__)


def search(name, training, validation, options, folder, seed, n_trials):
    """The decoder with the best validation accuracy of `n_trials` sets of options.

    The first trial has the options as they are given. All trials are kept in a journal
    in the folder: killed and started again, the search goes on with the finished ones,
    and begins with the one that was cut off.

    Args:
        name: One of NETWORKS.
        training, validation: BinnedSpikes. There is no other part here to choose by.
        options: NetworkOptions that the search starts from.
        folder: Of the run.
        seed: Of the search, and of every network.
        n_trials: Finished trials, those of earlier starts included.

    Returns:
        Decoder.

    Raises:
        ValueError: Optuna is not installed, or a part cannot be decoded.
    """
    optuna = _optuna()
    folder.mkdir(parents=True, exist_ok=True)
    study = _study(optuna, folder, seed)
    if not study.trials:
        study.enqueue_trial(_given(name, options))

    def measured(trial):
        chosen = dataclasses.replace(options, **_suggested(trial, name, options))
        where = _folder_of(folder, trial)
        _, accuracy = fit_decoder(name, training, validation, chosen, where, seed)
        return accuracy

    def tell(study, trial):
        best, finished = study.best_trial, _finished(optuna, study)
        logger.info(
            "trial %d of %d: validation accuracy %.3f, best %.3f of trial %d",
            len(finished),
            n_trials,
            trial.value,
            best.value,
            1 + [one.number for one in finished].index(best.number),
        )
        for other in finished:  # networks are large
            if other.number != best.number:
                checkpoints = _folder_of(folder, other) / "checkpoints"
                shutil.rmtree(checkpoints, ignore_errors=True)

    n_left = n_trials - len(_finished(optuna, study))
    if n_left > 0:
        study.optimize(measured, n_trials=n_left, callbacks=[tell])
    best = study.best_trial
    words = ", ".join(f"{key} {value:.4g}" for key, value in best.params.items())
    logger.info("the search has chosen %s", words)
    chosen = dataclasses.replace(options, **_suggested(best, name, options))
    # Its backup is complete, so this loads the weights of its best epoch.
    where = _folder_of(folder, best)
    decoder, _ = fit_decoder(name, training, validation, chosen, where, seed)
    decoder.model.choice.update(best.params)
    return decoder


def _optuna():
    try:
        import optuna
    except ImportError:
        raise ValueError(
            "search needs Optuna: pip install 'v1model[search]'."
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _study(optuna, folder, seed):
    """The study of the folder; what a killed start left undone comes first."""
    from optuna.storages.journal import JournalFileBackend

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = optuna.storages.JournalStorage(
            JournalFileBackend(str(folder / JOURNAL))
        )
    study = optuna.create_study(
        storage=storage,
        study_name="search",
        direction="maximize",
        load_if_exists=True,
    )
    # A seed of its own for each start, or it would draw what it drew before.
    n_before = len(study.trials)
    study.sampler = optuna.samplers.TPESampler(seed=seed + n_before)
    states = optuna.trial.TrialState
    for trial in study.get_trials(states=(states.RUNNING,)):  # its process is dead
        study.tell(trial.number, state=states.FAIL)
    for trial in study.get_trials(states=(states.FAIL,)):
        is_begun = any(
            trial.params in (other.params, other.system_attrs.get("fixed_params"))
            for other in study.trials[trial.number + 1 :]
        )
        if trial.params and not is_begun:
            study.enqueue_trial(trial.params)
    return study


def _finished(optuna, study):
    return study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))


def _folder_of(folder, trial):
    return folder / "trials" / f"{trial.number:03d}"


def _given(name, options):
    """The options as they are, as far as they are searched."""
    names = (*_RANGES, "width", "layers", *(("neighbours",) if name == "gat" else ()))
    given = {key: getattr(options, key) for key in names}
    return given | {"width": options.width[0]}


def _suggested(trial, name, options):
    """Options of a trial, from ranges that hold the given ones."""
    widths = sorted({options.width[0], *(w for w in WIDTHS if w % options.heads == 0)})
    found = {"width": (trial.suggest_categorical("width", widths),)}
    for key, (low, high, is_log) in _RANGES.items():
        given = getattr(options, key)
        low, high = min(low, given), max(high, given)
        found[key] = trial.suggest_float(key, low, high, log=is_log and low > 0)
    found["layers"] = trial.suggest_int("layers", 1, max(3, options.layers))
    if name == "gat":
        most = max(16, options.neighbours)
        found["neighbours"] = trial.suggest_int("neighbours", 1, most)
    return found
