"""The runs of a grid, each with a configuration that was checked before any starts."""

import pathlib
import re
import sys
from typing import NamedTuple

import pydantic

from training.grid_rooms import GRID_ROOMS, Resolved
from v1model.file_lock import file_lock
from v1model.grids import Point, canonical, points_of, run_names, subsets_of
from v1model.grids.grid_file import UNITS
from v1model.rooms import ROOMS
from v1model.yaml_settings import reason_of

SIMULATED = "simulated"  # folder of recordings of known neurons, below the results


class PlannedRun(NamedTuple):
    """A run of a grid.

    number: From 1 on, in the order of the grid.
    point: Point.  identity: Hash of what it is made of.
    """

    number: int
    name: str
    identity: str
    point: Point
    resolved: Resolved

    def command(self, grid, name=None):
        """The command that starts or resumes it, a list of words.

        Args:
            grid: GridFile.
            name: Of its folder, where it has one from before.
        """
        room = GRID_ROOMS[grid.room]
        place = room.place(grid.results_dir, name or self.name)
        program = ROOMS[grid.room].program
        return [sys.executable, "-m", program, *place, *self.resolved.words]


def planned_runs(grid, path):
    """All runs of a grid, a PlannedRun list.

    Nothing is written, unless neurons of recordings are asked for that have to be
    simulated first.

    Args:
        grid: GridFile.
        path: Of its file, for errors.

    Raises:
        FileNotFoundError: A recording or the settings do not exist.
        ValueError: An option is wrong, or two runs would be the same; names the grid
            file, the axis and the value.
    """
    room = GRID_ROOMS[grid.room]
    try:
        _require_place(grid)
        digests = digests_of(grid)
        if grid.recordings.subset == UNITS:
            _require_units(grid, room)
            simulate_missing(grid)
        points = points_of(grid, subsets_of(grid.recordings, digests))
        _require_own_seeds(grid, room, points)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    runs, owners = [], {}
    for number, point in enumerate(points, start=1):
        resolved = _resolved(grid, room, point, digests, path)
        text = resolved.text(grid.room)
        if text in owners:
            raise ValueError(
                f"{path}: two runs would be the same: {words_of(owners[text])}; and "
                f"{words_of(point)}."
            )
        owners[text] = point
        identity = run_names.run_id(text)
        label = run_names.label_of(point, len(grid.seeds))
        name = run_names.run_name(label, identity)
        runs.append(PlannedRun(number, name, identity, point, resolved))
    try:
        baseline_of(grid, runs)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return runs


def baseline_of(grid, runs):
    """The first run of the variant that others are compared with; None if not told.

    Raises:
        ValueError: No run has the values that `compare.against` names.
    """
    if grid.compare is None or not grid.compare.against:
        return None
    wanted = {
        axis: run_names.text_of(value) for axis, value in grid.compare.against.items()
    }
    for run in runs:
        if wanted.items() <= cells_of(run.point).items():
            return run
    raise ValueError(
        f"compare.against must name values of axes, as {words_of(runs[0].point)}; got "
        f"{wanted}."
    )


def words_of(point):
    """A point in words: "gauss_std=0.28, seed 1"."""
    words = [f"{axis}={value}" for axis, value in cells_of(point).items()]
    return ", ".join(words)


def cells_of(point):
    """A point as the cells of a table, by column: axes, recordings, unit and seed."""
    cells = {level.axis: run_names.text_of(level.value) for level in point.levels}
    if point.subset.label:
        cells["recordings"] = point.subset.label
    return cells | {"seed": point.seed}


def digests_of(grid):
    """What decides the content of each recording, texts by path.

    Of known neurons that is how they are simulated: they need not be there.

    Raises:
        FileNotFoundError: A file does not exist.
        ValueError: An option of the simulation is wrong.
    """
    found = {}
    for file in grid.recordings.files:
        path = pathlib.Path(file).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f"recordings.files: {file} does not exist.")
        found[str(path)] = run_names.file_digest(path)
    return found | {
        path: f"known neurons {canonical('', config.model_dump(mode='json'), {})}"
        for path, config in _simulations(grid).items()
    }


def simulate_missing(grid):
    """Simulates the recordings of known neurons that are not there yet."""
    for path, config in _simulations(grid).items():
        place = pathlib.Path(path)
        if place.exists():
            continue
        from v1model.known_v1 import simulate

        place.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(place.with_name(f".{place.stem}.lock")):  # of two grids one does
            if not place.exists():
                simulate(place, config)


def _simulations(grid):
    """KnownV1Config by path."""
    if not grid.recordings.simulate:
        return {}
    from v1model.known_v1 import KnownV1Config  # brings SciPy and scikit-image

    folder = pathlib.Path(grid.results_dir).expanduser() / SIMULATED
    found = {}
    for seed in range(1, grid.recordings.simulate + 1):
        options = {**grid.recordings.simulation, "seed": seed}
        try:
            config = KnownV1Config.model_validate(options)
        except pydantic.ValidationError as error:
            reason = reason_of(error, KnownV1Config, None, {})
            raise ValueError(f"recordings.simulation: {reason}") from None
        short = run_names.run_id(canonical("", config.model_dump(mode="json"), {}))
        found[str(folder / f"known_{seed}_{short}.h5")] = config
    return found


def _require_place(grid):
    name = pathlib.PurePath(grid.results_dir).name
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ValueError(
            f"results_dir must end with a plain name, got {grid.results_dir!r}."
        )


def _require_units(grid, room):
    if room.units is None:
        raise ValueError(
            f"recordings.subset {UNITS} is of rooms that keep some neurons alone; "
            f"{grid.room} needs all of them."
        )


def _require_own_seeds(grid, room, points):
    """Refuses options that `seeds` and `recordings` give."""
    given = {"seeds": room.seed, "recordings": room.recording}
    if grid.recordings.subset == UNITS:
        given["recordings.subset units"] = room.units
    for point in points:
        options = point.options(grid.options)
        for key, name in given.items():
            if name in options:
                raise ValueError(f"{name} is given by {key} of the grid; leave it out.")


def _resolved(grid, room, point, digests, path):
    """The Resolved of a point; an error says which axis and value are to blame."""

    def resolve(options):
        options = {**options, room.seed: point.seed}
        return room.resolve(grid.settings, options, point.subset, digests)

    try:
        return resolve(point.options(grid.options))
    except (ValueError, FileNotFoundError) as error:
        reason = str(error)
    place = _blamed(grid, point, resolve, reason)
    raise ValueError(f"{path}: {place}: {reason.removeprefix('--')}")


def _blamed(grid, point, resolve, reason):
    """Where in the grid file a wrong option stands, in words."""
    tries = [("options" if grid.options else "settings", dict(grid.options))]
    tries += [
        (
            f"axes, {level.axis}: {run_names.text_of(level.value)}",
            {**grid.options, **level.options},
        )
        for level in point.levels
    ]
    for place, options in tries:
        try:
            resolve(options)
        except (ValueError, FileNotFoundError) as error:
            if str(error) == reason:
                return place
    return words_of(point)
