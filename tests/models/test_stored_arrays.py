"""What a saved column takes on the disk."""

from tests.models.columns import make_trainer
from v1model.models.stored_arrays import file_bytes

SMALL = 2 << 20  # bytes that a file of a small column may differ by


def test_the_size_of_a_keras_file_is_known_before(tmp_path):
    column = make_trainer().column
    path = tmp_path / "column.keras"
    column.save(path)
    size = path.stat().st_size
    assert size <= file_bytes(column) <= size + SMALL


def test_wiring_and_weights_count_in_full():
    column = make_trainer().column
    layers = (column.input_layer, column.rsnn.cell)
    before = file_bytes(column)
    for layer in layers:
        layer.arrays = {**layer.arrays, "more": layer.arrays["pre"]}
    added = sum(layer.arrays["pre"].nbytes for layer in layers)
    assert file_bytes(column) - before == added > 0
