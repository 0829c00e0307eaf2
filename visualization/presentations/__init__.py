"""Figures of binned spikes: what units answer to, how much and how reliably."""
