"""Norms: gain control within a movie, causal, alone, mixed or set by the stimulus."""

from v1model.cnn.norms.making import make_norm

__all__ = ["make_norm"]
