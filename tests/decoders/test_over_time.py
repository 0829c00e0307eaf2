"""Decoding from some of the bins."""

import numpy as np

from tests.decoders.sessions import drawn_session
from v1model.decoders.evaluation import evaluate
from v1model.decoders.over_time import bins_of, sections_over_time


def test_bins_keep_their_times_and_spikes():
    binned = drawn_session(n_bins=5)
    cut = bins_of(binned, 1, 3)
    np.testing.assert_array_equal(cut.counts, binned.counts[:, 1:3])
    np.testing.assert_allclose(cut.start_s, binned.start_s + 0.05)
    np.testing.assert_allclose(cut.stop_s, binned.start_s + 0.15)
    whole = bins_of(binned, 0, 5)
    np.testing.assert_allclose(whole.stop_s, binned.stop_s)


def test_there_is_a_decoder_of_the_bins_up_to_each_and_of_each():
    binned = drawn_session(n_bins=4)
    asked = []

    def scores_of(name, cut):
        asked.append((name, cut(binned).n_bins))
        targets = binned.targets
        return evaluate(np.eye(6)[targets], targets)

    sections = sections_over_time(binned, scores_of)
    until, within = sections[:4], sections[4:]
    assert [s.kind for s in sections] == ["until"] * 4 + ["within"] * 4
    assert [(s.first, s.last) for s in until] == [(0, 1), (0, 2), (0, 3), (0, 4)]
    assert [(s.first, s.last) for s in within] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    np.testing.assert_allclose([s.to_ms for s in within], [62.5, 125, 187.5, 250])
    assert len({name for name, _ in asked[:4]}) == 4
    assert [n for _, n in asked] == [1, 2, 3, 4, 1, 1, 1, 1]
