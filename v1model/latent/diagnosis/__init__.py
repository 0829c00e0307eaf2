"""Judging a latent model: long rollouts against the truth and against simple baselines.

A model is anything with `encode`, `encode_stimulus`, `evolve` and `decode`, as
`LatentModel` has them; the baselines of this folder are such models too.
"""
