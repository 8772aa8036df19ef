"""A bigWig in any state gives its values or a refusal; the libraries end the process on some of these."""

import struct
import zlib

import numpy as np
import pyBigWig
import pytest

from dnalect.core.errors import InputError
from dnalect.genome.bigwig_reader import BigWigReader
from dnalect.genome.signal import read_signal

LENGTHS = {"chr1": 40_000, "chr2": 3_000, "chr10": 50}


@pytest.fixture(scope="module")
def track(tmp_path_factory):
    """Blocks of all three kinds, as UCSC's tools and pyBigWig write them, and what pyBigWig reads there."""
    path = tmp_path_factory.mktemp("bigwig") / "t.bw"
    rng = np.random.default_rng(0)
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(LENGTHS.items()))
        file.addEntries("chr1", 100, values=rng.random(30_000), span=1, step=1)
        file.addEntries("chr1", [30_500, 30_900], values=[1.5, -2.0], span=7)
        file.addEntries(["chr2", "chr2"], [10, 2_000], ends=[15, 3_000], values=[1.0, 2.0])
    with pyBigWig.open(str(path)) as file:
        return path, {name: file.values(name, 0, length, numpy=True) for name, length in LENGTHS.items()}


def values(path):
    with BigWigReader(path) as file:
        return {name: file.values(name, 0, min(length, 40_000)) for name, length in file.contigs.items()}


def test_values_are_those_that_pybigwig_reads(track):
    path, expected = track
    found = values(path)
    assert found.keys() == expected.keys() == LENGTHS.keys()
    for name, each in expected.items():
        np.testing.assert_array_equal(found[name], each)
    rng = np.random.default_rng(1)
    with BigWigReader(path) as file:
        for start in rng.integers(0, 39_000, 60).tolist():
            end = start + int(rng.integers(1, 900))
            np.testing.assert_array_equal(file.values("chr1", start, end), expected["chr1"][start:end])


def test_the_other_order_of_bytes(tmp_path):
    block = zlib.compress(struct.pack(">5I2BH", 0, 2, 5, 1, 1, 3, 0, 3) + struct.pack(">3f", 1, 2, 3))
    names = (
        struct.pack(">4I2Q", 0x78CA8C91, 1, 1, 8, 1, 0) + struct.pack(">2BH", 1, 0, 1) + b"c" + struct.pack(">2I", 0, 9)
    )
    index_at = 64 + len(names) + 8 + len(block)
    head = struct.pack(">I2H3Q2H2QIQ", 0x888FFC26, 4, 0, 64, 64 + len(names), index_at, 0, 0, 0, 0, 4096, 0)
    index = struct.pack(">2IQ4IQ2I", 0x2468ACE0, 1, 1, 0, 2, 0, 5, 0, 1, 0) + struct.pack(">2BH", 1, 0, 1)
    leaf = struct.pack(">4I2Q", 0, 2, 0, 5, 64 + len(names) + 8, len(block))
    path = tmp_path / "big-endian.bw"
    path.write_bytes(head + names + struct.pack(">Q", 1) + block + index + leaf)
    nan = np.nan
    np.testing.assert_array_equal(
        values(path)["c"], np.array([nan, nan, 1, 2, 3, nan, nan, nan, nan], dtype=np.float32)
    )


def damaged(good, rng):
    data = bytearray(good)
    kind = rng.integers(3)
    if kind == 0:
        return data[: rng.integers(len(data))]
    for _ in range(rng.integers(1, 12)):
        data[rng.integers(len(data) if kind == 1 else 1200)] = rng.integers(256)
    return data


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_whatever_is_cut_or_garbled_is_refused_or_read_in_bounds(track, tmp_path, seed):
    good, path = track[0].read_bytes(), tmp_path / "bad.bw"
    rng = np.random.default_rng(seed)
    refused = 0
    for _ in range(100 if seed == 0 else 1500):
        path.write_bytes(damaged(good, rng))
        try:
            values(path)
        except InputError as error:
            refused += 1
            assert "bigWig" in str(error)  # noqa: PT017
    assert refused > 50


def test_a_tree_that_leads_back_to_itself_ends(track, tmp_path):
    data = bytearray(track[0].read_bytes())
    at = struct.unpack_from("<Q", data, 24)[0] + 48
    data[at : at + 4] = struct.pack("<2BH", 0, 0, 1)
    data[at + 4 : at + 28] = struct.pack("<4IQ", 0, 0, 9, 9, at)
    (tmp_path / "loop.bw").write_bytes(data)
    with pytest.raises(InputError, match="has no end"):
        values(tmp_path / "loop.bw")


@pytest.mark.parametrize("content", [b"", b"MZ", b"\x26\xfc\x8f\x88", b"\0" * 100, b"text\n" * 40])
def test_what_is_no_bigwig(tmp_path, content):
    path = tmp_path / "x.bw"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.bw is no bigWig"):
        read_signal(path, "chr1", 10)
    with pytest.raises(InputError, match="no such file"):
        read_signal(tmp_path / "none.bw", "chr1", 10)
