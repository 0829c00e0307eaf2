"""What a training takes of the machine: time and memory."""

import pathlib
import resource

from v1model.fitting.memory import peak_memory_gb
from v1model.monitoring.reading import Reading
from v1model.monitoring.registry import monitor

_GB = 1e9
_KEPT = "throughput"  # place of what `throughput` remembers


@monitor("throughput", "fast")
def throughput(subject):
    """Updates per second since the last time, without the time of monitors.

    The first time says nothing: what is compiled then is no measure of the rest.
    """
    now = subject.step, subject.seconds - subject.watched_seconds, subject.seconds
    before = subject.kept.get(_KEPT)
    subject.kept[_KEPT] = now
    if before is None:  # a resumed training has steps that are not of this start
        return Reading({})
    steps, trained, passed = (b - a for a, b in zip(before, now, strict=True))
    if trained <= 0:
        return Reading({})
    found = {"updates_per_s": steps / trained}
    if passed > 0:
        found["watched_share"] = 1 - trained / passed
    return Reading(found)


@monitor("memory", "fast")
def memory(subject):
    """Memory of this process and of its GPUs, now and at most, in GB."""
    found = {"peak_gb": peak_memory_gb()}
    status = pathlib.Path("/proc/self/statm")
    if status.exists():  # Linux
        pages = int(status.read_text().split()[1])
        resident = pages * resource.getpagesize() / _GB
        # The kernel updates the peak later than what is resident.
        found = {"resident_gb": resident, "peak_gb": max(found["peak_gb"], resident)}
    return Reading(found | _gpu_memory())


def _gpu_memory():
    import tensorflow as tf  # large; there already when something is trained

    found = {}
    for k, _ in enumerate(tf.config.list_logical_devices("GPU")):
        used = tf.config.experimental.get_memory_info(f"GPU:{k}")
        found[f"gpu_{k}_gb"] = used["current"] / _GB
        found[f"gpu_{k}_peak_gb"] = used["peak"] / _GB
    return found
