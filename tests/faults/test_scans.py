"""What a scan left on the disk gives the scores that were computed, or a refusal."""

import json
import shutil

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import InputError
from dnalect.core.reporter import Reporter, using
from dnalect.core.stored import PieceReader, piece_crcs
from dnalect.genome.fasta import open_genome
from dnalect.inference import precomputed
from dnalect.inference.precomputed import MANIFEST, Precomputed
from dnalect.jobs.scan.job import scan_genome
from dnalect.jobs.scan.options import Options


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """A FASTA of two contigs of one length, a model, and the folder of their scan."""
    from conftest import make_model

    folder = tmp_path_factory.mktemp("scanned")
    rng = np.random.default_rng(5)
    with (folder / "g.fa").open("w") as out:
        for name in ("one", "two"):
            out.write(f">{name}\n{''.join(rng.choice(list('ACGT'), 700))}\n")
    make_model(folder / "tiny")
    options = Options(str(folder / "g.fa"), [str(folder / "t.parquet")], model=str(folder / "tiny"), batch=2)
    with using(Reporter(say=lambda _: None)):
        scan_genome(options, chunk=512, tile=256)
    return folder


def looked_up(folder, scan):
    genome = open_genome(folder / "g.fa")
    table = Precomputed(scan, genome, dnalect.load(folder / "tiny"))
    positions = np.tile(np.arange(20, 680), 2)
    return table.at_sites(np.repeat([0, 1], 660), positions)[0]


@pytest.mark.parametrize("name", ["one.parquet", MANIFEST])
def test_a_flipped_bit_is_refused_or_changes_nothing(scanned, tmp_path, name):
    scan = tmp_path / "t.parquet"
    shutil.copytree(scanned / "t.parquet", scan)
    expected, good = looked_up(scanned, scan), (scan / name).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for at in rng.integers(0, 8 * len(good), 30).tolist():
        bad = bytearray(good)
        bad[at // 8] ^= 1 << at % 8
        (scan / name).write_bytes(bad)
        try:
            assert np.array_equal(looked_up(scanned, scan), expected)
        except InputError:
            refused += 1
    assert refused >= 25


def test_one_contig_in_the_place_of_another_is_refused(scanned, tmp_path):
    scan = tmp_path / "t.parquet"
    shutil.copytree(scanned / "t.parquet", scan)
    shutil.copy(scan / "two.parquet", scan / "one.parquet")
    with pytest.raises(InputError, match=r"one\.parquet cannot be read .*checksum differs.*scan again"):
        looked_up(scanned, scan)


def test_files_that_are_swapped_in_the_manifest_are_refused(scanned, tmp_path):
    scan = tmp_path / "t.parquet"
    shutil.copytree(scanned / "t.parquet", scan)
    manifest = json.loads((scan / MANIFEST).read_text())
    one, two = manifest["contigs"]
    one["file"], two["file"], one["crc32"], two["crc32"] = two["file"], one["file"], two["crc32"], one["crc32"]
    (scan / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="is damaged: its checksum differs"):
        looked_up(scanned, scan)


def test_pieces_are_read_as_the_file_is(tmp_path, monkeypatch):
    path = tmp_path / "file"
    data = np.random.default_rng(0).bytes(1000)
    path.write_bytes(data)
    crcs = piece_crcs(path, 64)
    with PieceReader(path, crcs, 64) as file:
        for start, size in ((0, 10), (60, 200), (990, 50), (5, 0), (1000, 1)):
            file.seek(start)
            assert file.read(size) == data[start : start + size]
        file.seek(-8, 2)
        assert file.read() == data[-8:]
        path.write_bytes(data[:500] + b"?" + data[501:])
        file.seek(0)
        assert file.read(100) == data[:100]
        with pytest.raises(InputError, match="checksum differs"):
            file.read()
    path.write_bytes(data[:640])
    with pytest.raises(InputError, match="checksum differs"):
        PieceReader(path, crcs, 64)
    assert precomputed.PIECE >= 1 << 16
