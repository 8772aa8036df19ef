"""FASTA in every shape that people have, and what is none."""

import gzip
import hashlib
import time

import numpy as np
import pysam
import pytest

from dnalect.core.errors import FastaError
from dnalect.core.files import cache_folder
from dnalect.genome import fasta, packing
from dnalect.genome.fasta import open_genome

TEXT = b">one first\nACGTac\nNRYK\n\n>two\nGG\n>three\nTTTT"


def written(tmp_path, data, name="g.fa"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def bgzip(tmp_path, data):
    path = tmp_path / "b.fa.gz"
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(data)
    return path


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
@pytest.mark.parametrize("form", ["plain", "windows", "gzip", "bgzip"])
def test_all_forms_are_the_same_genome(tmp_path, form, block, monkeypatch):
    monkeypatch.setattr(packing, "BLOCK", block)
    path = {
        "plain": lambda: written(tmp_path, TEXT),
        "windows": lambda: written(tmp_path, TEXT.replace(b"\n", b"\r\n")),
        "gzip": lambda: written(tmp_path, gzip.compress(TEXT), "g.fa.gz"),
        "bgzip": lambda: bgzip(tmp_path, TEXT),
    }[form]()
    genome = open_genome(path)
    assert genome.names == ("one", "two", "three")
    assert genome.lengths.tolist() == [10, 2, 4]
    assert genome.contig("one").tobytes() == b"ACGTacNRYK"
    assert genome.contig("three").tobytes() == b"TTTT"
    assert genome.checksums[0] == hashlib.md5(b"ACGTACNRYK").hexdigest()


def test_nothing_is_written_beside_the_input_and_the_cache_is_used(tmp_path, monkeypatch):
    path = written(tmp_path, TEXT)
    first = open_genome(path)
    assert [p.name for p in tmp_path.iterdir()] == ["g.fa"]
    assert any((cache_folder() / "genomes").iterdir())
    monkeypatch.setattr(fasta, "pack", lambda *_: pytest.fail("packed again"))
    assert open_genome(path).checksum == first.checksum


def test_time_grows_with_the_number_of_contigs_and_not_with_its_square(tmp_path):
    def packed(count):
        best = float("inf")
        for attempt in range(3):
            text = "".join(f">scaffold_{number}\nACGT\n" for number in range(count))
            path = written(tmp_path, text.encode(), f"{count}.{attempt}.fa")
            begun = time.process_time()
            genome = open_genome(path)
            best = min(best, time.process_time() - begun)
        assert genome.names == tuple(f"scaffold_{number}" for number in range(count))
        assert (genome.lengths == 4).all()
        assert set(genome.checksums) == {hashlib.md5(b"ACGT").hexdigest()}
        assert len(genome.checksums) == count
        return best

    # Ten times the contigs; a search through a list of names made it seventy times the time.
    assert packed(20_000) < 25 * packed(2_000)


def test_windows_are_padded_with_n_and_equal_fetch(fasta):
    genome = open_genome(fasta)
    rng = np.random.default_rng(0)
    contigs = rng.integers(0, 2, 500)
    starts = rng.integers(-60, 6100, 500)
    windows = genome.windows(contigs, starts, 50)
    for contig, start, window in zip(contigs, starts, windows, strict=True):
        assert window.tobytes() == genome.fetch(int(contig), int(start), int(start) + 50).tobytes()
    assert genome.fetch(1, 895, 905).tobytes()[5:] == b"NNNNN"
    assert genome.fetch(0, -3, 1).tobytes()[:3] == b"NNN"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no sequence"),
        (b">a\n\n", "no sequence"),
        (b"\x89PNG\r\n\x1a\n", "no FASTA"),
        (b"ACGT\n", "no FASTA"),
        (b">a\nAC\n>a\nGT\n", "occurs twice"),
        (b">\nAC\n", "without a name"),
        (b">a\nMEEPQSDPSV\n", "no DNA FASTA"),
        (b">a\n\x00\x01\n", "no DNA FASTA"),
        (gzip.compress(TEXT * 100, mtime=0)[:-20], "cut short"),
    ],
)
def test_what_is_no_fasta_is_refused_and_leaves_nothing(tmp_path, data, message, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(FastaError, match=message):
        open_genome(written(tmp_path, data))
    assert not list((tmp_path / "cache").rglob("*.*"))


def test_missing_and_folder(tmp_path):
    with pytest.raises(FastaError, match="No such file"):
        open_genome(tmp_path / "none.fa")
    with pytest.raises(FastaError, match="folder"):
        open_genome(tmp_path)
