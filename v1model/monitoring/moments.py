"""What the moments of Adam tell of gradients and updates, without a gradient.

After t updates Adam holds the running means m of the gradient and v of its square,
which begin with 0: m / (1 - beta_1^t) and v / (1 - beta_2^t) are without that bias. The
update that it has just done is

    -rate sqrt(1 - beta_2^t) / (1 - beta_1^t)  m / (sqrt(v) + epsilon)

(Kingma and Ba 2015, section 2, the second form), after a decay of the weights.
"""

import keras
import numpy as np
import tensorflow as tf

from v1model.monitoring.groups import groups_of

SAMPLE = 100_000  # entries of a group that its distribution is made of


def weight_numbers(variables):
    """Numbers of weights by group, and weights for distributions.

    Args:
        variables: Keras variables.

    Returns:
        Scalars by name, and arrays by name with every k-th entry of a group, the k that
        leaves SAMPLE at most.
    """
    if not variables:
        return {}, {}
    groups, summed = groups_of(variables), []
    for variable in variables:
        w = _dense(variable)
        summed.append(
            tf.stack(
                [
                    tf.reduce_sum(w * w),
                    tf.reduce_min(w),
                    tf.reduce_max(w),
                    tf.reduce_sum(tf.cast(w == 0, tf.float32)),
                ]
            )
        )
    summed = np.array(tf.stack(summed), np.float64)  # (variables, 4), fetched at once
    scalars, samples = {}, {}
    for name, places in groups.items():
        squares, low, high, zeros = summed[places].T
        n = sum(_size(variables[k]) for k in places)
        norm = np.sqrt(squares.sum())
        scalars[f"norm/{name}"] = norm
        scalars[f"rms/{name}"] = norm / np.sqrt(n)
        scalars[f"min/{name}"], scalars[f"max/{name}"] = low.min(), high.max()
        scalars[f"zeros/{name}"] = zeros.sum() / n
        every = -(-n // SAMPLE)
        samples[name] = np.concatenate(
            [tf.reshape(_dense(variables[k]), -1)[::every].numpy() for k in places]
        )
    return scalars, samples


def gradient_numbers(optimizer, variables):
    """Sizes of gradients by group, from Adam's moments; {} without them.

    Returns:
        norm/ and rms/ of the gradient, sqrt of the mean square; signal/, the mean of
        |mean gradient| / sqrt(mean square) over entries that have any gradient, 1 where
        it is the same in every update.
    """
    adam = _adam(optimizer)
    if adam is None or not variables:
        return {}
    t = float(adam.iterations.numpy())
    unbiased = 1 - float(adam.beta_1) ** t, 1 - float(adam.beta_2) ** t
    summed = []
    for variable in variables:
        m, v = _moments(adam, variable)
        m, v = m / unbiased[0], v / unbiased[1]
        ratio = tf.math.divide_no_nan(tf.abs(m), tf.sqrt(v))
        n_moved = tf.reduce_sum(tf.cast(v > 0, tf.float32))
        summed.append(tf.stack([tf.reduce_sum(v), tf.reduce_sum(ratio), n_moved]))
    summed = np.array(tf.stack(summed), np.float64)
    found = {}
    for name, places in groups_of(variables).items():
        squares, ratios, n_moved = summed[places].sum(0)
        n = sum(_size(variables[k]) for k in places)
        found[f"norm/{name}"] = np.sqrt(squares)
        found[f"rms/{name}"] = np.sqrt(squares / n)
        if n_moved:
            found[f"signal/{name}"] = ratios / n_moved
    norms = summed[:, 0].sum()
    return found | {"norm/all": np.sqrt(norms)}


def update_numbers(optimizer, variables):
    """Length of the last update over that of the weights, by group; {} without Adam."""
    adam = _adam(optimizer)
    if adam is None or not variables:
        return {}
    summed = []
    for variable in variables:
        step, w = last_update(adam, variable), _dense(variable)
        summed.append(tf.stack([tf.reduce_sum(step**2), tf.reduce_sum(w**2)]))
    summed = np.sqrt(np.array(tf.stack(summed), np.float64))
    found = {}
    for name, places in groups_of(variables).items():
        moved, length = np.linalg.norm(summed[places], axis=0)
        if length:
            found[f"ratio/{name}"] = moved / length
    return found


def last_update(adam, variable):
    """What the last step of Adam has added to a variable, a float32 tensor.

    Constraints and other steps that follow Adam's are not of it.

    Args:
        adam: keras.optimizers.Adam or one that inherits from it, after a step; with
            OwnRates, by those.
        variable: Keras variable that it trains.
    """
    place = adam._get_variable_index(variable)
    m, v = _moments(adam, variable)
    if getattr(adam, "amsgrad", False):
        v = _dense(adam._velocity_hats[place])
    t = float(adam.iterations.numpy())
    rate = _last_rate(adam)
    shares = getattr(adam, "shares", ())
    own = rate * (shares[place] if shares else 1.0)
    unbias = np.sqrt(1 - float(adam.beta_2) ** t) / (1 - float(adam.beta_1) ** t)
    step = -own * unbias * m / (tf.sqrt(v) + adam.epsilon)
    kept = 1 - own * _decay(adam, place) - rate * _keras_decay(adam, variable)
    # What decay has left of the weights, and the step, are what the weights are now.
    return _dense(variable) * (1 - 1 / kept) + step / kept


def _last_rate(adam):
    """Learning rate of the last step; a schedule is asked for the one before this."""
    schedule = adam._learning_rate
    if callable(schedule) and not hasattr(schedule, "assign"):
        return float(tf.convert_to_tensor(schedule(adam.iterations.value - 1)))
    return float(tf.convert_to_tensor(adam.learning_rate))


def _decay(adam, place):
    """Of OwnRates."""
    decays = getattr(adam, "decays", ())
    return getattr(adam, "decay", 0.0) if not decays or decays[place] else 0.0


def _keras_decay(adam, variable):
    if not adam.weight_decay or not adam._use_weight_decay(variable):
        return 0.0
    return float(adam.weight_decay)


def _adam(optimizer):
    """The Adam in an optimizer that has done a step, or None.

    Nadam, Lamb and others have such moments, too, but take other steps.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # of scaled losses
    if not isinstance(inner, keras.optimizers.Adam):
        return None
    return inner if int(inner.iterations.numpy()) else None


def _moments(adam, variable):
    place = adam._get_variable_index(variable)
    return _dense(adam._momentums[place]), _dense(adam._velocities[place])


def _dense(variable):
    return tf.cast(tf.convert_to_tensor(variable), tf.float32)


def _size(variable):
    return int(np.prod(variable.shape))
