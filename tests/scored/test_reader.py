"""A scored file is the same table, whatever its format."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dnalect.core.errors import InputError, TableError, VcfError
from dnalect.genome.fasta import open_genome
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options
from dnalect.scored.reader import read_scored
from tests.jobs.rank.tables import HEAD, ROWS, write_table

META = '##fileformat=VCFv4.2\n##INFO=<ID=PIP,Number=A,Type=Float,Description="x">\n'
LINE = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture
def vcf(fasta, tmp_path):
    """SNVs with two alternates, a deletion, a wrong REF."""
    bases = open_genome(fasta).contig("chrA").tobytes().decode().upper()
    other = {"A": "C", "C": "G", "G": "T", "T": "A"}
    lines = []
    for position in (1000, 1003):
        ref = bases[position - 1]
        alt = f"{other[ref]},{other[other[ref]]}"
        lines.append(f"chrA\t{position}\tv{position}\t{ref}\t{alt}\t.\t.\tAC=1,4;AN=10;PIP=0.25,.")
    lines.append(f"chrA\t1700\t.\t{bases[1699:1702]}\t{bases[1699]}\t.\t.\tAC=2;AN=10")
    lines.append(f"chrA\t1800\t.\t{other[bases[1799]]}\tA\t.\t.\t.")
    path = tmp_path / "in.vcf"
    path.write_text(META + LINE + "\n".join(lines) + "\n")
    return path


def test_vcf_tsv_and_parquet_are_one_table(fasta, vcf, model_folder, tmp_path):
    outputs = [str(tmp_path / f"out{suffix}") for suffix in (".vcf.gz", ".tsv", ".parquet")]
    score_file(Options(str(fasta), str(vcf), outputs, model=model_folder, background=200, background_others=100))
    first, *others = [read_scored(path) for path in outputs]
    assert len(first) == 6
    assert np.array_equal(first.numbers("PIP"), [0.25, np.nan, 0.25, np.nan, np.nan, np.nan], equal_nan=True)
    for other in others:
        assert other.keys == first.keys
        for name in ("llr", "percentile", "ref_probability", "allele_count", "allele_frequency"):
            np.testing.assert_allclose(other.numbers(name), first.numbers(name), atol=1e-9)
        for name in ("class", "id", "reason"):
            assert other.texts(name) == first.texts(name)
        assert other.provenance == first.provenance
    assert first.provenance["score"].startswith("llr-loo-2")


def test_changed_bases_leave_shared_ends_out(tmp_path):
    rows = [
        ("c", 11, "A", "G"),
        ("c", 11, "ACG", "A"),
        ("c", 11, "A", "ACC"),
        ("c", 11, "ACGT", "ATTT"),
        ("c", 11, "A", "<DEL>"),
    ]
    scored = read_scored(write_table(tmp_path / "t.tsv", rows, ["chrom", "pos", "ref", "alt"]))
    assert list(zip(*scored.spans, strict=True)) == [(10, 11), (11, 13), (11, 11), (11, 13), (11, 12)]
    assert list(zip(*scored.changed, strict=True)) == [(10, 11), (11, 13), (10, 12), (11, 13), (11, 12)]


def test_other_spellings_of_the_key_do(tmp_path):
    path = write_table(tmp_path / "t.tsv", [("1", 5, "a", "c", "x")], ["#CHROM", "POS", "REF", "ALT", "note"], "")
    scored = read_scored(path)
    assert scored.keys == [("1", 5, "A", "C")]
    assert scored.texts("note") == ["x"]


def test_unusable_files_say_why(tmp_path):
    def table(rows, head):
        return write_table(tmp_path / "t.tsv", rows, head)

    with pytest.raises(TableError, match="'alt' is missing"):
        read_scored(table([("c", 1, "A")], ["chrom", "pos", "ref"]))
    with pytest.raises(TableError, match="no variant"):
        read_scored(table([], HEAD))
    with pytest.raises(TableError, match="no table of variants"):
        read_scored(table([("c", "x", "A", "C")], ["chrom", "pos", "ref", "alt"]))
    with pytest.raises(TableError, match="there twice"):
        read_scored(table([("c", 1, "A", "C", "C")], ["chrom", "pos", "ref", "alt", "alt"]))
    with pytest.raises(InputError, match="No such file"):
        read_scored(str(tmp_path / "none.tsv"))
    with pytest.raises(TableError, match="no such file"):
        read_scored(str(tmp_path / "none.parquet"))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(TableError, match="no Parquet"):
        read_scored(str(tmp_path / "bad.parquet"))
    (tmp_path / "bad.vcf").write_text("##fileformat=VCFv4.2\nchrA\t1\n")
    with pytest.raises(VcfError, match="#CHROM"):
        read_scored(str(tmp_path / "bad.vcf"))
    scored = read_scored(write_table(tmp_path / "t.tsv", ROWS))
    with pytest.raises(TableError, match="must hold numbers"):
        scored.numbers("gene")
    with pytest.raises(TableError, match="has no column 'pip'"):
        scored.numbers("pip")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted as Linux does")
def test_a_table_is_read_without_a_pool_of_threads(tmp_path):
    """Those that still start when a command ends with an error abort it."""
    (tmp_path / "a.tsv").write_text("chrom\tpos\tref\talt\n" + "c\t5\tA\tC\n" * 100_000)
    count = "len(os.listdir('/proc/self/task'))"
    code = "import os; from dnalect.scored.reader import read_scored; "
    code += f"before = {count}; read_scored('a.tsv'); print({count} - before)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    # pyarrow has one thread that reads files.
    assert int(done.stdout) <= 1
