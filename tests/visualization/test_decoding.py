"""Figures of decoding, and the summary over sessions."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.programs import load_script
from tests.visualization.texts import assert_texts_are_apart, words_of
from v1model.decoders.config import DECODERS
from v1model.decoders.over_time import Section
from v1model.decoders.results import FAILED, Row, add_result
from visualization.decoding.confusion import confusion_figure
from visualization.decoding.k_shot import k_shot_figure, mean_and_interval
from visualization.decoding.labels import COLOURS, NAMES, apart
from visualization.decoding.over_time import over_time_figure
from visualization.decoding.summary import SessionMark, marks_of, summary_figure
from visualization.style import without_middle


def row(session="1", decoder="lstm", k=0, seed=0, shuffled=False, accuracy=0.8):
    return dataclasses.replace(
        Row(session, decoder, "stratified", k, seed, shuffled),
        accuracy=accuracy,
        accuracy_low=accuracy - 0.05,
        accuracy_high=accuracy + 0.05,
        chance=0.1,
        chance_uniform=0.1,
        n_train=300,
        classes=10,
    )


def failed(session, decoder="lstm"):
    return Row(session, decoder, "stratified", 0, 0, False, FAILED, "no spikes in it")


def test_every_decoder_has_a_name_and_a_colour_of_its_own():
    assert list(COLOURS) == list(NAMES) == list(DECODERS)
    assert len({*COLOURS.values()}) == len(COLOURS)


@given(
    heights=st.lists(st.floats(0, 1), min_size=1, max_size=9), gap=st.floats(0.01, 0.2)
)
def test_labels_are_apart_and_move_no_more_than_they_must(heights, gap):
    heights = sorted(heights)
    found = np.array(apart(heights, gap))
    assert (np.diff(found) >= gap - 1e-9).all()
    assert found.mean() == pytest.approx(np.mean(heights))
    if (np.diff(heights) >= gap).all():
        np.testing.assert_allclose(found, heights, atol=1e-9)


@pytest.mark.parametrize("k", [3, 119])
def test_a_confusion_matrix_is_sorted_by_how_well_classes_are_read(k):
    rng = np.random.default_rng(0)
    matrix = np.diag(rng.integers(1, 10, k))
    matrix[0, 1] = 11
    figure = confusion_figure(matrix, np.arange(k) - 1)
    drawn = np.asarray(figure.axes[0].images[0].get_array().filled(0))
    right = np.diag(drawn)
    assert (np.diff(right) <= 0).all()
    assert drawn.sum() == pytest.approx(k)  # rows are shares
    words = words_of(figure)
    assert f"-1 read as 0: 11 of {matrix[0].sum()}" in words
    share = 100 * np.trace(matrix) / matrix.sum()
    assert any(f"{share:.1f} %" in text for text in words)
    assert_texts_are_apart(figure)


def test_nothing_or_other_classes_cannot_be_confused():
    with pytest.raises(ValueError, match="2 classes cannot have shape"):
        confusion_figure(np.eye(3), np.arange(2))
    with pytest.raises(ValueError, match="no presentation"):
        confusion_figure(np.zeros((2, 2)), np.arange(2))


def test_a_curve_is_the_mean_over_seeds_with_student_s_interval():
    mean, half = mean_and_interval([0.5, 0.6, 0.7])
    assert mean == pytest.approx(0.6)
    assert half == pytest.approx(4.3027 * 0.1 / np.sqrt(3), rel=1e-4)
    assert mean_and_interval([0.5]) == (0.5, None)
    rows = [
        row(k=k, seed=s, accuracy=0.2 * k + 0.01 * s) for k in (1, 3) for s in (0, 1)
    ]
    figure = k_shot_figure([*rows, row(k=0)])  # all: 300 of 10 classes
    line = max(figure.axes[0].lines, key=lambda line: len(line.get_xdata()))
    np.testing.assert_allclose(line.get_xdata(), [1, 3, 30])
    np.testing.assert_allclose(line.get_ydata(), [0.205, 0.605, 0.8])
    assert_texts_are_apart(figure)
    with pytest.raises(ValueError, match="one session"):
        k_shot_figure([row("1"), row("2")])


def test_time_is_that_of_the_bins():
    sections = [
        Section(kind, a, b, 50 * a, 50 * b, 0.1 * b, 0.05, 0.6)
        for kind, a, b in (("until", 0, 1), ("until", 0, 2), ("within", 1, 2))
    ]
    figure = over_time_figure(sections, 0.01, bayes=0.9)
    axes = figure.axes[0]
    lines = [tuple(line.get_xdata()) for line in axes.lines]
    assert (50, 100) in lines
    words = words_of(figure)
    assert "chance 0.010" in words and "best possible 0.900" in words
    assert axes.get_xlim() == (0, 100)
    assert_texts_are_apart(figure)


def test_no_session_is_dropped_from_the_summary():
    rows = [row("1"), row("2", accuracy=0.12), failed("3"), row("4", "svm")]
    marks = marks_of(rows)
    figure = summary_figure(marks, {2: "doubtful for a reason"})
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert sorted(names) == ["1", "2 †", "3", "4"]
    words = "\n".join(words_of(figure))
    assert "FAILED: no spikes in it" in words
    assert "AT CHANCE; † doubtful for a reason" in words
    assert_texts_are_apart(figure)


def test_seeds_of_a_session_are_one_mark_and_a_failed_one_fails_it():
    marks = marks_of([row(seed=0, accuracy=0.7), row(seed=1, accuracy=0.9)])
    assert len(marks) == 1
    assert marks[0].accuracy == pytest.approx(0.8)
    assert marks[0].low == pytest.approx(0.75)
    broken = dataclasses.replace(failed("1"), seed=2)
    assert marks_of([row(), broken]) == [
        SessionMark("1", "lstm", error="no spikes in it")
    ]


def test_a_summary_of_nothing_is_refused():
    with pytest.raises(ValueError, match="one session at least"):
        summary_figure([])


@pytest.fixture(scope="module")
def script():
    return load_script("summarise_decoding")


def test_the_program_counts_flags_and_draws_all_sessions(script, tmp_path, capsys):
    table, figure = tmp_path / "results.csv", tmp_path / "summary.png"
    suspect = "754312389"
    rows = [row("1"), row("2", accuracy=0.9), failed("3"), row(suspect, accuracy=0.12)]
    for one in [*rows, row("1", shuffled=True), row("1", k=3)]:
        add_result(table, one)
    script.main([str(table), "--figure", str(figure)])
    printed = capsys.readouterr().out
    numbers = printed.splitlines()[1].split()
    assert numbers == ["lstm", "4", "0.800", "0.120", "0.900", "1", "1"]
    assert "3: lstm failed (no spikes in it)" in printed
    assert f"{suspect}: lstm at chance (0.120); known suspect" in printed
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_what_is_not_in_the_tables_is_refused(script, tmp_path):
    table = tmp_path / "results.csv"
    add_result(table, row())
    with pytest.raises(SystemExit, match="no row of --k_shot 3"):
        script.main([str(table), "--k_shot", "3"])
    add_result(table, dataclasses.replace(row(), split="block"))
    with pytest.raises(SystemExit, match=r"\['block', 'stratified'\].*--split"):
        script.main([str(table)])
    add_result(table, dataclasses.replace(row(), run_name="ten_bins"))
    with pytest.raises(SystemExit, match=r"\['', 'ten_bins'\].*--run_name"):
        script.main([str(table), "--split", "stratified"])
    with pytest.raises(SystemExit, match="suffix"):
        script.main([str(table), "--figure", str(tmp_path / "a.bmp")])
    with pytest.raises(SystemExit, match="no such table"):
        script.main([str(tmp_path / "nowhere.csv")])


def test_rows_of_one_run_name_are_summarised(script, tmp_path, capsys):
    table = tmp_path / "results.csv"
    for one in (row(), dataclasses.replace(row(accuracy=0.5), run_name="ten_bins")):
        add_result(table, one)
    for name, accuracy in (("", 0.8), ("ten_bins", 0.5)):
        (mark,) = marks_of(script.chosen_rows([table], "", 0, name))
        assert mark.accuracy == accuracy


def test_one_reason_is_said_once_for_all_decoders(script):
    marks = marks_of([failed("3", "lstm"), failed("3", "svm")])
    assert script.problems("3", marks) == "3: lstm, svm failed (no spikes in it)"


@given(name=st.text(max_size=40), length=st.integers(1, 20))
def test_a_short_name_is_whole_and_a_long_one_keeps_both_ends(name, length):
    found = without_middle(name, length)
    assert len(found) == min(len(name), length)
    first, _, last = found.partition("…")
    assert found == name or (name.startswith(first) and name.endswith(last))


def test_long_names_stay_in_the_figures():
    names = np.array(["natural picture of a cat", "natural picture of a dog", "gray"])
    for repeated in (1, 5):
        many = [f"{k} {name}" for k in range(repeated) for name in names]
        matrix = np.arange(len(many) ** 2).reshape(len(many), -1)
        assert_texts_are_apart(confusion_figure(matrix, np.array(many)))
    session = "column-0123456789-0123456789-trained"
    marks = marks_of([row(session, "lstm"), failed(session, "svm")])
    assert_texts_are_apart(summary_figure(marks, {session: "why not"}))
