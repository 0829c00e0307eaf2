"""Cores: the convolutions that all recordings share."""
