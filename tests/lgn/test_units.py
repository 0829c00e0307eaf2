"""The LGN units: drawing, reading, writing."""

import dataclasses
import os
import pathlib

import numpy as np
import pytest

from v1model.lgn.classes import composite_classes, lgn_classes
from v1model.lgn.units import LGNUnits, draw_units, read_units, write_units

LOCAL_DATA = pathlib.Path(os.environ.get("V1MODEL_LOCAL_DATA", "/nonexistent"))
PUBLISHED = LOCAL_DATA / "v1" / "lgn_full_col_cells_3.csv"

# Units per class and their order in the published table (Billeh et al. 2020).
COUNTS = {
    "sON_TF8": 2250,
    "sON_TF4": 1050,
    "sON_TF1": 1050,
    "sON_TF2": 750,
    "sONsOFF_001": 1200,
    "tOFF_TF15": 1200,
    "sOFF_TF15": 1050,
    "sONtOFF_001": 750,
    "tOFF_TF8": 750,
    "tOFF_TF4": 1500,
    "sOFF_TF1": 1200,
    "sOFF_TF2": 1200,
    "sOFF_TF4": 2250,
    "sOFF_TF8": 1200,
}


@pytest.fixture(scope="module")
def units():
    return draw_units(3)


def assert_same(first, second):
    for field in dataclasses.fields(LGNUnits):
        np.testing.assert_array_equal(
            getattr(first, field.name), getattr(second, field.name)
        )


def test_the_drawn_units_have_the_published_counts_and_order(units):
    assert len(units) == 17400
    expected = np.repeat(list(COUNTS), list(COUNTS.values()))
    np.testing.assert_array_equal(units.model_id, expected)
    assert units.is_composite.sum() == 1950


def test_every_tile_holds_the_same_number_of_units_of_each_class(units):
    for name, count in COUNTS.items():
        rows = units.model_id == name
        tile = (units.x[rows] // 16).astype(int) * 10 + (units.y[rows] // 12).astype(
            int
        )
        np.testing.assert_array_equal(tile, np.repeat(np.arange(150), count // 150))


def test_sizes_follow_the_triangular_distribution(units):
    size = units.spatial_size[~units.is_composite]
    assert size.min() >= 2
    assert size.max() <= 10
    assert size.mean() == pytest.approx(5, abs=0.05)
    # 1/8 of triangular(2, 3, 10) lies below its mode.
    assert np.mean(size < 3) == pytest.approx(1 / 8, abs=0.01)
    fixed = {"sONsOFF_001": 6, "sONtOFF_001": 9}
    for name, expected in fixed.items():
        assert (units.spatial_size[units.model_id == name] == expected).all()


def test_filter_values_stay_within_two_and_a_half_percent_of_their_class(units):
    for kind in lgn_classes():
        rows = units.model_id == kind.model_id
        if kind.model_id in composite_classes():
            continue
        for name, centre in (
            ("kpeaks_dom", kind.kpeaks),
            ("weight_dom", kind.weights),
            ("delay_dom", kind.delays),
        ):
            value = getattr(units, name)[rows]
            assert (np.abs(value - centre) <= 0.025 * np.abs(centre) + 1e-9).all()
            used = centre != 0
            assert (np.ptp(value[:, used], axis=0) > 0.045 * np.abs(centre[used])).all()


def test_only_composite_units_have_a_second_subunit(units):
    for name in ("kpeaks_non_dom", "weight_non_dom", "delay_non_dom"):
        is_nan = np.isnan(getattr(units, name)).all(axis=1)
        np.testing.assert_array_equal(is_nan, ~units.is_composite)
    np.testing.assert_array_equal(np.isnan(units.sf_sep), ~units.is_composite)
    angle = units.tuning_angle[units.is_composite]
    assert (angle >= 0).all()
    assert (angle < 360).all()


def test_the_seed_decides_the_draw(units):
    assert_same(units, draw_units(3))
    assert (units.x != draw_units(4).x).any()


def test_a_written_table_is_read_back_to_the_last_bit(units, tmp_path):
    path = tmp_path / "units.csv"
    write_units(units, path)
    header = path.read_text().splitlines()[0]
    assert header.startswith("id model_id x y ei location spatial_size kpeaks_dom_0 ")
    assert header.endswith(" delay_non_dom_0 delay_non_dom_1 tuning_angle sf_sep")
    assert_same(units, read_units(path, n_units=17400))


def test_taking_units_keeps_their_columns_together(units):
    some = units.take(np.array([5200, 7]))
    assert some.model_id.tolist() == ["sONsOFF_001", "sON_TF8"]
    assert some.x.tolist() == [units.x[5200], units.x[7]]
    assert np.isfinite(some.sf_sep).tolist() == [True, False]


def damaged(path, row, column, value):
    lines = path.read_text().splitlines()
    cells = lines[1 + row].split(" ")
    cells[lines[0].split(" ").index(column)] = value
    lines[1 + row] = " ".join(cells)
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def table(units, tmp_path):
    """A file of a plain unit (row 0) and a composite one (row 1)."""
    path = tmp_path / "lgn.csv"
    write_units(units.take(np.array([0, 5100])), path)
    return path


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (0, "model_id", "sON_TF3", "model_id sON_TF3 in row 0 is not one of"),
        (1, "x", "nan", "x nan in row 1 is not finite"),
        (0, "kpeaks_dom_1", "", "kpeaks_dom_1 nan in row 0 is not finite"),
        (1, "sf_sep", "nan", "sf_sep nan in row 1 is not finite"),
        (1, "delay_non_dom_0", "nan", "delay_non_dom_0 nan in row 1 is not finite"),
        (0, "y", "121.0", "y 121.0 in row 0 is outside 0-120"),
        (0, "spatial_size", "0.5", "spatial_size 0.5 in row 0 is outside 1-14"),
        (0, "delay_dom_1", "-3.0", "delay_dom_1 -3.0 in row 0 is negative"),
        (1, "kpeaks_dom_0", "0.0", "kpeaks_dom_0 0.0 in row 1 is not positive"),
        (1, "weight_dom_0", "abc", "weight_dom_0 'abc' in row 1 is not a number"),
    ],
)
def test_a_bad_value_is_named_with_file_column_and_row(
    table, row, column, value, message
):
    damaged(table, row, column, value)
    with pytest.raises(ValueError, match=message) as error:
        read_units(table)
    assert str(table) in str(error.value)


def test_a_missing_column_is_named(table):
    table.write_text(table.read_text().replace("tuning_angle", "angle"))
    with pytest.raises(ValueError, match="lgn.csv: column 'tuning_angle' is missing"):
        read_units(table)


def test_a_cut_file_is_refused(table):
    text = table.read_text()
    table.write_text(text[: text.rindex(" nan nan" if " nan nan" in text else " ")])
    with pytest.raises(
        ValueError, match=r"lgn.csv: row \d has \d+ values, expected 21"
    ):
        read_units(table)


def test_a_wrong_number_of_units_is_refused(table):
    with pytest.raises(ValueError, match="lgn.csv: 2 LGN units, expected 17400"):
        read_units(table, n_units=17400)
    table.write_text(table.read_text().splitlines()[0] + "\n")
    with pytest.raises(ValueError, match="no LGN units"):
        read_units(table)


def test_an_empty_or_missing_file_is_refused(table):
    table.write_text("")
    with pytest.raises(ValueError, match="column 'model_id' is missing"):
        read_units(table)
    with pytest.raises(FileNotFoundError, match="absent.csv does not exist"):
        read_units(table.with_name("absent.csv"))


def test_columns_of_unequal_length_are_refused(units):
    with pytest.raises(ValueError, match=r"weight_dom must have shape \(17400, 2\)"):
        dataclasses.replace(units, weight_dom=units.weight_dom[:-1])


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="published unit table not here")
def test_the_published_table_has_the_classes_of_the_drawn_one(units, tmp_path):
    published = read_units(PUBLISHED, n_units=17400)
    np.testing.assert_array_equal(published.model_id, units.model_id)
    np.testing.assert_array_equal(published.x // 16, units.x // 16)
    np.testing.assert_array_equal(published.y // 12, units.y // 12)
    for name in ("kpeaks_dom", "weight_dom", "delay_dom", "kpeaks_non_dom", "sf_sep"):
        drawn, real = getattr(units, name), getattr(published, name)
        for kind in COUNTS:
            rows = units.model_id == kind
            if np.isfinite(real[rows]).all():
                np.testing.assert_allclose(
                    drawn[rows].mean(axis=0), real[rows].mean(axis=0), rtol=4e-3
                )
    write_units(published, tmp_path / "copy.csv")
    assert_same(published, read_units(tmp_path / "copy.csv"))
