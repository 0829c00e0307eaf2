"""Parts: which trials are for training, for validation and for the test.

A split depends on its seed and on the trials alone, never on the other recordings and
never on which types of trials are used, so that an evaluation finds the split of the
training.
"""

import hashlib

import numpy as np

PARTS = ("train", "validation", "test")
UNUSED = "unused"  # trials for training that a learning curve leaves out
TYPE = "type"  # columns of the trials
STIMULUS = "stimulus"  # the type, in recordings of columns and of Neuropixels
PART = "part"
_ORDER_FOR_SHARES = 1  # beside the seed; another draw than that of the parts


def assign_parts(trials, data, where):
    """The part of each trial, (P,) of str: train, validation, test or unused.

    A column `part` decides where there is one. Else, with `data.split_by`, all trials
    with the same value of that column are in one part, which follows from the seed and
    the value alone: a picture is in the same part in every recording. Shares are met on
    average then, not exactly. Trials without such a value ("", NaN or a negative whole
    number), and all where nothing is named, are drawn one by one within their type:
    shares are met to within a trial, and where they are above 0 and there are three
    trials or more, each part has one at least.

    Of the trials for training `data.train_share` are used, of each type; those of a
    smaller share are among those of a larger one.

    Args:
        trials: Data frame of P trials.
        data: DataParams.
        where: File, for errors.

    Raises:
        ValueError: The column `part` holds something else, or `split_by` names none.
    """
    types = types_of(trials)
    if PART in trials:
        parts = np.asarray(trials[PART], object)
        wrong = [part for part in parts if part not in (*PARTS, UNUSED)]
        if wrong:
            raise ValueError(
                f"{where}: trials column '{PART}' must hold {', '.join(PARTS)} or "
                f"{UNUSED}, got {wrong[0]!r}."
            )
    else:
        parts = _drawn(trials, types, data, where)
    return _learning(parts.astype(object), types, data)


def types_of(trials):
    """The type of each trial, (P,) of str.

    It is the column `type`, or `stimulus` where there is none; "" without both.
    """
    for column in (TYPE, STIMULUS):
        if column in trials:
            return np.asarray(trials[column].astype(str), object)
    return np.full(len(trials), "", object)


def held_out_neurons(spec, data):
    """Which neurons joint training does not see, (N,) bool; it follows from the seed.

    Args:
        spec: RecordingSpec.
        data: DataParams.

    Raises:
        ValueError: None would be left.
    """
    n = round(data.held_out_neurons * spec.n_neurons)
    if n >= spec.n_neurons:
        raise ValueError(
            f"data.held_out_neurons must leave a neuron of {spec.n_neurons} in "
            f"'{spec.name}', got {data.held_out_neurons}."
        )
    is_held_out = np.zeros(spec.n_neurons, bool)
    is_held_out[_rng(data.split_seed, spec.name).permutation(spec.n_neurons)[:n]] = True
    return is_held_out


def _drawn(trials, types, data, where):
    parts = np.full(len(trials), "train", object)
    has_value = np.zeros(len(trials), bool)
    if data.split_by is not None:
        if data.split_by not in trials:
            raise ValueError(
                f"{where}: data.split_by must be a column of the trials, "
                f"{sorted(trials)}, got '{data.split_by}'."
            )
        values = trials[data.split_by]
        has_value = ~_is_missing(values)
        for row in np.flatnonzero(has_value):
            parts[row] = _part_of_value(values.iloc[row], data)
    for kind in sorted(set(types)):
        rows = np.flatnonzero((types == kind) & ~has_value)
        rows = rows[_rng(data.split_seed, kind).permutation(len(rows))]
        n_test, n_validation = _sizes(len(rows), data)
        parts[rows[:n_test]] = "test"
        parts[rows[n_test : n_test + n_validation]] = "validation"
    return parts


def _sizes(n, data):
    """Trials for the test and for validation, of n."""
    sizes = []
    for share in (data.test_share, data.validation_share):
        fewest = int(share > 0 and n >= len(PARTS))
        sizes.append(max(round(share * n), fewest))
    n_test, n_validation = sizes
    n_test = min(n_test, max(n - 1, 0))
    return n_test, min(n_validation, max(n - 1 - n_test, 0))


def _part_of_value(value, data):
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, float) and number.is_integer():
        number = int(number)  # a table with gaps holds whole numbers as floats
    digest = hashlib.sha256(f"{data.split_seed}:{number}".encode()).digest()
    place = int.from_bytes(digest[:8], "little") / 2**64
    if place < data.test_share:
        return "test"
    return "validation" if place < data.test_share + data.validation_share else "train"


def _is_missing(values):
    missing = values.isna().to_numpy(bool)
    if values.dtype.kind in "if":
        return missing | (values < 0).to_numpy(bool)
    return missing | (values.astype(str) == "").to_numpy(bool)


def _learning(parts, types, data):
    """Leaves out trials for training beyond `train_share` of each type."""
    if data.train_share == 1:
        return parts
    for kind in sorted(set(types)):
        rows = np.flatnonzero((types == kind) & (parts == "train"))
        rng = _rng(data.split_seed, kind, _ORDER_FOR_SHARES)
        n = int(np.ceil(data.train_share * len(rows) - 1e-9))
        parts[rows[rng.permutation(len(rows))[n:]]] = UNUSED
    return parts


def _rng(seed, name, *more):
    digest = hashlib.sha256(str(name).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:4], "little"), *more])
