"""Downloads of large files that may be interrupted and taken up again."""

import http.client
import json
import logging
import pathlib
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request

from v1model.atomic import write_text

BLOCK = 1 << 20
TIMEOUT = 60  # s without a byte
ATTEMPTS = 5
PAUSE = 2.0  # s before the second attempt, doubled for each one after
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

logger = logging.getLogger(__name__)


class IncompleteDownloadError(OSError):
    """The connection ended early; what came is kept and can be resumed."""


def download(url, path, *, progress=None, attempts=ATTEMPTS, pause=PAUSE, reserve=0):
    """Downloads a file, resuming what an earlier call left behind.

    Bytes are collected in `path`.part and renamed when all have come. A partial
    file is continued only if the server says that its file is still the same one;
    where the server cannot continue, the download starts again.

    Args:
        url: https, or http of this machine.
        path: Where to. A complete file there is left alone.
        progress: Called as `progress(done, total)` with bytes; the total may be
            None.
        attempts: How often a broken connection is tried.
        pause: Time before the second attempt, s; doubled for each further one.
        reserve: Bytes that must stay free on the disk beyond the file itself.

    Raises:
        ValueError: The url, or one that it redirects to, is not encrypted.
        IncompleteDownloadError: The file broke off in every attempt.
        OSError: The server refuses, or the disk has too little room.
    """
    path = pathlib.Path(path)
    check_encrypted(url)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(attempts):
        try:
            _attempt(url, path, progress, reserve)
        except urllib.error.HTTPError as error:
            raise OSError(f"{url}: the server answered {error}.") from error
        except _BROKEN as error:
            if attempt + 1 == attempts:
                done = _size(_part(path))
                raise IncompleteDownloadError(
                    f"{url}: {error}. {done} bytes are kept in {_part(path)}; "
                    "run the same command again to continue."
                ) from error
            logger.warning("%s; trying again", error)
            time.sleep(pause * 2**attempt)
        else:
            return


_BROKEN = (
    IncompleteDownloadError,
    http.client.HTTPException,
    urllib.error.URLError,
    ConnectionError,
    TimeoutError,
)


def check_encrypted(url):
    """Raises ValueError unless the url is https, or http of this machine."""
    parts = urllib.parse.urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
    if parts.scheme != "https" and not is_local:
        raise ValueError(f"refused to download {url}: only https is allowed.")


def check_disk(folder, needed):
    """Raises OSError unless `needed` bytes are free in `folder`."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(
            f"{folder}: {free / 1e9:.2f} GB are free, {needed / 1e9:.2f} GB are needed."
        )


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, stream, code, message, headers, url):
        check_encrypted(url)
        return super().redirect_request(request, stream, code, message, headers, url)


def _attempt(url, path, progress, reserve):
    part, note = _part(path), _note(path)
    done, version = _size(part), _read_note(note)
    request = urllib.request.Request(url, headers={"User-Agent": "v1model"})
    if done and version:
        request.add_header("Range", f"bytes={done}-")
        request.add_header("If-Range", version)
    else:
        done = 0
    try:
        response = urllib.request.build_opener(_Redirects).open(
            request, timeout=TIMEOUT
        )
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        # The part is as long as the file or longer; start again to be sure.
        part.unlink()
        raise IncompleteDownloadError(f"{url}: could not be continued") from error
    with response:
        done, total = _position(response, done)
        if total is not None:
            check_disk(path.parent, total - done + reserve)
        _write_note(note, response)
        _receive(response, part, done, total, progress)
    part.replace(path)
    note.unlink(missing_ok=True)


def _position(response, done):
    """Where the response begins, and how long the whole file is or None."""
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        span, _, total = response.headers["Content-Range"].partition("/")
        start = int(span.removeprefix("bytes ").partition("-")[0])
        if start != done:
            raise IncompleteDownloadError(f"asked from byte {done}, got {start}")
        return start, int(total) if total != "*" else None
    length = response.headers["Content-Length"]
    return 0, None if length is None else int(length)


def _receive(response, part, done, total, progress):
    with part.open("ab" if done else "wb") as file:
        while block := response.read(BLOCK):
            file.write(block)
            done += len(block)
            if progress is not None:
                progress(done, total)
    if total is not None and done != total:
        raise IncompleteDownloadError(f"the file broke off at {done} of {total} bytes")


def _write_note(note, response):
    # A weak ETag does not promise the same bytes.
    version = response.headers["ETag"] or response.headers["Last-Modified"]
    if version and not version.startswith("W/"):
        write_text(note, json.dumps(version))
    else:
        note.unlink(missing_ok=True)


def _read_note(note):
    return json.loads(note.read_text()) if note.exists() else None


def _part(path):
    return path.with_name(f"{path.name}.part")


def _note(path):
    return path.with_name(f"{path.name}.part.json")


def _size(path):
    return path.stat().st_size if path.exists() else 0
