"""Comparisons of runs: figures, a page that needs nothing else, and TensorBoard."""
