"""Comparisons of runs: which options differ, who predicts better, and at what cost."""
