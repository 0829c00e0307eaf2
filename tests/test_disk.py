"""Room on the disk."""

import errno
import resource
import shutil

import pytest

from v1model.disk import require_space, reserve


def test_more_than_is_free_is_refused_with_folder_and_numbers(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1_500_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    require_space("results_dir", tmp_path, 1_500_000_000)
    with pytest.raises(ValueError) as caught:
        require_space("results_dir", tmp_path, 2_345_678_901)
    text = f"results_dir {tmp_path} has 1.5 GB free, but up to 2.35 GB will be written."
    assert str(caught.value) == text


def test_a_reserve_is_given_back(tmp_path):
    reserve(tmp_path, 0)
    reserve(tmp_path, 100_000)
    assert list(tmp_path.iterdir()) == []


def test_a_reserve_beyond_the_disk_is_refused(tmp_path):
    with pytest.raises(OSError) as caught:
        reserve(tmp_path, 2 * shutil.disk_usage(tmp_path).total)
    assert caught.value.errno in {errno.ENOSPC, errno.EFBIG}


def test_a_reserve_sees_the_limits_of_the_process(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        reserve(tmp_path, 10_000)
        with pytest.raises(OSError) as caught:
            reserve(tmp_path, 10_001)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.errno == errno.EFBIG
