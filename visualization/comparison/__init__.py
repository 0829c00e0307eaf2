"""Comparisons of runs as a page, and for TensorBoard."""
