"""Convolutional models of recorded neurons: one shared core, a read-out per recording.

The model family of VisionCore (Yates lab) as Keras layers in causal order. Movies go in
from the oldest frame to the newest, rates come out, one per bin: spikes per bin of
1 / fs seconds. Shapes: B segments, T bins, H rows, W columns, C channels, V behaviour
variables, N neurons of a recording. Arrays are channels-last: (B, T, H, W, C).
"""
