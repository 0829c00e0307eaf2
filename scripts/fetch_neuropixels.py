#!/usr/bin/env python
"""Lists and downloads sessions of Allen Visual Coding Neuropixels.

A session file has 1.7 to 3.2 GB. The same command again continues what broke off, and
leaves complete files alone. --source allensdk asks the warehouse of the Allen Institute
(pip install 'v1model[allen]', Python before 3.12); --source dandi takes the 32 sessions
with natural scenes from the DANDI archive over plain HTTPS and compares their published
checksums. Both fill a folder that AllenSDK reads as its cache. Every file is opened
with our own reader before it counts as there; --convert also writes recordings.
docs/neuropixels.md goes through it.
"""

import dataclasses
import logging
import pathlib
import sys

import pandas as pd

from training.progress import Progress
from v1model import flags
from v1model.neuropixels import dandi
from v1model.neuropixels.catalogue import WITH_SCENES, has_tables, read_catalogue
from v1model.neuropixels.conversion import session_to_recording
from v1model.neuropixels.session import load_session
from v1model.neuropixels.suspects import SUSPECT_SESSIONS
from v1model.neuropixels.unit_filter import UnitFilter
from v1model.neuropixels.warehouse import WAREHOUSE, Warehouse
from v1model.options import option, require, require_positive

logger = logging.getLogger("fetch_neuropixels")


@dataclasses.dataclass(frozen=True)
class FetchConfig:
    """What is fetched, and to where."""

    units: UnitFilter = dataclasses.field(default_factory=UnitFilter)
    source: str = option("allensdk", "Where sessions come from.", ("allensdk", "dandi"))
    list: bool = option(False, "Print the sessions that match, and fetch none.")
    out: str = option("neuropixels", "Folder of the sessions.")
    sessions: tuple[str, ...] = option((), "Ids of sessions, or 'all' that match.")
    session_type: str = option(WITH_SCENES, "Only sessions of this type; empty: any.")
    min_units: int = option(
        0, "Only sessions with so many units that pass; needs the tables of allensdk."
    )
    convert: bool = option(False, "Also write session_ID.h5, the recording.")
    dt_ms: float = option(1.0, "Length of a step of the recording, ms.")
    scenes: bool = option(
        False, "Also fetch the 118 pictures, and keep them in the recordings."
    )
    url: str = option("", "Another server than that of the source.")

    def __post_init__(self):
        require(
            self.min_units >= 0, "min_units", "must not be negative", self.min_units
        )
        require_positive(self, "dt_ms")
        for name in self.sessions:
            is_id = name.isdecimal() or name == "all"
            require(is_id, "sessions", "must be numbers or 'all'", name)
        is_possible = self.source == "allensdk" or not (self.scenes or self.min_units)
        require(is_possible, "source", "must be allensdk for this", self.source)


def main(config):
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        failed = fetch(config)
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"fetch_neuropixels: {error}")
    if failed:
        ids = ",".join(map(str, failed))
        sys.exit(
            f"fetch_neuropixels: failed: {ids}; --sessions {ids} tries them again."
        )


def fetch(config):
    """Lists or downloads what the config asks for; the ids that failed.

    Raises:
        ValueError: A session is unknown, or none is named.
        OSError: The tables cannot be fetched.
        ImportError: AllenSDK is needed and missing.
    """
    source = SOURCES[config.source](config)
    table = matching(source.table(config.units), config)
    if config.list:
        print(listing(table))
        return []
    chosen = choose(table, config)
    templates = None
    if config.scenes:
        templates = source.warehouse.fetch_scenes(Progress("pictures"))
    failed = []
    for number, session_id in enumerate(chosen):
        print(f"session {session_id} ({number + 1} of {len(chosen)})", file=sys.stderr)
        try:
            take(source, session_id, config, templates)
        except (ValueError, OSError) as error:
            # The others can still be had; the exit status says that one failed.
            logger.error("%s", error)
            failed.append(session_id)
    return failed


def take(source, session_id, config, templates):
    """Downloads a session unless it is there, opens it, and converts it if asked.

    Raises:
        ValueError: The file is no session, or another one.
        OSError: It cannot be downloaded.
    """
    path = source.path(session_id)
    if path.exists() and not is_complete(path, session_id):
        damaged = path.with_name(f"{path.name}.damaged")
        path.replace(damaged)
        logger.warning("kept as %s; downloading again", damaged)
    if not path.exists():
        source.download(session_id, path)
        print(file=sys.stderr)
        if not is_complete(path, session_id):
            raise ValueError(f"{path}: what came is not session {session_id}.")
    print(path)
    if config.convert:
        recording = path.with_suffix(".h5")
        session_to_recording(
            load_session(path, config.units),
            recording,
            dt_ms=config.dt_ms,
            templates=templates,
            progress=Progress(f"converting {session_id}"),
        )
        print(recording)


def is_complete(path, session_id):
    """Whether a file is that session, whole; says why not."""
    try:
        found = load_session(path, UnitFilter.keep_all()).session_id
    except ValueError as error:
        logger.warning("%s", error)
        return False
    if found != session_id:
        logger.warning("%s is session %d", path, found)
    return found == session_id


class FromWarehouse:
    """Sessions of the Allen Institute's warehouse."""

    def __init__(self, config):
        self.warehouse = Warehouse(config.out, config.url or WAREHOUSE)

    def table(self, unit_filter):
        self.warehouse.fetch_tables()
        table = read_catalogue(self.warehouse.folder, unit_filter)
        return table.assign(bytes=[_size(self.path(i)) for i in table["id"]])

    def path(self, session_id):
        return self.warehouse.session_path(session_id)

    def download(self, session_id, path):
        self.warehouse.fetch_session(session_id, Progress("downloaded", "MB", 1e-6))


class FromDandi:
    """Sessions of the DANDI archive, in folders like those of the warehouse."""

    def __init__(self, config):
        self.folder = pathlib.Path(config.out)
        self.archive = config.url or dandi.ARCHIVE
        self.assets = {a.session_id: a for a in dandi.list_assets(self.archive)}

    def table(self, unit_filter):
        table = pd.DataFrame(
            {
                "id": list(self.assets),
                "session_type": WITH_SCENES,
                "suspect": [SUSPECT_SESSIONS.get(i, "") for i in self.assets],
                "bytes": [asset.size for asset in self.assets.values()],
            }
        )
        if not has_tables(self.folder):
            return table
        known = read_catalogue(self.folder, unit_filter)
        known = known.drop(columns=["session_type", "suspect"])
        return table.merge(known, on="id", how="left")

    def path(self, session_id):
        name = f"session_{session_id}"
        return self.folder / name / f"{name}.nwb"

    def download(self, session_id, path):
        dandi.download_asset(
            self.assets[session_id],
            path,
            progress=Progress("downloaded", "MB", 1e-6),
            archive=self.archive,
        )


SOURCES = {"allensdk": FromWarehouse, "dandi": FromDandi}


def _size(path):
    return path.stat().st_size if path.exists() else 0


def matching(table, config):
    """The sessions that a config allows, in order of their ids."""
    if config.session_type:
        table = table[table["session_type"] == config.session_type]
    if config.min_units:
        table = table[table["units"] >= config.min_units]
    return table.reset_index(drop=True)


def choose(table, config):
    """The ids to fetch.

    Raises:
        ValueError: None is named, or one is not among those that match.
    """
    if not config.sessions:
        raise ValueError("name --sessions, or --sessions all; --list shows them.")
    if "all" in config.sessions:
        return table["id"].tolist()
    wanted = [int(name) for name in config.sessions]
    unknown = [name for name in wanted if name not in set(table["id"])]
    if unknown:
        raise ValueError(
            f"session {unknown[0]} is not among the {len(table)} that match "
            f"(session_type {config.session_type or 'any'}, at least "
            f"{config.min_units} units); --list shows them."
        )
    return wanted


def listing(table):
    """The sessions as text; a size of 0 is not known."""
    head = f"{'id':>10}  {'session type':22}{'units':>7}{'of':>6}{'GB':>7}  areas"
    lines = [head]
    for row in table.to_dict("records"):
        units, total = (
            "" if pd.isna(n) else f"{n:.0f}"
            for n in (
                row.get("units", float("nan")),
                row.get("all_units", float("nan")),
            )
        )
        size = f"{row['bytes'] / 1e9:.2f}" if row["bytes"] else ""
        note = "  SUSPECT" if row["suspect"] else ""
        areas = row.get("areas", "")
        areas = areas if isinstance(areas, str) else ""
        line = f"{row['id']:>10}  {row['session_type']:22}{units:>7}{total:>6}{size:>7}"
        lines.append(f"{line}  {areas}{note}".rstrip())
    lines.append(f"{len(table)} sessions")
    return "\n".join(lines)


if __name__ == "__main__":
    flags.run(main, FetchConfig)
