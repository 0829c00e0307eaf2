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

    Bytes are collected in `path`.part and renamed when all have come. Where the
    server cannot continue, or its file has changed, the download starts again.

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
    part, note = _part(path), _read_note(_note(path))
    done = _size(part) if note.get("url") == url else 0
    if not done or done != note["total"]:
        with _open(url, part, done, note.get("version")) as response:
            done, total = _position(response, done)
            if done and total != note["total"]:
                part.unlink()
                raise IncompleteDownloadError("the file on the server has changed")
            if total is not None:
                check_disk(path.parent, total - done + reserve)
            version = _version(response)
            note = {"url": url, "total": total, "version": version}
            write_text(_note(path), json.dumps(note))
            _receive(response, part, done, total, progress)
    part.replace(path)
    _note(path).unlink()


def _open(url, part, done, version):
    request = urllib.request.Request(url, headers={"User-Agent": "v1model"})
    if done:
        request.add_header("Range", f"bytes={done}-")
        if version:
            request.add_header("If-Range", version)
    try:
        return urllib.request.build_opener(_Redirects).open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
            raise IncompleteDownloadError(
                "the file on the server has changed"
            ) from None
        if error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _RefusedError(f"{url}: the server answered {error}.") from error
        raise


class _RefusedError(OSError):
    """The server will not give the file, however often it is asked."""


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


def _version(response):
    """What tells one version of the file from another, or None."""
    tag = response.headers["ETag"]
    # A weak tag does not promise the same bytes.
    if tag and not tag.startswith("W/"):
        return tag
    return response.headers["Last-Modified"]


def _read_note(path):
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}


def _part(path):
    return path.with_name(f"{path.name}.part")


def _note(path):
    return path.with_name(f"{path.name}.part.json")


def _size(path):
    return path.stat().st_size if path.exists() else 0
