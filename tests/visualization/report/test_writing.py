"""The report of a run says what its folder holds, whatever the folder lacks."""

import html.parser
import json
import re
import shlex
import subprocess

import numpy as np
import pytest

from tests.visualization.report import runs
from v1model.config import ColumnTrainConfig, NetworkConfig
from visualization.report import report_html, write_report
from visualization.report.__main__ import main
from visualization.report.command import command_lines

HOSTILE = "</style></script><script>hacked = 1</script>\"'><img src=x onerror=hacked=1>"
VOID = {"meta", "link", "img", "input", "br"}


class Page(html.parser.HTMLParser):
    """The elements of a page: tables as rows of texts, attributes, text, commands."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes = [], [], []
        self.tables, self.text, self.commands = [], "", []
        self.feed(text)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attributes]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if self.open and self.open[-1] in ("script", "style"):
            return
        self.text += text
        if self.open and self.open[-1] == "pre":
            self.commands.append(text)
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += text

    def table(self, *header):
        """Rows of the table that begins with this header, without it."""
        return next(t[1:] for t in self.tables if t[0][: len(header)] == [*header])


def test_scores_are_those_of_the_result(tmp_path):
    page = Page(report_html(runs.finished_run(tmp_path).path))
    (row,) = page.table("Task", "Before", "After")
    assert row == ["10class", "0.250", "0.750", "0.600 to 0.850", "0.500", "40"]


def test_a_run_that_still_runs_is_scored_by_its_last_validation(tmp_path):
    run = runs.make_run(tmp_path)
    runs.write_epochs(run, runs.epochs())
    page = Page(report_html(run.path))
    (row,) = page.table("Task", "Before", "After")
    # Wilson's interval of 30 in 40, from a table of it.
    assert row == ["10class", "0.250", "0.750", "0.598 to 0.858", "0.500", "40"]
    assert "in the last validation so far" in page.text


def test_each_task_of_a_mixture_is_scored_and_drawn(tmp_path):
    run = runs.make_run(tmp_path)
    columns = {
        name: column for name, column in runs.epochs().items() if "accuracy" not in name
    }
    for task, shift in (("garrett", 0), ("evidence", 0.125)):
        accuracy = np.array([0.25, 0.5, 0.625, 0.75]) + shift
        columns |= {
            f"val_accuracy/{task}": accuracy,
            f"val_chance/{task}": [0.5] * 4,
            f"val_responses/{task}": [80.0] * 4,
            f"accuracy/{task}": accuracy,
        }
    runs.write_epochs(run, columns)
    page = Page(report_html(run.path))
    rows = page.table("Task", "Before", "After")
    assert [row[:3] for row in rows] == [
        ["garrett", "0.250", "0.750"],
        ["evidence", "0.375", "0.875"],
    ]
    assert "Mean accuracy0.812" in page.text
    assert "Accuracy: garrett" in page.text
    assert "Accuracy: evidence" in page.text


def test_the_table_of_numbers_is_that_of_the_epochs(tmp_path):
    page = Page(report_html(runs.finished_run(tmp_path).path))
    rows = page.table("Step", "Seconds")
    epochs = runs.epochs()
    assert [float(row[0]) for row in rows] == epochs["step"]
    assert [row[2] for row in rows] == ["", "0.85", "0.75", "0.65"]
    assert [float(row[3]) for row in rows] == epochs["val_loss"]


def test_rates_stand_beside_their_layer_and_class(tmp_path):
    page = Page(report_html(runs.finished_run(tmp_path).path))
    rows = page.table("Layer", "Class")
    assert [row[:4] for row in rows] == [
        ["L4", "excitatory", "2.00", "3.50"],
        ["L4", "Pvalb", "6.00", "9.00"],
    ]


def test_exactly_the_options_that_differ_from_the_default_are_marked(tmp_path):
    run = runs.make_run(tmp_path, network=NetworkConfig(neurons=500))
    text = report_html(run.path)
    rows = re.findall(r'<tr(?: class="(\w+)")?><td class="section">(.*?)</tr>', text)
    changed = {re.findall(r"<td.*?>(.*?)</td>", row)[0] for mark, row in rows if mark}
    assert changed == {"task", "neurons", "n_epochs", "run_name"}
    n_options = len(rows)
    values = dict(re.findall(r'<td class="name">(\w+)</td><td.*?>(.*?)</td>', text))
    assert len(values) == n_options > 80
    assert values["neurons"] == "500"
    assert values["learning_rate"] == str(ColumnTrainConfig().learning_rate)


def test_an_option_of_another_version_is_shown_without_a_default(tmp_path):
    run = runs.make_run(tmp_path)
    path = run.path / "config.json"
    path.write_text(path.read_text().replace('"batch_size"', '"bygone_size"'))
    assert ["training", "bygone_size", "2", "not an option now", ""] in Page(
        report_html(run.path)
    ).table("Section", "Option")


def _bare(run):
    """Only config.json is left."""
    for name in ("state.json", "starts.json"):
        (run.path / name).unlink()


def _no_validation(run):
    columns = runs.epochs()
    trained = {k: v[1:] for k, v in columns.items() if not k.startswith("val_")}
    runs.write_epochs(run, trained)
    result = runs.RESULT
    run.write_result(result | {"tasks": {"10class": None}, "before": {"10class": None}})


def _failed(run):
    run.mark("failed", "ValueError: loss is NaN")


def _one_row(run):
    columns = runs.epochs()
    runs.write_epochs(run, {name: row[:1] for name, row in columns.items()})


def _not_finite(run):
    columns = runs.epochs()
    columns["loss"] = [np.nan, np.inf, -np.inf, 1.0]
    columns["val_loss"] = [np.inf] * 4
    runs.write_epochs(run, columns)


def _damaged(run):
    (run.path / "result.json").write_text("{")
    run.metrics_csv.write_text("epoch,step\n1,one\n")


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (_bare, ["unknown", "No epoch was finished", "No activity", "No start was"]),
        (lambda run: None, ["running", "killed without warning", "No validation"]),
        (_failed, ["failed", "ValueError: loss is NaN", "once the cause is mended"]),
        (lambda run: run.mark("killed", "SystemExit: 143"), ["killed", "143"]),
        (lambda run: run.metrics_csv.write_text(""), ["no epoch was finished"]),
        (_no_validation, ["No validation was finished", "in training trials"]),
        (_one_row, ["Accuracy: 10class", "step 0: held out 0.25, chance 0.5"]),
        (_not_finite, ["Loss, all parts", "step 15: training 1"]),
        (_damaged, ["result.json is not valid JSON", "could not convert string"]),
    ],
)
def test_a_run_is_reported_whatever_it_lacks(tmp_path, change, sentences):
    run = runs.make_run(tmp_path)
    change(run)
    page = Page(report_html(run.path))
    for sentence in sentences:
        assert sentence in page.text


def test_a_run_of_another_room_is_refused(tmp_path):
    run = runs.make_run(tmp_path)
    about = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps(about | {"room": "cnn"}))
    with pytest.raises(ValueError, match="of the room 'cnn', reports are of columns"):
        write_report(run.path)


def test_what_comes_from_outside_is_text(tmp_path):
    # The name of a folder holds no slash.
    name = HOSTILE.replace("/", "|")
    run = runs.finished_run(tmp_path, name, comment=HOSTILE)
    run.mark("failed", HOSTILE)
    (run.path / "activity" / "network_state.txt").write_text(HOSTILE)
    (run.path / "logs" / name).write_text("")
    page = Page(report_html(run.path))
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert {value[:5] for tag, key, value in page.attributes if key == "src"} == {
        "data:"
    }
    assert not [key for _, key, _ in page.attributes if key.startswith("on")]
    assert page.text.count(HOSTILE) >= 4  # comment, error, option, network state
    assert page.text.count(name) >= 4  # title, heading, option, file


def test_the_page_points_to_nothing_but_itself(tmp_path):
    text = report_html(runs.finished_run(tmp_path).path)
    found = [
        (tag, value)
        for tag, key, value in Page(text).attributes
        if key in ("src", "href", "srcset", "action", "data", "poster", "style")
    ]
    assert {value.partition(":")[0] for _, value in found if value[0] != "#"} == {
        "data"
    }
    assert not re.search(r"https?:|@import|url\(|//\w+\.", text)


def test_links_lead_to_sections_and_images_say_what_they_show(tmp_path):
    page = Page(report_html(runs.finished_run(tmp_path).path))
    ids = [value for _, key, value in page.attributes if key == "id"]
    links = [
        value[1:] for _, k, value in page.attributes if k == "href" and value[0] == "#"
    ]
    assert len(links) == 9
    assert set(links) == set(ids)
    assert len(ids) == len(set(ids))
    alts = [
        value for tag, key, value in page.attributes if tag == "img" and key == "alt"
    ]
    assert len(alts) == page.tags.count("img") == 12
    assert (
        alts[0]
        == "Spikes at step 0: spike times of the neurons, by layer and cell class"
    )


def test_the_command_to_go_on_is_one_that_a_shell_reads(tmp_path):
    run = runs.make_run(tmp_path, name="")
    (command,) = Page(report_html(run.path)).commands
    program = f'python() {{ printf "%s\\n" "$@"; }}\n{command}'
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        *runs.COMMAND,
        *("--run_name", run.path.name),
    ]


@pytest.mark.parametrize("kind", ["best", "latest"])
def test_a_finished_run_goes_on_in_a_new_one_from_weights_that_exist(tmp_path, kind):
    run = runs.finished_run(tmp_path)
    for name in {kind, "latest"}:
        (run.checkpoints / f"{name}.weights.h5").touch()
    command, _ = Page(report_html(run.path)).commands  # and the network's state
    words = shlex.split(command.replace("\\\n", " "))
    options = dict(zip(words, words[1:], strict=False))
    weights = run.checkpoints / f"{kind}.weights.h5"
    assert options["--restore_from"] == str(weights)
    assert options["--run_name"] == "small_2"
    assert options["--comment"] == "two words"


@pytest.mark.parametrize("state", ["killed", "failed"])
def test_a_run_is_only_told_to_go_on_from_a_backup_that_it_has(tmp_path, state):
    run = runs.make_run(tmp_path)
    run.mark(state, "a reason")
    without = Page(report_html(run.path)).text
    assert "It has no backup" in without and "begins the run again" in without
    assert "last backup" not in without
    (run.checkpoints / "latest.weights.h5").touch()
    assert "It can go on from its last backup" in Page(report_html(run.path)).text


def test_a_replaced_option_is_named_once_however_it_was_written():
    for old in ("--run_name old", "--run_name=old", "-run_name old"):
        lines = command_lines(f"v1-multi-training {old} --seed 1", {"run_name": "new"})
        assert lines == ["v1-multi-training", "--seed 1", "--run_name new"]


def test_a_report_elsewhere_leaves_the_run_as_it_was(tmp_path):
    run = runs.finished_run(tmp_path / "runs")

    def seen():
        return {
            p: (p.stat().st_mtime_ns, p.stat().st_size) for p in run.path.rglob("*")
        }

    before = seen()
    out = write_report(run.path, tmp_path / "new" / "page.html")
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert seen() == before


def test_the_program_writes_into_the_run_and_says_where(tmp_path, capsys):
    run = runs.finished_run(tmp_path)
    main([str(run.path)])
    assert f"wrote {run.path / 'report.html'}" in capsys.readouterr().out
    main([str(run.path)])  # and again, over the first
    assert Page((run.path / "report.html").read_text(encoding="utf-8")).tables


@pytest.mark.parametrize("case", ["missing", "no run", "damaged", "out is a folder"])
def test_wrong_input_ends_with_one_line(tmp_path, case):
    run = runs.make_run(tmp_path)
    if case == "damaged":
        (run.path / "config.json").write_text("{")
    folder = {"missing": tmp_path / "nothing", "no run": tmp_path}.get(case, run.path)
    out = ["--out", str(tmp_path)] if case == "out is a folder" else []
    with pytest.raises(SystemExit, match=r"^report: .+$") as error:
        main([str(folder), *out])
    assert "\n" not in str(error.value)
    assert not (run.path / "report.html").exists()
