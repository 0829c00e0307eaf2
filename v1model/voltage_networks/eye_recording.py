"""The recording of an eye, from options."""

import dataclasses
import pathlib

from v1model.voltage_networks.connectome import load_connectome
from v1model.voltage_networks.eye import draw_eye
from v1model.voltage_networks.movies import segments
from v1model.voltage_networks.simulation import record


def network_of(config):
    """The eye that an EyeConfig names: VoltageNetwork.

    Raises:
        FileNotFoundError, ValueError: See `load_connectome`.
    """
    if not config.connectome:
        return draw_eye(config.extent, config.eye_seed)
    network = load_connectome(config.connectome)
    if config.tau_seed >= 0:
        network = network.with_drawn_tau(config.tau_seed)
    return network.scaled(config.weight_scale, config.bias_shift)


def record_eye(config, progress=None):
    """Simulates an eye and writes its recording; see `simulation.record`.

    Args:
        config: EyeConfig.
        progress: Called with (steps done, steps) now and then.

    Returns:
        The path of the recording.
    """
    network = network_of(config)
    dt_s = config.dt_ms / 1000
    name = pathlib.Path(config.connectome or f"drawn eye {config.eye_seed}").stem
    record(
        config.out,
        network,
        segments(config.stimulus, network.positions, dt_s, config.seed),
        config.steps,
        dt_s=dt_s,
        noise=config.noise,
        seed=config.seed,
        source=f"voltage network: {name}",
        session_id=f"{name} {config.stimulus} {config.seed}",
        metadata={"eye": dataclasses.asdict(config)},
        progress=progress,
    )
    return pathlib.Path(config.out)
