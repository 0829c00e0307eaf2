"""Figures of the latent evolver: how far its predictions reach, and for whom."""
