"""Hold: the right of one process to train a run, which ends when the process does.

    .lock         locked by the system for the process that trains; says which it is
    .heartbeat    instead, where the file system takes no locks: touched while it trains

The system frees a lock when its holder dies, however it dies. Some network file systems
refuse locks; there the holder touches a file every BEAT_S seconds, and is taken for
dead when it was not for SILENCE_S, or when its process is gone from this machine. File
systems that lock for one machine only (Lustre with localflock) keep two machines apart
no more than that.
"""

import contextlib
import errno
import fcntl
import json
import logging
import os
import pathlib
import platform
import threading
import time
import weakref

LOCK, HEARTBEAT = ".lock", ".heartbeat"
BEAT_S, SILENCE_S = 20.0, 100.0
_PATIENCE_S = 0.5  # for those who only look whether it is locked
_REFUSALS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}

logger = logging.getLogger(__name__)


class RunInUse(ValueError):
    """Another process trains the run; the message is one line for the user."""


class Hold:
    """What keeps others from a run folder, until `release` or the end of the process.

    Made by `take`; one that nobody refers to any more is released, too.

    Args:
        let_go: Function that frees the folder.
        forget: Function that closes what a child of the process has of it.
    """

    def __init__(self, let_go, forget):
        self._end = weakref.finalize(self, let_go)
        self._forget = forget

    def release(self):
        """Lets others have the run; a second time does nothing."""
        self._end()

    @property
    def is_held(self):
        """Whether it was not released."""
        return self._end.alive

    def forget(self):
        """In a child of the process: leaves the run to the parent."""
        if self._end.detach():
            self._forget()


_HOLDS = weakref.WeakValueDictionary()  # of this process, by path of the folder


def take(folder):
    """The Hold of a run folder; a process that has it already shares it.

    Raises:
        RunInUse: Another process has it.
        OSError: The folder cannot be written.
    """
    folder = pathlib.Path(folder).resolve()
    held = _HOLDS.get(folder)
    if held is not None and held.is_held:
        return held
    _leave_to_parents()
    _require_silence(folder / HEARTBEAT)
    try:
        hold = _lock(folder)
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        logger.warning(
            "%s is on a file system without locks (%s): the run is guarded by %s, "
            "which is touched every %.0f s.",
            folder,
            error.strerror,
            HEARTBEAT,
            BEAT_S,
        )
        hold = _heartbeat(folder)
    _HOLDS[folder] = hold
    return hold


def is_held(folder):
    """Whether a process trains the run: True, False, or None if nobody can tell.

    Neither takes the run nor writes anything.
    """
    folder = pathlib.Path(folder)
    if _beats(folder / HEARTBEAT):
        return True
    silent = False if (folder / HEARTBEAT).exists() else None
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return silent
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return silent
    finally:
        os.close(handle)
    return False


def holder_of(folder):
    """pid and host of who trains the run, as far as that is written, or {}."""
    folder = pathlib.Path(folder)
    beats = folder / HEARTBEAT
    return _holder(beats if beats.exists() else folder / LOCK)


def is_alive(pid):
    """Whether this machine has a process of that number."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # no process has so large a number
        return False
    except PermissionError:
        return True
    return True


def _lock(folder):
    path = folder / LOCK
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who cleans up may have removed the file that is locked now.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), path.stat()):
                    break
        except BlockingIOError:
            if time.monotonic() > give_up:
                os.close(handle)
                raise _in_use(path) from None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        time.sleep(0.02)
    os.ftruncate(handle, 0)
    os.pwrite(handle, _self(), 0)
    return Hold(lambda: os.close(handle), lambda: os.close(handle))


def _heartbeat(folder):
    path = folder / HEARTBEAT
    while True:
        with contextlib.suppress(FileExistsError), path.open("xb") as file:
            file.write(_self())
            break
        _require_silence(path)
        _put_aside(path)
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(path, over), daemon=True)
    thread.start()

    def let_go():
        over.set()
        path.unlink(missing_ok=True)

    return Hold(let_go, lambda: None)  # a child has no thread


def _require_silence(path):
    """Raises RunInUse if the holder of a heartbeat is another process that lives."""
    if _beats(path) and _holder(path) != json.loads(_self()):
        raise _in_use(path)


def _put_aside(path):
    """Removes a silent heartbeat, unless another process was faster with its own."""
    aside = path.with_name(f"{path.name}.{platform.node()}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        path.rename(aside)
        if _beats(aside) and _holder(aside) != json.loads(_self()):
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()


def _beat(path, over):
    while not over.wait(BEAT_S):
        try:
            os.utime(path)
        except OSError as error:
            logger.warning("%s cannot be touched: %s.", path, error)


def _beats(path):
    """Whether the holder of a heartbeat lives, as far as one can see from here."""
    try:
        age_s = time.time() - path.stat().st_mtime
    except OSError:
        return False
    holder = _holder(path)
    is_here, pid = holder.get("host") == platform.node(), holder.get("pid")
    if is_here and isinstance(pid, int) and not is_alive(pid):
        return False
    return age_s < SILENCE_S


def _self():
    return json.dumps({"pid": os.getpid(), "host": platform.node()}).encode()


def _holder(path):
    """What a holder says of itself, a dict; empty if that is not to be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _in_use(path):
    give_up = time.monotonic() + _PATIENCE_S
    while not (holder := _holder(path)) and time.monotonic() < give_up:
        time.sleep(0.02)  # the holder is about to say who it is
    pid, host = holder.get("pid", "unknown"), holder.get("host", "another host")
    return RunInUse(f"{path.parent} is being trained by process {pid} on {host}.")


_FORKS = []  # whether children are told already


def _leave_to_parents():
    """Has children of this process close what they inherit of its holds.

    Otherwise one that outlives its parent would keep the run locked.
    """
    if not _FORKS:
        os.register_at_fork(after_in_child=_forget_all)
        _FORKS.append(True)


def _forget_all():
    for hold in list(_HOLDS.values()):
        hold.forget()
    _HOLDS.clear()
