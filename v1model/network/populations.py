"""Which population and layer the neurons belong to.

A population name says it all: class (e or i), layer, line, as in "i23Pvalb".
"""

import numpy as np

LAYERS = ("1", "2/3", "4", "5", "6")
_LAYER_OF_DIGIT = {"1": "1", "2": "2/3", "3": "2/3", "4": "4", "5": "5", "6": "6"}

# The populations of Billeh et al. 2020 with the lines of one layer merged, from the
# pia down; excitatory, Pvalb, Sst, Htr3a within a layer.
ROUGH_POPULATIONS = (
    "i1Htr3a",
    *("e23", "i23Pvalb", "i23Sst", "i23Htr3a"),
    *("e4", "i4Pvalb", "i4Sst", "i4Htr3a"),
    *("e5", "i5Pvalb", "i5Sst", "i5Htr3a"),
    *("e6", "i6Pvalb", "i6Sst", "i6Htr3a"),
)


def layer_of(pop_names):
    """Layer of each name, (N,) str: one of LAYERS.

    Raises:
        ValueError: A name has no layer of the cortex as its second character.
    """
    return _map_names(pop_names, lambda name: _LAYER_OF_DIGIT.get(name[1:2]), "layer")


def rough_population(pop_names):
    """Merges the lines of a layer: "e4Rorb" is "e4". (N,) str of ROUGH_POPULATIONS.

    Raises:
        ValueError: A name begins with none of the 17.
    """

    def rough(name):
        found = (p for p in ROUGH_POPULATIONS if name.startswith(p))
        return next(found, None)

    return _map_names(pop_names, rough, "one of the 17 populations")


def rough_index(network):
    """The 17 names, and for each neuron the position of its own, (N,) int."""
    rough = rough_population(network.types.pop_name)
    position = np.array([ROUGH_POPULATIONS.index(name) for name in rough])
    return ROUGH_POPULATIONS, position[network.type_index]


def laminar_indices(network):
    """Neurons of each layer and class, increasing.

    Keys are L1e, L1i, L23e, L23i, L4e, ... L6i. L2 is the half of layer 2/3, both
    classes counted together, that lies nearer to the pia; L3 is the other half.

    Returns:
        dict of str to (n,) int.
    """
    layer = layer_of(network.types.pop_name)[network.type_index]
    is_excitatory = network.is_excitatory
    members = {name.replace("/", ""): layer == name for name in LAYERS}
    upper, lower = _halves(np.flatnonzero(members["23"]), network.y)
    for name, neurons in (("2", upper), ("3", lower)):
        members[name] = np.zeros(network.n_neurons, bool)
        members[name][neurons] = True
    indices = {}
    for name, is_member in members.items():
        indices[f"L{name}e"] = np.flatnonzero(is_member & is_excitatory)
        indices[f"L{name}i"] = np.flatnonzero(is_member & ~is_excitatory)
    return indices


def neurons_named(network, names, pools):
    """Neurons of a linear readout, increasing, (M,) int.

    Args:
        network: Network.
        names: Populations as `laminar_indices` names them, or without e or i for both
            classes (L4); "all"; "pools" for the neurons of the pools. With a minus in
            front they are left out, of all if nothing else is named.
        pools: Neurons of each readout pool, (K, P).

    Raises:
        ValueError: A name is unknown, or no neuron is left.
    """
    members = {"all": np.arange(network.n_neurons), "pools": np.ravel(pools)}
    for name, neurons in laminar_indices(network).items():
        members[name] = neurons
        members[name[:-1]] = np.union1d(members.get(name[:-1], neurons), neurons)
    unknown = [name for name in names if name.removeprefix("-") not in members]
    if unknown:
        raise ValueError(
            f"linear_from names {', '.join(unknown)}; choose from {', '.join(members)}."
        )
    is_read = np.full(network.n_neurons, all(name[:1] == "-" for name in names))
    for name in sorted(names, key=lambda name: name.startswith("-")):
        is_read[members[name.removeprefix("-")]] = not name.startswith("-")
    if not is_read.any():
        raise ValueError(f"linear_from {','.join(names)} leaves no neuron.")
    return np.flatnonzero(is_read)


def _map_names(pop_names, function, what):
    names, inverse = np.unique(np.asarray(pop_names, str), return_inverse=True)
    mapped = [function(str(name)) for name in names]
    if None in mapped:
        name = names[mapped.index(None)]
        raise ValueError(f"pop_name '{name}' does not begin with {what} (as 'e4Rorb').")
    return np.array(mapped)[inverse]


def _halves(neurons, y):
    """Splits neurons at the middle of their order of depth: upper, lower."""
    by_depth = neurons[np.argsort(y[neurons], kind="stable")]
    half = len(by_depth) // 2
    return by_depth[:half], by_depth[half:]
