"""The table of results, also under several writers."""

import dataclasses
import multiprocessing

import pytest

from v1model.decoders.results import FAILED, Row, add_result, read_results


def row(session="715093703", decoder="lstm", seed=0, accuracy=0.5, **rest):
    numbers = {
        name: 0.5 for name in ("accuracy_low", "accuracy_high", "chance", "balanced")
    }
    numbers |= {"chance_uniform": 0.25, "accuracy": accuracy, "units": 7}
    base = Row(session, decoder, "stratified", 0, seed, False)
    return dataclasses.replace(base, **(numbers | rest))


def test_rows_come_back_as_they_were(tmp_path):
    path = tmp_path / "new" / "results.csv"
    failed = Row("b", "svm", "block", 3, 1, True, FAILED, 'a "reason", with comma')
    for one in (row(top5=None), failed):
        add_result(path, one)
    assert read_results(path) == [row(top5=None), failed]


def test_a_row_replaces_the_one_with_its_key_only(tmp_path):
    path = tmp_path / "results.csv"
    named = row(seed=1, run_name="ten_bins")
    for one in (row(seed=1), named, row(seed=0), row(seed=1, accuracy=0.75)):
        add_result(path, one)
    assert read_results(path) == [row(seed=0), row(seed=1, accuracy=0.75), named]


def _write(path, writer, n):
    for number in range(n):
        add_result(path, row(session=f"{writer}", seed=number))


def test_writers_at_the_same_time_lose_nothing(tmp_path):
    path = tmp_path / "results.csv"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(path, w, 15)) for w in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            read_results(path)  # always a whole table
    assert all(writer.exitcode == 0 for writer in writers)
    assert len(read_results(path)) == 4 * 15


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("accuracy_low", "lower"), "the columns must be"),
        (lambda text: text.replace("0.5", "half", 1), "line 2, column .* 'half'"),
        (lambda text: text.replace(",no,", ",maybe,"), "shuffled cannot be 'maybe'"),
    ],
)
def test_a_table_that_was_changed_is_refused(tmp_path, change, message):
    path = tmp_path / "results.csv"
    add_result(path, row())
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=message):
        read_results(path)


def test_at_chance_is_said_of_finished_rows_only():
    assert row(accuracy_low=0.2, chance=0.25).is_at_chance
    assert not row(accuracy_low=0.3, chance=0.25).is_at_chance
    assert not Row("b", "svm", "block", 0, 0, False, FAILED, "why").is_at_chance
