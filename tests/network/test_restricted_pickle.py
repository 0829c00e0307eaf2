import collections
import os
import pickle
import pickletools

import numpy as np
import pytest

from v1model.network import restricted_pickle

PROTOCOLS = range(2, 6)


def write(path, value, protocol=4):
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return path


class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "array",
    [
        np.arange(7, dtype=np.uint64),
        np.linspace(-1, 1, 5),
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros(0, np.float32),
        np.array(["e4Rorb", "i1"]),
        np.array([b"ab", b"c"]),
        np.array([True, False]),
        np.array(1.5),
    ],
    ids=lambda array: array.dtype.str,
)
def test_an_array_survives_every_protocol(tmp_path, protocol, array):
    result = restricted_pickle.load(write(tmp_path / "a.pkl", [array], protocol))[0]
    # NumPy itself may restore the other byte order as the native one.
    assert result.dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
    assert result.shape == array.shape
    np.testing.assert_array_equal(result, array)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_containers_survive_every_protocol(tmp_path, protocol):
    value = {
        "list": [1, 2.5, None, True, "text", b"raw", b""],
        "tuple": (1, (2, 3)),
        "set": {1, 2},
        "frozen": frozenset({3}),
        "ordered": collections.OrderedDict(a=1, b=2),
        "complex": 1 + 2j,
        "bytearray": bytearray(b"xy"),
        "big": 1 << 80,
        "scalar": np.float32(2.5),
        "integer": np.int64(-3),
    }
    assert restricted_pickle.load(write(tmp_path / "a.pkl", value, protocol)) == value


def test_object_arrays_hold_only_what_is_allowed(tmp_path):
    ragged = np.array([np.arange(3), np.arange(2), None], dtype=object)
    result = restricted_pickle.load(write(tmp_path / "a.pkl", ragged))
    np.testing.assert_array_equal(result[0], [0, 1, 2])
    assert result[2] is None


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickle_that_calls_the_system_is_refused(tmp_path, protocol):
    mark = tmp_path / "mark"
    path = write(tmp_path / "a.pkl", Call(os.system, f"touch {mark}"), protocol)
    name = f"{os.system.__module__}.system"
    with pytest.raises(restricted_pickle.RefusedPickleError, match=name) as error:
        restricted_pickle.load(path)
    assert str(path) in str(error.value)
    assert not mark.exists()


@pytest.mark.parametrize(
    "function",
    [eval, exec, __import__, getattr, open, np.load, np.save, np.frombuffer],
)
def test_no_other_function_is_called(tmp_path, function):
    path = write(tmp_path / "a.pkl", [Call(function, "x")])
    with pytest.raises(restricted_pickle.RefusedPickleError, match="refused"):
        restricted_pickle.load(path)


def test_a_refused_object_inside_an_object_array_is_refused(tmp_path):
    array = np.array([Call(os.getcwd)], dtype=object)
    with pytest.raises(restricted_pickle.RefusedPickleError, match="getcwd"):
        restricted_pickle.load(write(tmp_path / "a.pkl", array))


class Pointers:
    """Pickles as an object array made of raw bytes, as an attacker would."""

    def __reduce__(self):
        start = np.array(0).__reduce__()[0]
        state = (1, (1,), np.dtype(object), False, b"\x01" * 8)
        return start, (np.ndarray, (0,), b"b"), state


class Buffer:
    """The same through the buffer of protocol 5."""

    def __reduce__(self):
        make = np.arange(3).__reduce_ex__(5)[0]
        return make, (bytearray(8), np.dtype(object), (1,), "C")


@pytest.mark.parametrize("attack", [Pointers(), Buffer()])
def test_bytes_are_never_taken_for_object_pointers(tmp_path, attack):
    with pytest.raises(restricted_pickle.RefusedPickleError, match="pointers"):
        restricted_pickle.load(write(tmp_path / "a.pkl", attack))


def test_structured_dtypes_are_refused(tmp_path):
    array = np.zeros(2, [("a", "f8"), ("b", object)])
    with pytest.raises(restricted_pickle.RefusedPickleError, match="dtype"):
        restricted_pickle.load(write(tmp_path / "a.pkl", array))


def test_a_pickle_cannot_change_an_allowed_function(tmp_path):
    # GLOBAL, a state that sets an attribute, BUILD.
    attack = b"cnumpy\nndarray\n(N}X\x08\x00\x00\x00__call__K\x01st\x85b."
    with pytest.raises(ValueError, match=r"a\.pkl"):
        (tmp_path / "a.pkl").write_bytes(attack)
        restricted_pickle.load(tmp_path / "a.pkl")


def test_modules_of_old_numpy_are_known(tmp_path):
    text = pickle.dumps(np.arange(3.0), protocol=2)
    old = text.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    names = [arg for _, arg, _ in pickletools.genops(old) if isinstance(arg, str)]
    assert any("numpy.core.multiarray" in name for name in names)
    (tmp_path / "a.pkl").write_bytes(old)
    np.testing.assert_array_equal(restricted_pickle.load(tmp_path / "a.pkl"), [0, 1, 2])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_truncated_pickle_is_an_error_that_names_the_file(tmp_path, protocol):
    whole = pickle.dumps({"edges": [np.arange(100)]}, protocol=protocol)
    for size in (0, 1, 20, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.pkl").write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"cut\.pkl: .*truncated"):
            restricted_pickle.load(tmp_path / "cut.pkl")


def test_a_text_file_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "page.pkl").write_text("<html>not found</html>")
    with pytest.raises(ValueError, match=r"page\.pkl"):
        restricted_pickle.load(tmp_path / "page.pkl")
