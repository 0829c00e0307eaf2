"""Training programs: one file per experiment."""
