"""What is stored comes back as it was, or not at all."""

import os

import pytest

from dnalect.core.errors import OutputError
from dnalect.core.notices import DnalectWarning
from dnalect.core.stored import read_stored, write_stored


def test_comes_back_and_says_nothing(tmp_path):
    told = []
    path = tmp_path / "new" / "folder" / "kept"
    assert read_stored(path, "a", told.append) is None
    write_stored(path, b"content", "a")
    assert read_stored(path, "a", told.append) == b"content"
    assert told == []
    assert [each.name for each in path.parent.iterdir()] == ["kept"]


def test_every_cut_and_every_flipped_bit_is_refused(tmp_path):
    path = tmp_path / "kept"
    write_stored(path, b"val", "a")
    good = path.read_bytes()
    for size in range(0, len(good), 3):
        path.write_bytes(good[:size])
        assert read_stored(path, "a", lambda _: None) is None
    for bit in range(0, 8 * len(good), 3):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bad)
        assert read_stored(path, "a", lambda _: None) is None


def test_what_was_made_of_something_else_is_refused_with_a_notice(tmp_path):
    path = tmp_path / "kept"
    write_stored(path, b"values", "model 1")
    with pytest.warns(DnalectWarning, match="kept is damaged"):
        assert read_stored(path, "model 2") is None


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot make the folder"):
        write_stored(tmp_path / "file" / "kept", b"", "")


def test_other_users_can_read_what_is_stored(tmp_path):
    before = os.umask(0o022)
    try:
        write_stored(tmp_path / "cache" / "kept", b"", "")
    finally:
        os.umask(before)
    assert (tmp_path / "cache" / "kept").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o755
