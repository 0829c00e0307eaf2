"""Networks of neurons without spikes: eyes whose connections are known.

A connectome that was exported (`load_connectome`) or a made-up one (`draw_eye`) sees a
movie of luminance per hexal (`movies`) and becomes a recording (`record_eye`).
"""

from v1model.voltage_networks.config import EyeConfig
from v1model.voltage_networks.connectome import load_connectome, save_connectome
from v1model.voltage_networks.eye import draw_eye
from v1model.voltage_networks.eye_recording import network_of, record_eye
from v1model.voltage_networks.network import VoltageNetwork
from v1model.voltage_networks.simulation import Simulator, record, settled

__all__ = [
    "EyeConfig",
    "Simulator",
    "VoltageNetwork",
    "draw_eye",
    "load_connectome",
    "network_of",
    "record",
    "record_eye",
    "save_connectome",
    "settled",
]
