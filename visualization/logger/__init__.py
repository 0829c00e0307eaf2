"""Figures, scalars and files of a network while it trains."""
