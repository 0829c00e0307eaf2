"""Pickles of arrays and plain containers, read without running anything.

A pickle is a small program: it names functions and calls them. Here every name
that a file may use stands for a function of this module, which checks what it
is handed. NumPy's own constructors are never given to a file, because they can
be talked into reading arbitrary memory (crafted dtypes and object arrays).
"""

import collections
import math
import pathlib
import pickle

import numpy as np

# Bool, integers, floats, complex, bytes and text; "O" only as a list of objects
# that were themselves read here.
_PLAIN_KINDS = "biufcSU"


class RefusedPickleError(ValueError):
    """The pickle asks for something other than arrays and plain containers."""


def load(path, stand_ins=None):
    """Reads a pickle of NumPy arrays, numbers, text and plain containers.

    Arrays share the memory of the bytes in the file's objects and may therefore
    be read-only.

    Args:
        path: File written by pickle, protocol 0 to 5.
        stand_ins: Further names that the file may use, a dictionary from (module,
            name) to the function that it calls instead, or to the class that it makes
            an object of instead. They must be harmless whatever they are called with;
            a class needs `__slots__` and a `__setstate__`.

    Returns:
        The object: dict, list, tuple, set, str, bytes, numbers, None, ordered
        dictionaries, NumPy arrays and scalars, nested at will.

    Raises:
        FileNotFoundError: There is no such file.
        RefusedPickleError: The file names anything else, such as a function.
        ValueError: The file is truncated or not a pickle.
    """
    path = pathlib.Path(path)
    with path.open("rb") as file:
        try:
            return _Unpickler(file, stand_ins or {}).load()
        except RefusedPickleError as error:
            raise RefusedPickleError(f"{path}: {error}") from None
        except _DAMAGE as error:
            raise ValueError(
                f"{path}: not a complete pickle ({type(error).__name__}: {error}); "
                "the file is truncated or damaged."
            ) from error


# What the unpickler raises on bytes that are no pickle.
_DAMAGE = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ImportError,
    OverflowError,
    MemoryError,
    RecursionError,
)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file, stand_ins):
        super().__init__(file, encoding="latin1")
        self._stand_ins = {
            name: function if isinstance(function, type) else _Callable(function)
            for name, function in stand_ins.items()
        }

    def find_class(self, module, name):
        try:
            if (module, name) in self._stand_ins:
                return self._stand_ins[module, name]
            return _ALLOWED[module, name]
        except KeyError:
            raise RefusedPickleError(
                f"refused to load {module}.{name}; only NumPy arrays and plain "
                "containers are allowed."
            ) from None

    def persistent_load(self, pid):
        raise RefusedPickleError(f"refused to follow the persistent id {pid!r}.")


class _Callable:
    """A function that a pickle may call but not change."""

    __slots__ = ("_function",)

    def __init__(self, function):
        self._function = function

    def __call__(self, *args):
        return self._function(*args)

    def __setstate__(self, state):
        raise RefusedPickleError("refused to change a function.")


class _DType:
    """Stands for a numpy.dtype until an array asks for it."""

    __slots__ = ("dtype",)

    def __init__(self, code, align=False, copy=True):
        if not isinstance(code, str | bytes):
            raise RefusedPickleError(f"refused the dtype {code!r}.")
        dtype = np.dtype(code if isinstance(code, str) else code.decode("ascii"))
        if dtype.subdtype is not None or dtype.kind not in _PLAIN_KINDS + "O":
            raise RefusedPickleError(f"refused the dtype {code!r}.")
        self.dtype = dtype

    def __setstate__(self, state):
        _, byte_order, subdtype, names, fields, *_ = state
        if (subdtype, names, fields) != (None, None, None):
            raise RefusedPickleError("refused a structured dtype.")
        if byte_order in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(byte_order)


class _Array(np.ndarray):
    """An array that checks the state it is restored from."""

    def __setstate__(self, state):
        version, shape, dtype, is_fortran, data = state
        if not isinstance(dtype, _DType):
            raise RefusedPickleError("refused an array without a dtype.")
        if isinstance(data, str):
            data = data.encode("latin1")
        is_list = isinstance(data, list)
        if is_list != (dtype.dtype.kind == "O"):
            raise RefusedPickleError("refused an array of raw object pointers.")
        if is_list and len(data) != math.prod(shape):
            raise ValueError(f"{len(data)} objects for an array of shape {shape}.")
        super().__setstate__((version, shape, dtype.dtype, is_fortran, data))


def _from_buffer(data, dtype, shape, order="C"):
    dtype = dtype if isinstance(dtype, _DType) else _DType(dtype)
    if dtype.dtype.kind == "O":
        raise RefusedPickleError("refused an array of raw object pointers.")
    flat = np.frombuffer(_raw(data), dtype.dtype)
    return flat.reshape(shape, order=order).view(_Array)


def _new_array(shape, dtype, data):
    return _from_buffer(data, dtype, shape)


def _reconstruct(subtype, shape, code):
    if subtype is not _NDARRAY or tuple(shape) != (0,):
        raise RefusedPickleError("refused an array of an unknown class.")
    return _Array((0,), np.int8)


def _scalar(dtype, data):
    return _from_buffer(data, dtype, ())[()]


def _encode(text, encoding):
    # How protocol 2 spells bytes.
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise RefusedPickleError(f"refused to encode as {encoding!r}.")
    return text.encode("latin1")


def _raw(data=b""):
    if isinstance(data, str):
        data = data.encode("latin1")
    if not isinstance(data, bytes | bytearray):
        raise RefusedPickleError(f"refused {type(data).__name__} as raw bytes.")
    return data


def _bytearray(data=b"", encoding=None):
    return bytearray(_raw(data))


_NDARRAY = _Callable(_new_array)


def _allowed():
    table = {
        ("numpy", "ndarray"): _NDARRAY,
        ("numpy", "dtype"): _Callable(_DType),
        ("_codecs", "encode"): _Callable(_encode),
        ("collections", "OrderedDict"): _Callable(collections.OrderedDict),
    }
    for core in ("numpy.core", "numpy._core"):
        table[f"{core}.multiarray", "_reconstruct"] = _Callable(_reconstruct)
        table[f"{core}.multiarray", "scalar"] = _Callable(_scalar)
        table[f"{core}.numeric", "_frombuffer"] = _Callable(_from_buffer)
    for builtins in ("builtins", "__builtin__"):
        table[builtins, "bytes"] = _Callable(_raw)
        table[builtins, "bytearray"] = _Callable(_bytearray)
        for kind in (set, frozenset, complex):
            table[builtins, kind.__name__] = _Callable(kind)
    return table


_ALLOWED = _allowed()
