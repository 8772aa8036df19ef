"""Finished pieces come back as they were, or not at all; each is computed once, by whomever."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from dnalect.core.errors import OutputError
from dnalect.core.runs import Run, packed, unpacked


def test_comes_back_and_says_nothing(tmp_path):
    told = []
    run = Run(tmp_path / "new" / "folder", "a")
    assert run.get("kept", told.append) is None
    run.put("kept", b"content")
    assert run.get("kept", told.append) == b"content"
    assert told == []
    assert [each.name for each in run.folder.iterdir()] == ["kept"]


def test_every_cut_and_every_flipped_bit_is_refused(tmp_path):
    run = Run(tmp_path, "a")
    run.put("kept", b"val")
    path, good = run.path("kept"), run.path("kept").read_bytes()
    for size in range(0, len(good), 3):
        path.write_bytes(good[:size])
        assert run.get("kept") is None
    for bit in range(0, 8 * len(good), 3):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bad)
        assert run.get("kept") is None


def test_what_was_made_of_something_else_is_refused_with_a_notice(tmp_path):
    Run(tmp_path, "model 1").put("kept", b"values")
    told = []
    assert Run(tmp_path, "model 2").get("kept", told.append) is None
    assert "kept is damaged" in told[0]


def test_a_piece_under_another_name_is_refused(tmp_path):
    run = Run(tmp_path, "a")
    run.put("1", b"values")
    run.path("1").rename(run.path("2"))
    assert run.get("2") is None


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot make the folder"):
        Run(tmp_path / "file", "").put("kept", b"")


def test_other_users_can_read_what_is_stored(tmp_path):
    before = os.umask(0o022)
    try:
        Run(tmp_path / "cache", "").put("kept", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "cache" / "kept").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o755


def counted(item):
    """Say in a file of this process that an item was computed."""
    folder, number = item
    with (folder / f"computed.{os.getpid()}").open("a") as file:
        file.write(f"{number}\n")
    return str(number * number).encode()


def name_of(item):
    return str(item[1])


def test_pieces_are_computed_once_whoever_asks(tmp_path):
    run, items = Run(tmp_path / "run", "a"), [(tmp_path, number) for number in range(6)]
    run.piece("2", lambda: b"kept")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        both = [list(run.map(counted, items, name_of, pool)), list(run.map(counted, items, name_of))]
    assert both[0] == both[1] == list(zip(items, [b"0", b"1", b"kept", b"9", b"16", b"25"], strict=True))
    computed = [line for each in tmp_path.glob("computed.*") for line in each.read_text().split()]
    assert sorted(computed) == ["0", "1", "3", "4", "5"]
    assert not (tmp_path / f"computed.{os.getpid()}").exists()


def hold(folder, seconds):
    with Run(folder, "a").claim("x"):
        (folder / "said").write_text("mine")
        time.sleep(seconds)
        (folder / "said").write_text("done")


def test_two_processes_take_turns(tmp_path):
    other = get_context("spawn").Process(target=hold, args=(tmp_path, 1.0))
    other.start()
    while not (tmp_path / "said").is_file():
        assert other.is_alive()
        time.sleep(0.01)
    with Run(tmp_path, "a").claim("x"):
        assert (tmp_path / "said").read_text() == "done"
    other.join()


def test_arrays_come_back_and_nothing_else_does():
    arrays = {"a": np.arange(3), "b": np.ones((2, 2), dtype=np.float32)}
    back = unpacked(packed(arrays))
    assert back.keys() == arrays.keys()
    assert all((back[name] == arrays[name]).all() for name in arrays)
    with pytest.raises(ValueError, match="no arrays"):
        unpacked(packed(arrays)[:40])
    with pytest.raises(ValueError, match=r"no arrays|pickle"):
        unpacked(packed({"a": np.array([{}], dtype=object)}))["a"]
