"""The sequence engine: the column's time loop, forwards and backwards."""
