"""Where things of a run lie."""

CHECKPOINTS = "checkpoints"


def folder_of_run(path):
    """The folder of a run, of it or of one of its checkpoints."""
    return path.parents[1] if path.parent.name == CHECKPOINTS else path
