"""`dnalect scan` and `dnalect score --precomputed` as people call them."""

import os
import resource
import signal
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

import forked
from dnalect.genome.fasta import open_genome
from forked import Child


@pytest.fixture
def run(tmp_path):
    def call(*arguments, **more):
        return forked.dnalect(*arguments, cwd=tmp_path, text=True, **more)

    return call


@pytest.fixture
def scan(run, fasta, model_folder):
    return lambda *more, **kwargs: run("scan", fasta, "-m", model_folder, *more, **kwargs)


def test_a_scan_says_what_it_did(scan, tmp_path):
    done = scan("-o", "out.parquet", "-o", "out.bw")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "6,900 bases in 2 chunks: out.parquet, out.information.bw, out.reference.bw, out.minimum.bw" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "out.information.bw", "out.minimum.bw", "out.parquet", "out.reference.bw"
    ]  # fmt: skip
    metadata = pq.read_schema(tmp_path / "out.parquet" / "chrA.parquet").metadata
    assert metadata[b"dnalect_command"].startswith(b"dnalect scan ")
    assert b"exactly symmetric" in metadata[b"dnalect_strands"]


def test_quiet_is_quiet(scan):
    done = scan("-o", "out.parquet", "--regions", "chrB", "--quiet", "--threads", "1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "Missing option '-o'"),
        (("-o", "out.tsv"), 2, "suffixes"),
        (("-o", "a.bw", "--batch-size", "3"), 2, "power of two"),
        (("-o", "a.bw", "--batch-size", "0"), 2, "--batch-size"),
        (("-o", "a.bw", "--dtype", "float8"), 2, "--dtype"),
        (("-o", "no/a.bw"), 1, "does not exist"),
        (("-o", "a.bw", "--regions", "chrZ"), 1, "neither a BED file nor a region"),
        (("-o", "a.bw", "--device", "cuda:99"), 1, "cannot be used"),
        (("-o", "a.bw", "-m", "none"), 1, "no model"),
    ],
)
def test_bad_calls_are_a_message_a_status_and_nothing_else(scan, tmp_path, arguments, status, words):
    done = scan(*arguments)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_model_must_be_named_for_an_unknown_genome(run, fasta, tmp_path):
    done = run("scan", fasta, "-o", "a.bw")
    assert done.returncode == 1
    assert "--model" in done.stderr
    assert not list(tmp_path.iterdir())


STUCK = """
import sys, time
import dnalect.core.runs as runs
from dnalect.cli.main import main

write = runs.write_durably
runs.write_durably = lambda path, data: write(path, data) if path.name == "plan.json" else time.sleep(100)
sys.argv = ["dnalect", *sys.argv[1:]]
main()
"""


def test_interrupted_it_says_how_to_go_on(fasta, model_folder, tmp_path):
    arguments = ["scan", str(fasta), "-m", str(model_folder), "-o", "a.bw"]
    process = Child(STUCK, *arguments, cwd=tmp_path)
    for _ in range(1200):
        if (tmp_path / "a.bw.part" / "plan.json").exists():
            break
        time.sleep(0.1)
    time.sleep(0.5)
    process.send(signal.SIGTERM)
    assert process.wait(60) == 130
    message = process.stderr
    assert "0 of 2 chunks are in a.bw.part; the same command goes on from there" in message
    assert "Traceback" not in message


def test_a_full_disk_keeps_the_chunks_and_says_so(scan, tmp_path):
    """A limit on the size of a file stands in for the full disk."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = scan("-o", "out.parquet", preexec_fn=limit)
    assert done.returncode == 1, done.stderr
    assert "cannot write out.parquet.part/0.0.chunk" in done.stderr
    assert "Traceback" not in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet.part"]
    assert scan("-o", "out.parquet").returncode == 0
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet"]


@pytest.fixture
def variants(fasta, tmp_path):
    """The SNVs of 77 sites of chrA, 65 of them among its first 2,500 bases, an MNV and a deletion."""
    bases = open_genome(fasta).contig("chrA").tobytes().decode().upper()
    lines = ["##fileformat=VCFv4.2\n", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"]
    for at in [*range(100, 2900, 37), 3150]:
        for alt in "ACGT".replace(bases[at], ""):
            lines.append(f"chrA\t{at + 1}\t.\t{bases[at]}\t{alt}\t.\t.\t.\n")
    other = {"A": "C", "C": "G", "G": "T", "T": "A"}
    lines.append(f"chrA\t4001\t.\t{bases[4000:4003]}\t{''.join(other[b] for b in bases[4000:4003])}\t.\t.\t.\n")
    lines.append(f"chrA\t4101\t.\t{bases[4100:4103]}\t{bases[4100]}\t.\t.\t.\n")
    path = tmp_path / "in.vcf"
    path.write_text("".join(lines))
    return path


def columns(path):
    table = pq.read_table(path)
    return table, {name: table.column(name).to_numpy() for name in ("llr", "percentile", "ref_probability")}


def test_precomputed_scores_are_the_models_within_the_bound(scan, run, fasta, model_folder, variants, tmp_path):
    assert scan("-o", "t.parquet", "--regions", "chrA:1-2500").returncode == 0
    common = ("score", fasta, variants, "-m", model_folder, "--background", 600, "--background-others", 100)
    assert run(*common, "-o", "plain.parquet").returncode == 0
    done = run(*common, "--precomputed", "t.parquet", "-o", "fast.parquet", "-o", "fast.vcf", "--report", "r.html")
    assert done.returncode == 0, done.stderr
    assert "65 of 77 SNV sites were looked up in t.parquet; the model computed the other 12" in done.stderr
    plain, slow = columns(tmp_path / "plain.parquet")
    table, fast = columns(tmp_path / "fast.parquet")
    snv = np.array([kind == "snv" for kind in plain.column("class").to_pylist()])
    assert (np.abs(fast["llr"] - slow["llr"]) <= np.abs(slow["llr"]) / 2048 + 2e-4).all()
    assert np.array_equal(fast["llr"][~snv], slow["llr"][~snv])
    assert np.array_equal(fast["percentile"][~snv], slow["percentile"][~snv])
    assert np.abs(fast["percentile"] - slow["percentile"]).max() < 0.01
    assert np.nanmax(np.abs(fast["ref_probability"] - slow["ref_probability"])) < 4e-4
    assert b"t.parquet" in table.schema.metadata[b"dnalect_precomputed"]
    assert b"dnalect_precomputed" not in plain.schema.metadata
    assert "##dnalect_precomputed=t.parquet " in (tmp_path / "fast.vcf").read_text()
    assert "65 of 77 SNV sites" in (tmp_path / "r.html").read_text()
    both = ("--score", "llr,distance", "--precomputed", "t.parquet", "-o", "both.parquet")
    done = run(*common, *both)
    assert "and all distances, which no scan holds" in done.stderr
    table, again = columns(tmp_path / "both.parquet")
    assert np.array_equal(again["llr"], fast["llr"])
    assert (table.column("l2_site").to_numpy() > 0).all()


def test_a_scan_of_another_reference_is_refused(scan, run, fasta, model_folder, variants, tmp_path):
    (tmp_path / "other.fa").write_text(fasta.read_text().replace("CTATATATATATG", "CTATATATACATG"))
    assert run("scan", "other.fa", "-m", model_folder, "-o", "t.parquet", "--quiet").returncode == 0
    before = sorted(os.listdir(tmp_path))
    done = run("score", fasta, variants, "-m", model_folder, "--precomputed", "t.parquet", "-o", "s.tsv")
    assert done.returncode == 1
    assert "computed with another reference" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir(tmp_path)) == before
