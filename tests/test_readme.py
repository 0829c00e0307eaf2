"""The README's Python examples run as written, one after the other."""

import pathlib
import re

README = pathlib.Path(__file__).parents[1] / "README.md"


def test_the_python_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(blocks) >= 3
    names = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)
    assert names["output"].spikes.shape == (1, 200, 1000)
    assert names["rates"].shape == (300, 17400)


def test_every_file_that_it_names_exists():
    text = README.read_text("utf-8")
    paths = re.findall(r"(?:\]\(|python |^)((?:docs|scripts|training)/[\w./]+)", text)
    assert paths
    missing = [path for path in paths if not (README.parent / path).exists()]
    assert not missing
