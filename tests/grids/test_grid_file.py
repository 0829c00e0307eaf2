"""Grid files: what they hold, and what is refused."""

import pytest

from tests.grids.grids import write_grid
from v1model.grids import load_grid
from v1model.grids.grid_file import GridFile
from v1model.rooms import ROOMS


def refusal(folder, **given):
    with pytest.raises(ValueError) as caught:
        load_grid(write_grid(folder, **given))
    return str(caught.value)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_can_have_a_grid(room):
    assert GridFile(room=room, results_dir="results").room == room


def test_an_unknown_key_is_answered_with_the_nearest(tmp_path):
    words = refusal(tmp_path, axis={})
    assert words == f"{tmp_path}/grid.yaml: axis is no option; the nearest is axes."
    assert "axes.product" in refusal(tmp_path, axes={"prodct": {"a": [1]}})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"room": "cat"}, "room"),
        ({"settings": "a.yaml"}, "settings are of latent and cnn"),
        ({"seeds": [1, 2, 1]}, "seeds must not name one twice, got 1"),
        ({"seeds": []}, "seeds"),
        ({"axes": {"product": {"a": []}}}, "axes.product.a"),
        ({"axes": {"product": {"a": {}}}}, "axes.product.a"),
        ({"axes": {"product": {"a": 3}}}, "axes.product.a"),
        ({"axes": {"zip": {"a": [1], "b": [1, 2]}}}, "{'a': 1, 'b': 2}"),
        ({"recordings": {"files": ["a.h5", "a.h5"]}}, "files must not name one twice"),
        ({"recordings": {"files": ["a.h5"], "simulate": 2}}, "simulate must be 0"),
        ({"recordings": {"simulate": 2}}, "recordings.simulate is of room cnn"),
        ({"recordings": {"files": ["a.h5"], "limit": 2}}, "limit needs subset units"),
        ({"recordings": {"subset": "one"}}, "subset one needs files"),
        ({"recordings": {"simulation": {"seed": 3}}}, "simulation needs simulate"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path, given, words):
    assert words in refusal(tmp_path, **given)
