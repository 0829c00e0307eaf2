#!/usr/bin/env python
"""Writes the connectome of a fly's eye, as flyvis bundles it, to a small file.

    python scripts/export_fly.py --extent 2 --out eye.npz

Needs the extra fly (flyvis and PyTorch); nothing is downloaded. The weights, resting
potentials and time constants are those with which flyvis begins, before training.
`v1model.voltage_networks.load_connectome` and `scripts/simulate_eye.py --connectome`
read the file, which needs neither. Extents 2, 3 and 8 make 1,203, 2,345 and 13,741
neurons.
"""

import os
import pathlib
import sys
import tempfile

from absl import app, flags

from v1model.flags import list_under_help
from v1model.voltage_networks import VoltageNetwork, save_connectome

ROOT = "FLYVIS_ROOT_DIR"  # where flyvis keeps what it has built
# Operators that torchvision describes but, built for another PyTorch, does not have.
TORCHVISION_OPERATORS = ("nms", "qnms")


def define_flags(values=flags.FLAGS):
    """Defines the flags of this script."""
    known = set(values)
    flags.DEFINE_integer(
        "extent",
        2,
        "Columns from the middle of the eye to its border.",
        lower_bound=0,
        flag_values=values,
    )
    flags.DEFINE_string("out", "eye.npz", "File to write.", flag_values=values)
    list_under_help(set(values) - known, values)


def main(argv):
    if len(argv) > 1:
        raise app.UsageError(f"unexpected arguments: {argv[1:]}")
    try:
        export(flags.FLAGS)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"error: {error}")


def export(values):
    """Writes the file and says what is in it; returns its path."""
    out = pathlib.Path(values.out)
    if out.suffix != ".npz":
        raise ValueError(f"out must end with .npz, got {out}.")
    with tempfile.TemporaryDirectory() as folder:
        # Otherwise flyvis writes into its own installed package.
        os.environ.setdefault(ROOT, folder)
        network, others = read_flyvis(values.extent)
    save_connectome(network, out, **others)
    print(
        f"{out}: {network.n_neurons:,} neurons of {len(set(network.cell_type))} types, "
        f"{len(network.source):,} connections, {network.n_hexals} hexals"
    )
    return out


def read_flyvis(extent):
    """The untrained network of flyvis.

    Returns:
        VoltageNetwork, and the arrays sign and n_syn (E,) of its connections by name.
    """
    folder = pathlib.Path(import_flyvis().__file__).parent
    from flyvis import Network
    from flyvis.utils.config_utils import get_default_config

    config = get_default_config([], path=str(folder / "config/network/network.yaml"))
    config.connectome.extent = extent
    fly = Network(**config)
    nodes, edges = fly.connectome.nodes, fly.connectome.edges
    parameters = fly._param_api()
    network = VoltageNetwork(
        source=edges.source_index[:],
        target=edges.target_index[:],
        weight=_array(parameters.edges.weight),
        tau_s=_array(parameters.nodes.time_const),
        bias=_array(parameters.nodes.bias),
        cell_type=nodes.type[:].astype(str),
        u=nodes.u[:],
        v=nodes.v[:],
        role=nodes.role[:].astype(str),
    )
    others = {"sign": parameters.edges.sign, "n_syn": parameters.edges.syn_count}
    return network, {name: _array(tensor) for name, tensor in others.items()}


def import_flyvis():
    """The module flyvis.

    flyvis imports torchvision, which stops where it was built for another PyTorch and
    its operators are not there. None of them is needed here, so they are declared.

    Raises:
        ImportError: flyvis is not installed.
    """
    try:
        try:
            import flyvis
        except RuntimeError as error:
            if "torchvision::" not in str(error):
                raise
            import torch

            library = torch.library.Library("torchvision", "DEF")
            for name in TORCHVISION_OPERATORS:
                library.define(
                    f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
                )
            import flyvis
    except ImportError as error:
        raise ImportError(
            f"flyvis is needed ({error}): pip install 'v1model[fly]'."
        ) from error
    return flyvis


def _array(tensor):
    return tensor.detach().cpu().numpy()


if __name__ == "__main__":
    define_flags()
    app.run(main)
