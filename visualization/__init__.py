"""Figures: arrays and records in, matplotlib figures out."""
