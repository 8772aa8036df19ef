"""bigWig files, read back by libBigWig, which shares nothing with our writer."""

import hashlib
import tracemalloc
from contextlib import closing

import numpy as np
import pyBigWig
import pytest

from dnalect.genome.bigwig import BigWig

CONTIGS = {"Umaydis:chr01:1:+:2476500": 300_000, "no/values": 1000, "chrß": 70_000, "short": 5}


def write(path, contigs, parts):
    with closing(BigWig(path, contigs)) as track:
        for chrom, start, values in parts:
            track.add(chrom, start, np.asarray(values, dtype=np.float32))
        track.finish()
    return path


@pytest.fixture
def truth():
    rng = np.random.default_rng(1)
    values = {name: np.full(length, np.nan, dtype=np.float32) for name, length in CONTIGS.items()}
    first = values["Umaydis:chr01:1:+:2476500"]
    first[:] = rng.normal(size=len(first))
    first[1000:51_000] = np.nan
    first[70_000:80_000:2] = np.nan
    values["chrß"][100:60_001] = rng.random(59_901)
    values["short"][:] = [1, 2, np.nan, 4, 5]
    return values


@pytest.fixture
def track(tmp_path, truth):
    parts = []
    for number, values in enumerate(truth.values()):
        parts += [(number, low, values[low : low + 7001]) for low in range(0, len(values), 7001)]
    with closing(pyBigWig.open(str(write(tmp_path / "t.bw", CONTIGS, parts)))) as opened:
        yield opened


def test_every_value_comes_back(track, truth):
    assert track.isBigWig()
    assert track.chroms() == CONTIGS
    for name, values in truth.items():
        np.testing.assert_array_equal(track.values(name, 0, len(values), numpy=True), values)
    assert np.isnan(track.values("no/values", 0, 1000)).all()


def test_header_sums_up_the_track(track, truth):
    known = np.concatenate([values[np.isfinite(values)] for values in truth.values()]).astype(float)
    header = track.header()
    assert header["nBasesCovered"] == len(known)
    assert header["sumData"] == pytest.approx(known.sum(), abs=1)
    assert header["nLevels"] == 7


@pytest.mark.parametrize(("kind", "reduce"), [("mean", np.nanmean), ("min", np.nanmin), ("max", np.nanmax)])
def test_zoomed_out_figures_are_those_of_the_values(track, truth, kind, reduce):
    """With bins as wide as zoom bins, what a browser shows from afar is exact."""
    values = truth["chrß"]
    bins = [reduce(values[low : low + 4096]) for low in range(0, 57_344, 4096)]
    found = track.stats("chrß", 0, 57_344, type=kind, nBins=14)
    np.testing.assert_allclose(found, bins, rtol=1e-5)
    assert track.stats("chrß", 0, 57_344, type="coverage", nBins=14)[0] == pytest.approx(1 - 100 / 4096)


def test_parts_do_not_matter(tmp_path, truth):
    values = truth["chrß"]
    whole = write(tmp_path / "1.bw", {"chrß": 70_000}, [(0, 0, values)])
    aligned = write(tmp_path / "2.bw", {"chrß": 70_000}, [(0, n, values[n : n + 4196]) for n in range(0, 70_000, 4196)])
    with closing(pyBigWig.open(str(whole))) as one, closing(pyBigWig.open(str(aligned))) as other:
        assert one.stats("chrß", nBins=50, type="std") == other.stats("chrß", nBins=50, type="std")


def test_many_contigs_make_trees_of_several_levels(tmp_path):
    contigs = {f"scaffold_{n}": 20 + n for n in range(70_000)}
    path = write(tmp_path / "t.bw", contigs, ((n, 5, [n, n]) for n in range(0, 70_000, 70)))
    with closing(pyBigWig.open(str(path))) as track:
        assert track.chroms() == contigs
        for n in (0, 70, 6_930, 69_930):
            assert track.values(f"scaffold_{n}", 5, 7) == [n, n]
        assert np.isnan(track.values("scaffold_8", 0, 20)).all()


@pytest.mark.parametrize("contigs", [{"a": 5000}, {"a": 3}])
def test_a_track_without_values_opens(tmp_path, contigs):
    path = write(tmp_path / "t.bw", contigs, [(0, 0, [np.nan] * 3)])
    with closing(pyBigWig.open(str(path))) as track:
        assert track.chroms() == contigs
        assert np.isnan(track.values("a", 0, 3)).all()
        assert track.stats("a") == [None]


def test_same_values_are_the_same_bytes(tmp_path, truth):
    digests = {
        hashlib.sha256(write(tmp_path / name, {"a": 70_000}, [(0, 0, truth["chrß"])]).read_bytes()).digest()
        for name in ("1.bw", "2.bw")
    }
    assert len(digests) == 1


def test_memory_does_not_grow_with_the_contig(tmp_path):
    values = np.zeros(1 << 16, dtype=np.float32)
    peaks = []
    for parts in (8, 64):
        tracemalloc.start()
        write(tmp_path / "t.bw", {"a": parts << 16}, ((0, n << 16, values) for n in range(parts)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
