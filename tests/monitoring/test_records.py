"""metrics.jsonl: complete lines, and those that count after a resume."""

import json
import threading

import pytest

from v1model.atomic import WriteError
from v1model.monitoring.records import RecordFile, numbers, read_watched


def steps_of(path):
    return [(one["kind"], one["step"]) for one in read_watched(path)]


def write(path, *steps):
    file = RecordFile(path / "metrics.jsonl")
    for step in steps:
        file.add("epoch", step // 10, step, values={"loss": 1 / step})
        file.add("fast", step // 10, step, monitor="weights", seconds=0.1, values={})


def test_records_are_read_as_they_were_written(tmp_path):
    write(tmp_path, 10, 20)
    found = read_watched(tmp_path)
    assert found == read_watched(tmp_path / "metrics.jsonl")
    assert [one["kind"] for one in found] == ["epoch", "fast"] * 2
    assert found[0]["values"] == {"loss": 0.1}
    assert list(found[0])[:4] == ["time", "kind", "epoch", "step"]


def test_a_run_that_is_not_watched_has_no_records(tmp_path):
    assert read_watched(tmp_path) == []
    (tmp_path / "metrics.jsonl").touch()
    write(tmp_path, 10)
    assert steps_of(tmp_path) == [("epoch", 10), ("fast", 10)]


@pytest.mark.parametrize("first", [20, 30, 40])
def test_what_a_resumed_training_does_again_counts_once(tmp_path, first):
    write(tmp_path, 10, 20, 30)
    write(tmp_path, *range(first, 60, 10))
    kept = [step for kind, step in steps_of(tmp_path) if kind == "epoch"]
    assert kept == [10, 20, 30, 40, 50]
    assert ("resumed", first) in steps_of(tmp_path)


@pytest.mark.parametrize("n_bytes", range(1, 60, 7))
def test_a_line_that_was_torn_is_left_out_before_and_after_the_resume(
    tmp_path, n_bytes
):
    write(tmp_path, 10, 20)
    path = tmp_path / "metrics.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-n_bytes])
    assert steps_of(tmp_path) == [("epoch", 10), ("fast", 10), ("epoch", 20)] + (
        [("fast", 20)] if n_bytes == 1 else []
    )
    write(tmp_path, 20, 30)
    epochs = [step for kind, step in steps_of(tmp_path) if kind == "epoch"]
    assert epochs == [10, 20, 30]
    assert steps_of(tmp_path).count(("fast", 20)) == 1
    assert path.read_bytes().startswith(whole[:-n_bytes])  # only ever longer


NO_RECORDS = (
    *("{}", "[]", "3", "not a record", '{"kind": 1}', 100_000 * "["),
    '["kind", "epoch", "step"]',
    '{"kind": "epoch", "epoch": 1, "step": "x"}',
    '{"kind": "epoch", "epoch": null, "step": 1}',
)


@pytest.mark.parametrize("line", NO_RECORDS)
def test_a_line_that_is_no_record_is_named(tmp_path, line):
    write(tmp_path, 10)
    path = tmp_path / "metrics.jsonl"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(ValueError, match="metrics.jsonl: line 3 is no record"):
        read_watched(tmp_path)
    write_more = path.read_text() + json.dumps(
        {"kind": "epoch", "epoch": 2, "step": 20}
    )
    path.write_text(write_more + "\n")
    with pytest.raises(ValueError, match="line 3 is no record"):
        read_watched(tmp_path)


def test_records_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(ValueError, match="metrics.jsonl cannot be read"):
        read_watched(tmp_path)


def test_what_json_cannot_hold_is_null(tmp_path):
    values = {"a": float("nan"), "b": float("inf"), "c": 2, "d": None}
    assert numbers(values) == {"a": None, "b": None, "c": 2.0, "d": None}


def test_a_file_that_cannot_be_written_ends_in_one_line(tmp_path):
    file = RecordFile(tmp_path / "missing" / "metrics.jsonl")
    with pytest.raises(WriteError, match="metrics.jsonl cannot be written: No such"):
        file.add("epoch", 1, 1)


def test_a_full_disk_ends_in_one_line():
    with pytest.raises(WriteError, match="/dev/full cannot be written: No space left"):
        RecordFile("/dev/full").add("epoch", 1, 1)


def test_records_can_be_read_while_they_are_written(tmp_path):
    file = RecordFile(tmp_path / "metrics.jsonl")
    lengths, is_done = [], threading.Event()

    def read():
        while not is_done.is_set():
            lengths.append(len(read_watched(tmp_path)))

    reader = threading.Thread(target=read)
    reader.start()
    for step in range(300):
        file.add("epoch", step, step, values={str(k): k for k in range(50)})
    is_done.set()
    reader.join()
    assert lengths == sorted(lengths)
    assert len(read_watched(tmp_path)) == 300
