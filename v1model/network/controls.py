"""Control networks of Chen et al. 2022: the column with one of its features removed.

Each control is a function of a network that returns another one. What a synapse is,
excitatory or inhibitory, always follows from the type of its source neuron.
"""

import dataclasses

import numpy as np
from scipy.optimize import brentq

EXCITATORY_MODEL = "e23Cux2"
INHIBITORY_MODEL = "i23Pvalb"
_MAX_EXPONENT = 64.0
# Second word of the seeds, so that the two draws of one seed are independent.
_WEIGHTS, _CONNECTIVITY = 101, 102


def uniform_types(network, only_one=False):
    """Gives all cells of a class the same GLIF3 parameters.

    Excitatory cells get those of the first e23Cux2 type of the network, inhibitory
    cells those of the first i23Pvalb type. Names and ids of the types stay, so that
    populations can still be told apart.

    Args:
        network: Network.
        only_one: Inhibitory cells get the excitatory parameters too.

    Raises:
        ValueError: The network has no type of that population.
    """
    types = network.types
    excitatory = _first_type(types, EXCITATORY_MODEL)
    inhibitory = excitatory if only_one else _first_type(types, INHIBITORY_MODEL)
    model = np.where(types.is_excitatory, excitatory, inhibitory)
    kept = ("node_type_id", "pop_name")
    names = (f.name for f in dataclasses.fields(types) if f.name not in kept)
    columns = {name: getattr(types, name)[model] for name in names}
    return dataclasses.replace(network, types=dataclasses.replace(types, **columns))


def random_weights(network, seed, keep_signs=True):
    """Draws the recurrent weights anew.

    Magnitudes are |n|^p of standard normal n, scaled, with p and the scale such that
    their mean and standard deviation are those of the network, apart for synapses of
    excitatory and of inhibitory neurons. p = 1 is the half-normal distribution of the
    published code, which has the mean but not the spread of the column's weights.

    Args:
        network: Network.
        seed: Of the draw.
        keep_signs: If not, all weights are drawn from one normal distribution with
            the mean and standard deviation of the signed weights, as in the
            published code without Dale's law.
    """
    rng = np.random.default_rng([seed, _WEIGHTS])
    synapses = network.recurrent
    old = synapses.weight.astype(np.float64)
    if len(old) == 0:
        return network
    if keep_signs:
        new = np.empty_like(old)
        from_excitatory = network.is_excitatory[synapses.pre]
        for sign, is_member in ((1, from_excitatory), (-1, ~from_excitatory)):
            new[is_member] = sign * _magnitudes_like(np.abs(old[is_member]), rng)
    else:
        new = rng.normal(old.mean(), old.std(), len(old))
    return _with_recurrent(network, synapses.replace(weight=new))


def random_connectivity(network, seed):
    """Draws the ends of every recurrent synapse anew, without regard to place.

    A synapse keeps its weight, delay and receptor, and the classes (excitatory or
    inhibitory) of its two ends, so that Dale's law holds and the receptor stays
    right. No pair of neurons is connected twice. Autapses occur only if the network
    had any.

    Args:
        network: Network.
        seed: Of the draw.

    Raises:
        ValueError: The network has more synapses between two classes than there are
            pairs of neurons.
    """
    rng = np.random.default_rng([seed, _CONNECTIVITY])
    old = network.recurrent
    has_autapses = bool((old.pre == old.post).any())
    pre, post = old.pre.copy(), old.post.copy()
    classes = {True: "excitatory", False: "inhibitory"}
    members = {e: np.flatnonzero(network.is_excitatory == e) for e in classes}
    source, target = network.is_excitatory[old.pre], network.is_excitatory[old.post]
    for source_class, sources in members.items():
        for target_class, targets in members.items():
            rows = np.flatnonzero((source == source_class) & (target == target_class))
            skips_self = source_class == target_class and not has_autapses
            n_targets = len(targets) - skips_self
            n_pairs = len(sources) * n_targets
            if len(rows) > n_pairs:
                raise ValueError(
                    f"{len(rows)} synapses from {classes[source_class]} to "
                    f"{classes[target_class]} neurons do not fit on {n_pairs} pairs."
                )
            if len(rows) == 0:
                continue
            pair = _distinct(n_pairs, len(rows), rng)
            first, second = np.divmod(pair, n_targets)
            if skips_self:
                second += second >= first
            pre[rows], post[rows] = sources[first], targets[second]
    return _with_recurrent(network, old.replace(pre=pre, post=post))


def scale_excitatory(network, factor):
    """Multiplies the weights of all recurrent synapses of excitatory neurons.

    Raises:
        ValueError: The factor is negative or not finite.
    """
    if not (np.isfinite(factor) and factor >= 0):
        raise ValueError(f"factor must be finite and not negative, got {factor}.")
    synapses = network.recurrent
    scale = np.where(network.is_excitatory[synapses.pre], factor, 1).astype(np.float32)
    return _with_recurrent(network, synapses.replace(weight=synapses.weight * scale))


def _with_recurrent(network, synapses):
    return dataclasses.replace(network, recurrent=synapses.sorted())


def _first_type(types, population):
    rows = np.flatnonzero(np.asarray(types.pop_name) == population)
    if len(rows) == 0:
        raise ValueError(
            f"uniform neuron types need a cell type of population '{population}', "
            "the network has none."
        )
    return rows[0]


def _magnitudes_like(old, rng):
    """|n|^p with the mean and standard deviation of `old`, all positive."""
    n = len(old)
    if n == 0 or old.std() <= 1e-6 * old.mean():
        return old
    log_normal = np.log(np.abs(rng.standard_normal(n)))
    log_normal -= log_normal.max()  # the largest is 1, whatever p
    goal = old.std() / old.mean()

    def excess(exponent):
        drawn = np.exp(exponent * log_normal)
        return drawn.std() / drawn.mean() - goal

    # The spread over the mean grows with p up to sqrt(n - 1), where all but one
    # synapse are silent; few synapses may come closer to that than a draw can.
    exponent = _MAX_EXPONENT
    if excess(exponent) > 0:
        exponent = brentq(excess, 0, _MAX_EXPONENT, xtol=1e-9, rtol=1e-7)
    drawn = np.exp(exponent * log_normal)
    return drawn * (old.mean() / drawn.mean())


def _distinct(size, n, rng):
    """n different integers below `size` in random order, (n,) int64."""
    if size <= 4 * n:
        return rng.permutation(size)[:n]
    drawn = np.empty(0, np.int64)
    while len(drawn) < n:
        more = rng.integers(size, size=n - len(drawn) + n // 8 + 16)
        drawn = np.concatenate([drawn, more])
        # The first occurrences in order of drawing are a uniform draw without
        # replacement; sorted values would tie synapses to neurons of low index.
        _, first = np.unique(drawn, return_index=True)
        drawn = drawn[np.sort(first)]
    return drawn[:n]
