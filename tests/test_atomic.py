"""Files that are complete or not there."""

import errno
import os
import stat

import pytest

from v1model.atomic import WriteError, atomic_path, remove_partial, write_text


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with atomic_path(path) as partial:
        partial.write_text("half")
        assert not path.exists()
        partial.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]
    mask = os.umask(0o022)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_a_writer_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(KeyError), atomic_path(path) as partial:
        partial.write_text("new")
        raise KeyError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# What HDF5 says when it closes a file on a full disk.
HDF5 = RuntimeError(
    "Can't decrement id ref count (file write failed: time = Sat Nov 21 14:34:46 2026\n"
    ", filename = 'x.h5', errno = 28, error message = 'No space left on device')"
)


@pytest.mark.parametrize(
    "error", [HDF5, OSError(errno.ENOSPC, "several\nlines of a library")]
)
def test_an_error_of_the_system_names_the_file_in_one_line(tmp_path, error):
    path = tmp_path / "file.h5"
    with pytest.raises(WriteError) as caught, atomic_path(path):
        raise error
    assert str(caught.value) == f"{path} cannot be written: No space left on device."
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_write_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WriteError, match="file/new cannot be written: "):
        write_text(tmp_path / "file" / "new", "")


def test_errors_that_are_not_of_the_system_pass(tmp_path):
    with pytest.raises(RuntimeError, match="^mine$"), atomic_path(tmp_path / "file"):
        raise RuntimeError("mine")


def test_errors_about_another_file_name_that_file(tmp_path):
    """What is read while a file is being written may be missing."""
    message = "No such file.*other.csv"
    with pytest.raises(FileNotFoundError, match=message), atomic_path(tmp_path / "a"):
        (tmp_path / "other.csv").read_text()


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path):
    write_text(tmp_path / "a.csv", "kept")
    write_text(tmp_path / ".a.txt", "kept")
    (tmp_path / ".a.csv.x1.csv").write_text("half")
    remove_partial(tmp_path / "a.csv")
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", ".a.txt"}
