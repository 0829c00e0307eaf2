"""Figures of the read-out models."""
