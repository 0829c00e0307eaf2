"""Decoders: which picture was on the screen, from binned spikes."""
