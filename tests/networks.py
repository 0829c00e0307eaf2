"""A tiny synthetic column that tests share: random, but with every feature."""

import numpy as np

from v1model.lgn.units import LGNUnits
from v1model.network.data import (
    CellTypes,
    InputPopulation,
    Network,
    Synapses,
)

# Population, number of types, depth bounds in um. All layers, all classes.
POPULATIONS = (
    ("i1Htr3a", 1, 50, 100),
    ("e23Cux2", 2, 100, 310),
    ("i23Pvalb", 1, 100, 310),
    ("i23Sst", 1, 100, 310),
    ("i23Htr3a", 1, 100, 310),
    ("e4Scnn1a", 1, 310, 430),
    ("e4Rorb", 2, 310, 430),
    ("i4Pvalb", 1, 310, 430),
    ("e5Rbp4", 2, 430, 650),
    ("e5noRbp4", 1, 430, 650),
    ("i5Pvalb", 1, 430, 650),
    ("i5Sst", 1, 430, 650),
    ("e6Ntsr1", 2, 650, 850),
    ("i6Pvalb", 1, 650, 850),
    ("i6Sst", 1, 650, 850),
)


def small_network(n=60, seed=0, n_inputs=20):
    """A random column of n neurons, the same for the same arguments.

    Two thirds of the neurons are excitatory. Weights have the sign of the source
    cell; receptors follow the classes of both cells; delays are 0.9 to 4.9 ms in
    steps of 0.1; V_reset differs from E_L; the inputs make some neurons spike.

    Args:
        n: Number of neurons; from 19 on, every cell type has one.
        seed: Of all random draws.
        n_inputs: Number of LGN units.
    """
    rng = np.random.default_rng(seed)
    types, depths = _cell_types(rng)
    type_index = _assign_types(types, n, rng)
    radius = 60.0 * np.sqrt(rng.uniform(size=n))
    angle = rng.uniform(0, 2 * np.pi, n)
    is_inhibitory = ~types.is_excitatory[type_index]
    return Network(
        types=types,
        type_index=type_index,
        node_id=np.arange(n, dtype=np.int64),
        x=radius * np.cos(angle),
        y=rng.uniform(*depths[type_index].T),
        z=radius * np.sin(angle),
        tuning_angle=rng.uniform(0, 360, n),
        recurrent=_recurrent(is_inhibitory, rng),
        lgn=_lgn(is_inhibitory, n_inputs, rng),
        background=_background(is_inhibitory, rng),
    )


def _cell_types(rng):
    names, depths = [], []
    for name, n_types, top, bottom in POPULATIONS:
        names += [name] * n_types
        depths += [(top, bottom)] * n_types
    m = len(names)
    e_l = rng.uniform(-82, -66, m)
    types = CellTypes(
        node_type_id=478000000 + rng.permutation(1000)[:m].astype(np.int64),
        pop_name=np.array(names),
        V_th=e_l + rng.uniform(20, 35, m),
        E_L=e_l,
        V_reset=e_l + rng.uniform(-4, 6, m),
        g=rng.uniform(2, 12, m),
        C_m=rng.uniform(50, 150, m),
        t_ref=rng.uniform(1, 6, m),
        asc_amps=rng.uniform((-120, -300), (-1, 250), (m, 2)),
        k=rng.choice([0.003, 0.01, 0.03, 0.1, 0.3], (m, 2)),
        tau_syn=np.tile([5.5, 8.5, 2.8, 5.8], (m, 1)),
    )
    return types, np.array(depths, float)


def _assign_types(types, n, rng):
    every = np.arange(len(types))
    share = np.where(types.is_excitatory, 2 / types.is_excitatory.sum(), 0)
    share += np.where(types.is_excitatory, 0, 1 / (~types.is_excitatory).sum())
    drawn = rng.choice(every, max(n - len(every), 0), p=share / share.sum())
    return rng.permutation(np.concatenate([every[:n], drawn])).astype(np.int32)


def _receptor(is_inhibitory_source, is_inhibitory_target):
    return (is_inhibitory_source + 2 * is_inhibitory_target).astype(np.uint8)


def _delays(size, rng):
    return (rng.integers(9, 50, size) / 10).astype(np.float32)


def _recurrent(is_inhibitory, rng):
    n = len(is_inhibitory)
    post, pre = np.nonzero(rng.uniform(size=(n, n)) < 0.2)
    sign = np.where(is_inhibitory[pre], -1, 1)
    return Synapses(
        post=post,
        pre=pre,
        receptor=_receptor(is_inhibitory[pre], is_inhibitory[post]),
        weight=sign * rng.exponential(30, len(post)),
        delay=_delays(len(post), rng),
    ).sorted()


def _lgn(is_inhibitory, n_inputs, rng):
    post, pre = np.nonzero(rng.uniform(size=(len(is_inhibitory), n_inputs)) < 0.3)
    synapses = Synapses(
        post=post,
        pre=pre,
        receptor=_receptor(np.zeros(len(post), bool), is_inhibitory[post]),
        weight=rng.exponential(60, len(post)),
        delay=np.full(len(post), 1.7),
    )
    return InputPopulation(n_inputs, synapses.sorted(), _units(n_inputs, rng))


def _background(is_inhibitory, rng):
    n = len(is_inhibitory)
    synapses = Synapses(
        post=np.arange(n),
        pre=np.zeros(n),
        receptor=_receptor(np.zeros(n, bool), is_inhibitory),
        weight=rng.uniform(0, 6, n),
        delay=np.ones(n),
    )
    return InputPopulation(1, synapses.sorted())


def _units(n_inputs, rng):
    names = np.array(["sON_TF4", "tOFF_TF8", "sOFF_TF1", "sONsOFF_001"])
    model_id = names[np.arange(n_inputs) % len(names)]
    is_composite = model_id == "sONsOFF_001"

    def bumps(low, high):
        return rng.uniform(low, high, (n_inputs, 2))

    def if_composite(values):
        mask = is_composite if values.ndim == 1 else is_composite[:, None]
        return np.where(mask, values, np.nan)

    return LGNUnits(
        model_id=model_id,
        x=rng.uniform(100, 140, n_inputs),
        y=rng.uniform(50, 70, n_inputs),
        spatial_size=rng.uniform(2, 10, n_inputs),
        kpeaks_dom=bumps((10, 30), (30, 100)),
        weight_dom=bumps((2, -2), (4, -1)),
        delay_dom=bumps((0, 5), (1, 25)),
        kpeaks_non_dom=if_composite(bumps((10, 30), (30, 100))),
        weight_non_dom=if_composite(bumps((2, -2), (4, -1))),
        delay_non_dom=if_composite(bumps((0, 5), (1, 25))),
        tuning_angle=if_composite(rng.uniform(0, 360, n_inputs)),
        sf_sep=if_composite(rng.uniform(3.9, 6.1, n_inputs)),
    )


def columns_equal(first, second):
    """Whether two records hold the same values and NaN, whatever their dtypes."""
    for name in first.__dataclass_fields__:
        a, b = getattr(first, name), getattr(second, name)
        if hasattr(a, "__dataclass_fields__"):
            if b is None or not columns_equal(a, b):
                return False
        elif a is None or b is None:
            if a is not b:
                return False
        elif np.asarray(a).dtype.kind == "f":
            if not np.array_equal(a, b, equal_nan=True):
                return False
        elif not np.array_equal(a, b):
            return False
    return True
