"""Grid files for tests."""

import yaml

from v1model.grids import GridFile


def grid_of(**given):
    """A GridFile of the spiking column with other keys; results_dir is `results`."""
    given = {"room": "column", "results_dir": "results", **given}
    return GridFile.model_validate(given)


def write_grid(folder, **given):
    """Path of the file of such a grid; results go below the folder."""
    given = {"room": "column", "results_dir": str(folder / "results"), **given}
    path = folder / "grid.yaml"
    path.write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
    return path
