"""The picture of the four rooms."""

import numpy as np
import pytest

from v1model.rooms import ROOMS as TRAININGS
from visualization.rooms import ROOMS, four_rooms

PICTURES = {name: np.full((8, 10, 3), 0.5) for name in ROOMS}


def test_its_rooms_are_the_four_trainings():
    assert list(ROOMS) == list(TRAININGS)


def test_every_room_shows_its_picture_and_nothing_touches():
    figure = four_rooms(PICTURES)
    figure.draw_without_rendering()
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == len(ROOMS)
    texts = [text.get_window_extent() for text in figure.axes[0].texts]
    for k, box in enumerate(texts):
        assert figure.bbox.contains(box.x0, box.y0)
        assert figure.bbox.contains(box.x1, box.y1)
        others = texts[:k] + [axes.get_window_extent() for axes in shown]
        assert not any(box.overlaps(other) for other in others)


def test_a_room_without_a_picture_is_an_error():
    with pytest.raises(KeyError, match="decoder"):
        four_rooms({name: PICTURES[name] for name in ("column", "latent", "cnn")})
