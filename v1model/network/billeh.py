"""The published `GLIF_network` folder: the column of Billeh et al. 2020 on disk."""

from v1model.network.glif_reader import REQUIRED_FILES, read_glif_network
from v1model.network.glif_writer import write_glif_network

__all__ = ["REQUIRED_FILES", "read_glif_network", "write_glif_network"]
