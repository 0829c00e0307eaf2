"""Costs are those of the products that are done, counted by hand."""

import pytest

from tests.cnn.models import small_model
from v1model.cnn.costs import cost_table

PLAIN = {
    "frontend": {"type": "none"},
    "convnet": {
        "type": "plain",
        "channels": [6],
        "stem_channels": 4,
        "stem": {"kernel_size": [1, 3, 3]},
        "blocks": [{"kernel_size": [3, 5, 5], "pool": {"type": "max"}}],
    },
    "recurrent": {"type": "convgru", "hidden": 2, "memory_bins": 3},
    "readout": {"type": "linear"},
}


def rows_of(model, n_bins, **options):
    return {row.layer: row for row in cost_table(model, n_bins, "a", **options)}


def test_multiply_adds_are_per_predicted_bin():
    model, n_bins = small_model(PLAIN), 20
    rows = rows_of(model, n_bins)
    stem, block, gru = 100 * 9 * 4, 100 * 75 * 4 * 6, 25 * 9 * 2 * 3 * (6 + 2)
    readout = 25 * 2 * 3
    assert rows["stem"].sequence == pytest.approx(stem * 25 / 20)
    assert rows["block_1"].sequence == pytest.approx(block * 23 / 20)
    assert rows["recurrence"].sequence == pytest.approx(gru * 23 / 20)
    assert rows["readout"].sequence == pytest.approx(readout)
    assert rows["stem"].window == 6 * stem
    assert rows["block_1"].window == rows["block_1"].sequence * 20 / 23 * 4
    assert rows["readout"].window == readout
    assert rows["block_1"].output_shape == (23, 5, 5, 6)
    assert rows["readout"].output_shape == (20, 3)


def test_the_last_row_is_the_sum():
    model = small_model(PLAIN)
    *rows, total = model.summary_table(20)
    assert total.layer == "total"
    for field in ("parameters", "sequence", "window"):
        assert getattr(total, field) == sum(getattr(row, field) for row in rows)
    others = model.heads["b"].count_params()
    assert total.parameters == model.count_params() - others


def test_longer_windows_cost_more_and_sequences_the_same():
    model = small_model(PLAIN)
    shortest, longer = (rows_of(model, 20, window_bins=n) for n in (None, 25))
    assert longer["stem"].window == shortest["stem"].window * 25 / 6
    assert longer["stem"].sequence == shortest["stem"].sequence
