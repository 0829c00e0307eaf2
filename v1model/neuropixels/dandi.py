"""Session files from the DANDI archive: plain HTTPS, no AllenSDK, published checksums.

Dandiset 000021 holds the 32 sessions of the type brain_observatory_1.1. Its files have
no table of units beside them; quality is known once a file is here.
"""

import hashlib
import re
import urllib.parse
from typing import NamedTuple

from v1model.network.download import download
from v1model.neuropixels.web import read_json

ARCHIVE = "https://api.dandiarchive.org/api"
DANDISET = "000021"
VERSION = "draft"  # there is no published one
PAGE = 1000  # assets listed at a time
_SESSION = re.compile(r"sub-(\d+)/sub-\d+_ses-(\d+)\.nwb")
_BLOCK = 1 << 22


class Asset(NamedTuple):
    """A session file of the archive; `size` in bytes."""

    session_id: int
    specimen_id: int
    size: int
    asset_id: str


def list_assets(archive=ARCHIVE):
    """The session files of the dandiset, Assets by session.

    Raises:
        OSError: The archive does not answer.
    """
    url = f"{archive}/dandisets/{DANDISET}/versions/{VERSION}/assets/?page_size={PAGE}"
    found = []
    while url:
        page = read_json(url)
        for row in page["results"]:
            name = _SESSION.fullmatch(row["path"])
            if name:
                specimen, session = map(int, name.groups())
                found.append(
                    Asset(session, specimen, int(row["size"]), row["asset_id"])
                )
        url = page["next"]
    return sorted(found)


def download_asset(asset, path, *, progress=None, archive=ARCHIVE):
    """Downloads a session file, and compares it with its published SHA-256.

    Args:
        asset: Asset.
        path: Where to; a broken download is continued.
        progress: As `v1model.network.download.download` takes it.

    Raises:
        OSError: The archive does not answer, the download broke off, or the checksum
            is another one; then the file is kept as PATH.damaged.
    """
    place = f"{archive}/assets/{urllib.parse.quote(asset.asset_id)}/"
    expected = read_json(place)["digest"]["dandi:sha2-256"]
    download(f"{place}download/", path, progress=progress)
    found = sha256(path)
    if found != expected:
        damaged = path.with_name(f"{path.name}.damaged")
        path.replace(damaged)
        raise OSError(
            f"{damaged}: its SHA-256 is {found}, but {expected} is published; "
            "run the same command again."
        )


def sha256(path):
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
