"""Figures of all neurons of a column: rates, tuning, positions, connections."""
