"""A genome is what its FASTA says now, whatever the cache holds; a FASTA that was cut is refused."""

import gzip
import os

import numpy as np
import pysam
import pytest

from dnalect.core.errors import FastaError, VcfError
from dnalect.core.files import cache_folder
from dnalect.core.reporter import Reporter, show, using
from dnalect.genome import packed, packing
from dnalect.genome.fasta import open_genome
from dnalect.genome.streams import BGZF_END

TEXT = b">one\nACGTACGTAC\n>two\nGGCC\n"
OTHER = b">one\nTTTTTTTTTT\n>two\nAAAA\n"


@pytest.fixture(autouse=True)
def as_a_command():
    with using(Reporter(say=show)):
        yield


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))


def cached():
    (found,) = (cache_folder() / "genomes").iterdir()
    return found


def bgzipped(path, text=TEXT, copies=1):
    with pysam.BGZFile(str(path), "wb") as out:
        for _ in range(copies):
            out.write(text)
            out.flush()
    return path


def test_a_bgzipped_genome_cut_at_a_block_border_is_refused(tmp_path):
    whole = bgzipped(tmp_path / "g.fa.gz").read_bytes()
    assert whole.endswith(BGZF_END)
    (tmp_path / "cut.fa.gz").write_bytes(whole[: -len(BGZF_END)])
    with pytest.raises(FastaError, match=r"cut\.fa\.gz is cut short: its bgzip end marker is missing"):
        open_genome(tmp_path / "cut.fa.gz")
    assert not list(cache_folder().rglob("*.packed"))
    (tmp_path / "plain.fa.gz").write_bytes(gzip.compress(TEXT))
    assert open_genome(tmp_path / "plain.fa.gz").checksum == open_genome(tmp_path / "g.fa.gz").checksum


def test_every_flipped_bit_and_every_cut_of_the_packed_genome_is_found(tmp_path, capsys):
    path = tmp_path / "g.fa"
    path.write_bytes(TEXT)
    expected = open_genome(path)
    good, kept = cached().read_bytes(), cached()
    damages = [good[:size] for size in range(0, len(good), 23)]
    for bit in range(0, 8 * len(good), 31):
        damages.append(good[: bit // 8] + bytes([good[bit // 8] ^ 1 << bit % 8]) + good[bit // 8 + 1 :])
    for bad in damages:
        kept.write_bytes(bad)
        genome = open_genome(path)
        assert genome.packed.tobytes() == b"ACGTACGTACGGCC"
        assert genome.checksum == expected.checksum
        assert kept.read_bytes() == good
    assert capsys.readouterr().err.count("packed again") == len(damages)


def test_pieces_are_checked_when_they_are_read_and_packed_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(packed, "PIECE", 64)
    bases = np.random.default_rng(0).choice(list(b"ACGT"), 1000).astype(np.uint8)
    path = tmp_path / "g.fa"
    path.write_bytes(b">one\n" + bases[:600].tobytes() + b"\n>two\n" + bases[600:].tobytes())
    open_genome(path)
    with cached().open("r+b") as file:
        file.seek(700)
        file.write(b"N" * 30)
    genome = open_genome(path)
    assert genome.fetch(1, 0, 20).tobytes() == bases[600:620].tobytes()
    assert genome.contig("one").tobytes() == bases[:600].tobytes()
    assert "packed again" not in capsys.readouterr().err
    found = genome.windows(np.array([0, 1]), np.array([10, 95]), 50)
    assert found.tobytes() == bases[10:60].tobytes() + bases[695:745].tobytes()
    assert "packed again" in capsys.readouterr().err
    assert genome.packed.tobytes() == bases.tobytes()
    assert open_genome(path).packed.tobytes() == bases.tobytes()
    assert not capsys.readouterr().err


def test_damage_that_comes_back_is_an_error(tmp_path, monkeypatch):
    path = tmp_path / "g.fa"
    path.write_bytes(TEXT)
    open_genome(path)
    genome = open_genome(path)
    path.write_bytes(OTHER)
    with cached().open("r+b") as file:
        file.write(b"NN")
    with pytest.raises(FastaError, match="was changed while it was read"):
        genome.fetch(0, 0, 4)


@pytest.mark.parametrize("how", ["in place", "renamed over it"])
def test_another_fasta_of_the_same_size_and_time_is_read(tmp_path, how):
    path = tmp_path / "g.fa"
    path.write_bytes(TEXT)
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    open_genome(path)
    if how == "in place":
        path.write_bytes(OTHER)
    else:
        (tmp_path / "new.fa").write_bytes(OTHER)
        os.replace(tmp_path / "new.fa", path)
    os.utime(path, ns=times)
    assert open_genome(path).contig("two").tobytes() == b"AAAA"
    assert len(list((cache_folder() / "genomes").iterdir())) == 1


def test_a_pipe_is_no_reference(tmp_path):
    os.mkfifo(tmp_path / "pipe.fa")
    with pytest.raises(FastaError, match="is a pipe or a device"):
        open_genome(tmp_path / "pipe.fa")


def test_a_loop_of_links_is_no_reference(tmp_path):
    (tmp_path / "a.fa").symlink_to("b.fa")
    (tmp_path / "b.fa").symlink_to("a.fa")
    with pytest.raises(FastaError, match="symbolic links"):
        open_genome(tmp_path / "a.fa")


def test_names_that_are_no_utf8(tmp_path):
    path = tmp_path / os.fsdecode(b"g\xff.fa")
    path.write_bytes(TEXT.replace(b"one", b"o\xffe"))
    assert open_genome(path).names == ("o\ufffde", "two")


def test_a_second_user_can_read_the_cache(tmp_path):
    before = os.umask(0o022)
    try:
        (tmp_path / "g.fa").write_bytes(TEXT)
        open_genome(tmp_path / "g.fa")
    finally:
        os.umask(before)
    assert cached().stat().st_mode & 0o777 == 0o644
    assert cached().parent.stat().st_mode & 0o777 == 0o755


def test_a_disk_that_fills_up_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packing, "crcs_of", full)
    (tmp_path / "g.fa").write_bytes(TEXT)
    with pytest.raises(FastaError, match="cannot pack .* No space left"):
        open_genome(tmp_path / "g.fa")
    assert not list((cache_folder() / "genomes").iterdir())


def test_a_piped_vcf_cut_at_a_block_border_is_refused(tmp_path, monkeypatch):
    from dnalect.core.errors import InputError
    from dnalect.genome.variants import open_variants

    (tmp_path / "g.fa").write_bytes(TEXT)
    genome = open_genome(tmp_path / "g.fa")
    text = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path = bgzipped(tmp_path / "v.vcf.gz", text + b"one\t2\t.\tC\tG\t.\t.\t.\n" * 5)
    data = path.read_bytes()

    def piped(data, name):
        (tmp_path / name).write_bytes(data)
        with (tmp_path / name).open("rb") as file:
            monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": file}))
            with open_variants("-", genome) as source:
                return len(list(source.records))

    assert piped(data, "whole") == 5
    assert piped(gzip.compress(gzip.decompress(data)), "plain gzip") == 5
    with pytest.raises(InputError, match="standard input is cut short: its bgzip end marker is missing"):
        piped(data[: -len(BGZF_END)], "cut")
    with pytest.raises((InputError, VcfError), match="cut short"):
        piped(data[: -len(BGZF_END) - 9], "within a block")
