"""The README: what it shows runs as written, from its first line to its last."""

import pathlib
import re
import shlex

import pytest

from tests.documents import ROOT, blocks_of, commands_in, run, text_of, words_of

LONGEST = 300  # lines
FIXED = (  # what users know must stay in sight
    "scripts/quickstart",
    "scripts/check",
    "python training/multi_training.py --batch_size 1 --data_dir GLIF_network",
    "tensorboard --logdir results",
    "python visualization/demo_visualization.py",
    "callbacks=[logger]",
)
# Not run here: they install, never end, or are whole tests of their own.
LEFT_OUT = ("pip ", "conda ", "tensorboard ", "scripts/")
# What makes a command short that takes minutes; everything else runs as written.
SMALLER = {
    "training/multi_training.py": "--neurons 500 --neurons_per_output 1 --n_epochs 1 "
    "--steps_per_epoch 1 --val_steps 1 --seq_len 250 --post_delay 100 "
    "--post_chunks 1 --task 10class --log_activity_every 0",
    "training/decoder_training.py": "--decoder logistic",
    "visualization/demo_visualization.py": "--n_samples 1",
}


def test_it_is_short_and_shows_what_users_know():
    text = text_of("README.md")
    assert len(text.splitlines()) <= LONGEST
    missing = [words for words in FIXED if words not in text]
    assert not missing


def test_the_python_examples_that_need_no_file_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts = [
        block.text for block in blocks_of("README.md") if block.language == "python"
    ]
    alone = [text for text in texts if ".h5" not in text]
    assert len(texts) == 3 and len(alone) == 2
    for text in alone:
        names = {}
        exec(compile(text, "README.md", "exec"), names)
        if "decoder" in names:
            score = (
                names["decoder"].predict(names["test"]) == names["test"].labels
            ).mean()
            assert round(score, 2) == 0.92
    assert pathlib.Path("logs/activity_summary.npz").exists()


def test_every_file_that_its_commands_name_exists():
    text = text_of("README.md")
    found = re.findall(
        r"(?:python (?!-)|^)((?:\w+/)+\w+(?:\.py)?)\b", text, re.MULTILINE
    )
    assert len(found) > 12
    missing = [path for path in found if not (ROOT / path).exists()]
    assert not missing


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder that looks like a fresh clone, without its results."""
    folder = tmp_path_factory.mktemp("clone")
    for path in ROOT.iterdir():
        if path.name not in {"results", "GLIF_network", ".git"}:
            (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.slow
def test_every_block_runs_in_its_order(workplace):
    """As a newcomer runs them, in one folder; commands of minutes made shorter."""
    ran = []
    for block in blocks_of("README.md"):
        if block.language == "python":
            run(["python", "-c", block.text], workplace)
            continue
        for command in commands_in(block.text):
            if command.startswith(LEFT_OUT):
                continue
            words = words_of(command)
            words += shlex.split(SMALLER.get(words[1], ""))
            run(words, workplace)
            ran.append(words[1])
    assert set(SMALLER) <= set(ran) and len(ran) >= 13
    assert (workplace / "judged").is_dir()
    assert (workplace / "compared" / "comparison.html").is_file()
