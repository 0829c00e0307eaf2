"""What spikes that are known beforehand cause: currents, the same in any simulator."""

import numpy as np
import scipy.sparse

from v1model.network.data import N_RECEPTORS


def arriving_currents(synapses, counts, n_neurons, steps, delays=None):
    """Weighted spikes that arrive in some steps, (t, N * R) float64, pA.

    A spike of step s arrives in step s + delay.

    Args:
        synapses: Synapses; `pre` is a column of `counts`.
        counts: Spikes of each source in each step, (T, sources).
        n_neurons: N.
        steps: A range of steps, of length t.
        delays: Delay of each synapse in steps, (S,); None is 0 for all, as input
            synapses have it.
    """
    if delays is None:
        delays = np.zeros(len(synapses), np.int32)
    target = synapses.post.astype(np.int64) * N_RECEPTORS + synapses.receptor
    shape = (counts.shape[1], n_neurons * N_RECEPTORS)
    total = np.zeros((len(steps), shape[1]))
    for delay in np.unique(delays):
        chosen = delays == delay
        weight = synapses.weight[chosen].astype(np.float64)
        place = (synapses.pre[chosen], target[chosen])
        matrix = scipy.sparse.csr_matrix((weight, place), shape)
        fired = scipy.sparse.csr_matrix(_shifted(counts, steps, delay))
        total += (fired @ matrix).toarray()
    return total


def _shifted(counts, steps, delay):
    """The counts `delay` steps before each of `steps`; none before step 0."""
    first, last = max(steps.start - delay, 0), max(steps.stop - delay, 0)
    known = np.asarray(counts[first:last], np.float64)
    missing = np.zeros((len(steps) - len(known), counts.shape[1]))
    return np.concatenate([missing, known])
