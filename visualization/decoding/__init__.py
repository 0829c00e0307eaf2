"""Figures of decoding: what was read, when, from how much, in which sessions."""
