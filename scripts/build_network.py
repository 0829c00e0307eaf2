"""Builds the column from published tables; installed as v1-build-network."""

from training.build_network import cli

if __name__ == "__main__":
    cli()
