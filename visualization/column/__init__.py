"""Figures of all neurons of a column: rates, tuning, connections."""
