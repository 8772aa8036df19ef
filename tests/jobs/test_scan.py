"""`dnalect scan` from Python: what the files hold, and that they are the same however it went."""

import errno
import hashlib
import json
import random
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pyBigWig
import pytest

import dnalect
from dnalect.core.errors import ConfigError, InputError, OutputError
from dnalect.core.reporter import Reporter, using
from dnalect.genome.fasta import open_genome
from dnalect.inference.tiles import tiled_log_probs
from dnalect.jobs.scan.chunks import ChunkFolder
from dnalect.jobs.scan.job import scan_genome
from dnalect.jobs.scan.options import Options
from dnalect.jobs.scan.outputs import file_names
from dnalect.tokens.bases import UNKNOWN, encode
from forked import Child, run_script

GRID = {"chunk": 2048, "tile": 256}
COLUMNS = ["contig", "position", "ref", "llr_A", "llr_C", "llr_G", "llr_T"]


@pytest.fixture
def scan(fasta, model_folder, tmp_path, monkeypatch):
    """Scan into tmp_path with small chunks; keyword arguments are those of Options."""
    monkeypatch.chdir(tmp_path)

    def run(*outputs, reference=fasta, **more):
        options = {"model": str(model_folder), "batch": 2} | more
        with using(Reporter(say=lambda message: print(message, file=sys.stderr))):
            return scan_genome(Options(str(reference), outputs or ("out.parquet",), **options), **GRID)

    return run


def digests(folder):
    """Every file below a folder -> its SHA-256; the FASTA is left out."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".fa"
    }


def expected(fasta, model_folder, name):
    """LLRs (L, 4) of a contig by the plain way, NaN where there is none."""
    codes = encode(open_genome(fasta).contig(name))
    log_p = tiled_log_probs(dnalect.load(model_folder), codes)
    llr = log_p - np.take_along_axis(log_p, np.minimum(codes, 3)[:, None].astype(int), axis=1)
    llr[(np.arange(4) == codes[:, None]) | (codes == UNKNOWN)[:, None]] = np.nan
    return codes, log_p, llr


def ratios(table):
    return np.stack([table.column(f"llr_{base}").to_numpy() for base in "ACGT"], axis=1)


def test_parquet_holds_every_substitution(scan, fasta, model_folder, tmp_path):
    done = scan()
    assert (done.bases, done.chunks, done.resumed) == (6900, 4, 0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.parquet"]
    for name in ("chrA", "chrB"):
        codes, _, llr = expected(fasta, model_folder, name)
        file = pq.ParquetFile(f"out.parquet/{name}.parquet")
        table = file.read()
        assert table.column_names == COLUMNS
        assert [str(kind) for kind in table.schema.types[3:]] == ["halffloat"] * 4
        assert str(table.schema.field("position").type) == "int32"
        assert file.metadata.num_row_groups == -(-len(codes) // 2048)
        assert file.schema_arrow.metadata[b"dnalect_model_sha256"]
        assert table.column("contig").unique().to_pylist() == [name]
        np.testing.assert_array_equal(table.column("position").to_numpy(), np.arange(1, len(codes) + 1))
        assert "".join(table.column("ref").to_pylist()) == "".join("ACGTN"[code] for code in codes)
        assert (np.abs(ratios(table) - llr) <= np.abs(llr) / 2048 + 1e-5)[~np.isnan(llr)].all()
        np.testing.assert_array_equal(np.isnan(ratios(table)), np.isnan(llr))
        nulls = sum(table.column(f"llr_{base}").null_count for base in "ACGT")
        assert nulls == np.isnan(llr).sum()
    assert nulls == 900


def test_workers_scan_the_same(scan, monkeypatch, workers):
    scan("a.bw", regions=("chrA:100-5000", "chrB"))
    done = scan("b.bw", regions=("chrA:100-5000", "chrB"), engine="ray", workers=2)
    assert done.chunks == len(workers.turns) == 4
    for track in ("information", "reference", "minimum"):
        assert Path(f"a.{track}.bw").read_bytes() == Path(f"b.{track}.bw").read_bytes()


def test_the_folder_is_one_table_to_pyarrow(scan):
    scan()
    table = pq.read_table("out.parquet")
    assert table.num_rows == 6900
    assert table.column("contig").value_counts().to_pylist() == [
        {"values": "chrA", "counts": 6000}, {"values": "chrB", "counts": 900}
    ]  # fmt: skip


def test_bigwig_tracks_hold_what_parquet_holds(scan, fasta, model_folder, tmp_path):
    scan("out.parquet", "out.bw")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "out.information.bw", "out.minimum.bw", "out.parquet", "out.reference.bw"
    ]  # fmt: skip
    codes, log_p, llr = expected(fasta, model_folder, "chrA")
    known = codes != UNKNOWN
    wanted = {
        "information": 2 + (np.exp(log_p) * log_p).sum(axis=1) / np.log(2),
        "reference": np.exp(log_p[np.arange(6000), np.minimum(codes, 3)]),
        "minimum": np.nanmin(np.where(known[:, None], llr, 0), axis=1),
    }
    for track, values in wanted.items():
        with closing(pyBigWig.open(f"out.{track}.bw")) as file:
            assert file.chroms() == {"chrA": 6000, "chrB": 900}
            found = file.values("chrA", 0, 6000, numpy=True)
            np.testing.assert_array_equal(np.isfinite(found), known)
            np.testing.assert_allclose(found[known], values[known], rtol=1 / 2048, atol=3e-3)
            assert file.stats("chrA", 3200, 3264)[0] == pytest.approx(values[3200:3264].mean(), abs=2e-3)
            assert np.isfinite(file.values("chrB", 0, 900, numpy=True)).all()
    lowest = np.nanmin(ratios(pq.read_table("out.parquet/chrB.parquet")), axis=1)
    with closing(pyBigWig.open("out.minimum.bw")) as file:
        np.testing.assert_array_equal(file.values("chrB", 0, 900, numpy=True), lowest)


def test_regions_hold_the_same_numbers(scan, tmp_path):
    scan("whole.parquet", "whole.bw")
    whole = pq.read_table("whole.parquet/chrA.parquet")
    (tmp_path / "some.bed").write_text("chrA\t2000\t2100\nchrA\t3050\t3150\n")
    done = scan("part.parquet", "part.bw", regions=("chrA:2,001-2,110", "some.bed", "chrA:6000-6000"))
    wanted = [*range(2000, 2110), *range(3050, 3150), 5999]
    assert done.bases == len(wanted)
    assert sorted(p.name for p in (tmp_path / "part.parquet").iterdir()) == ["_scan.json", "chrA.parquet"]
    file = pq.ParquetFile("part.parquet/chrA.parquet")
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [48, 162, 1]
    assert file.read().equals(whole.take(wanted))
    with closing(pyBigWig.open("part.minimum.bw")) as part, closing(pyBigWig.open("whole.minimum.bw")) as every:
        values, other = part.values("chrA", 0, 6000, numpy=True), every.values("chrA", 0, 6000, numpy=True)
        np.testing.assert_array_equal(values[wanted], other[wanted])
        assert np.isnan(np.delete(values, wanted)).all()


def test_names_of_contigs_become_safe_names_of_files(scan, tmp_path):
    names = ["Umaydis:chr01:1:+:2476500", "a/b", "..", "_x", "CHR1", "chr1", "ä b", "é" * 80]
    (tmp_path / "odd.fa").write_text("".join(f">{name.replace(' ', '')}\nACGTTGCAAN\n" for name in names) + ">none\n")
    scan("odd.parquet", "odd.bw", reference="odd.fa")
    manifest = json.loads((tmp_path / "odd.parquet" / "_scan.json").read_text())
    files = {each["name"]: each["file"] for each in manifest["contigs"]}
    assert list(files) == [name.replace(" ", "") for name in names]
    assert files["Umaydis:chr01:1:+:2476500"] == "Umaydis%3Achr01%3A1%3A%2B%3A2476500.parquet"
    assert len({name.lower() for name in files.values()}) == len(names)
    for name, file in files.items():
        table = pq.read_table(tmp_path / "odd.parquet" / file, partitioning=None)
        assert set(table.column("contig").to_pylist()) == {name}
    assert len(list((tmp_path / "odd.parquet").iterdir())) == len(names) + 1
    assert pq.read_table(tmp_path / "odd.parquet").num_rows == 10 * len(names)
    with closing(pyBigWig.open(str(tmp_path / "odd.minimum.bw"))) as file:
        assert file.chroms() == dict.fromkeys(files, 10)


def test_file_names_never_meet():
    names = ["a", "A", "a~1", "A~1", "x" * 300, "x" * 300 + "y", ".a", "_a", "%2Ea"]
    files = file_names(names)
    assert files["a"] == "a.parquet"
    assert len({name.lower() for name in files.values()}) == len(names)
    assert all(len(name) < 255 and name[0] not in "._" for name in files.values())


def test_a_genome_without_known_bases(scan, tmp_path):
    (tmp_path / "n.fa").write_text(">a\n" + "N" * 100 + "\n")
    scan("n.parquet", "n.bw", reference="n.fa")
    table = pq.read_table("n.parquet/a.parquet")
    assert set(table.column("ref").to_pylist()) == {"N"}
    assert table.column("llr_A").null_count == 100
    with closing(pyBigWig.open("n.information.bw")) as file:
        assert np.isnan(file.values("a", 0, 100)).all()


def test_outputs_that_exist_are_replaced_as_a_whole(scan, tmp_path):
    scan("out.parquet", "out.bw", regions=("chrB",))
    before = digests(tmp_path)
    scan("out.parquet", "out.bw")
    assert "out.parquet/chrA.parquet" in digests(tmp_path)
    scan("out.parquet", "out.bw", regions=("chrB",))
    assert digests(tmp_path) == before


class StopError(Exception):
    pass


@pytest.fixture
def stopped(scan, monkeypatch):
    """Scan, and fail when so many chunks are written."""
    write = ChunkFolder.write

    def run(chunks, *outputs):
        written = []

        def limited(self, chunk, values):
            if len(written) == chunks:
                raise StopError
            written.append(chunk)
            write(self, chunk, values)

        with monkeypatch.context() as patch:
            patch.setattr(ChunkFolder, "write", limited)
            with pytest.raises(StopError):
                scan(*outputs)

    return run


def test_a_stopped_scan_goes_on(scan, stopped, tmp_path, capsys):
    scan("out.parquet", "out.bw")
    wanted = digests(tmp_path)
    scan("out.parquet", "out.bw", regions=("chrB",))
    other = digests(tmp_path)
    stopped(2, "out.parquet", "out.bw")
    assert {k: v for k, v in digests(tmp_path).items() if ".part" not in k} == other
    assert sorted(p.name for p in (tmp_path / "out.parquet.part").iterdir()) == [
        "0.0.chunk", "0.1.chunk", "lock", "plan.json"
    ]  # fmt: skip
    done = scan("out.parquet", "out.bw")
    assert done.resumed == 2
    assert "2 of 4 chunks were finished before" in capsys.readouterr().err
    assert digests(tmp_path) == wanted


@pytest.mark.parametrize("harm", ["cut", "changed", "swapped", "empty"])
def test_a_damaged_chunk_is_computed_again(scan, stopped, tmp_path, capsys, harm):
    scan()
    wanted = digests(tmp_path)
    stopped(3)
    part = tmp_path / "out.parquet.part"
    chunk = part / "0.1.chunk"
    data = bytearray(chunk.read_bytes())
    if harm == "cut":
        data = data[:-100]
    elif harm == "changed":
        data[500] ^= 1
    elif harm == "swapped":
        data = (part / "0.0.chunk").read_bytes()
    else:
        data = b""
    chunk.write_bytes(data)
    (part / "0.2.chunk.tmp").write_bytes(b"half")
    assert scan().resumed == 2
    assert "1 damaged chunk" in capsys.readouterr().err
    assert digests(tmp_path) == wanted


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"batch": 4}, r"--batch-size \(2 there, 4 now\)"),
        ({"regions": ("chrB",)}, "another --regions"),
        ({"dtype": "bfloat16"}, r"--dtype \(float32 there, bfloat16 now\)"),
    ],
)
def test_another_plan_is_refused(scan, stopped, tmp_path, other, words):
    stopped(1)
    before = digests(tmp_path)
    with pytest.raises(OutputError, match=words) as caught:
        scan(**other)
    assert "delete out.parquet.part" in str(caught.value)
    assert digests(tmp_path) == before
    assert scan().resumed == 1


def test_another_reference_is_another_plan(scan, stopped, fasta, tmp_path):
    stopped(1)
    (tmp_path / "other.fa").write_text(fasta.read_text().replace("CTATATATATATG", "CTATATATACATG"))
    with pytest.raises(OutputError, match="another reference"):
        scan(reference=tmp_path / "other.fa")


def test_two_scans_do_not_share_a_folder(scan, tmp_path):
    fcntl = pytest.importorskip("fcntl")
    part = tmp_path / "out.parquet.part"
    part.mkdir()
    with (part / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="another scan is writing"):
            scan()
    scan()


def test_folders_of_others_are_left_alone(scan, tmp_path):
    for name in ("out.parquet", "new.parquet.part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "thesis.txt").write_text("x")
    with pytest.raises(OutputError, match="dnalect scan did not make"):
        scan("out.parquet")
    with pytest.raises(OutputError, match=r"holds thesis\.txt"):
        scan("new.parquet")
    assert [str(p.relative_to(tmp_path)) for p in sorted(tmp_path.rglob("*.*")) if p.is_file()] == [
        "new.parquet.part/thesis.txt", "out.parquet/thesis.txt"
    ]  # fmt: skip


def test_a_disk_that_fills_up_at_the_end(scan, tmp_path, monkeypatch):
    """The outputs are assembled when all is computed: what was computed stays, what was there before stays."""
    scan("out.parquet", "out.bw", regions=("chrB",))
    before = digests(tmp_path)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("dnalect.jobs.scan.outputs.BigWig.finish", full)
        with pytest.raises(OutputError, match="No space left on device; the finished chunks are kept"):
            scan("out.parquet", "out.bw")
    assert {k: v for k, v in digests(tmp_path).items() if ".part" not in k} == before
    assert not list(tmp_path.rglob("*.bw"))[3:]
    assert scan("out.parquet", "out.bw").resumed == 4


@pytest.mark.parametrize(
    ("outputs", "more", "error", "words"),
    [
        (("out.tsv",), {}, OutputError, "none of the suffixes"),
        ((".bw",), {}, OutputError, "none of the suffixes"),
        (("a.bw", "./a.bw"), {}, OutputError, "named twice"),
        (("no/a.bw",), {}, OutputError, "does not exist"),
        (("file.parquet",), {}, OutputError, "is a file"),
        (("out.parquet",), {"regions": ("chrC",)}, InputError, "neither a BED file nor a region"),
        (("out.parquet",), {"regions": ("chrB:1-901",)}, InputError, "does not lie within"),
        (("out.parquet",), {"regions": ("empty.bed",)}, InputError, "hold no base"),
        (("out.parquet",), {"batch": 3}, ConfigError, "power of two"),
    ],
)
def test_bad_calls_leave_nothing(scan, tmp_path, outputs, more, error, words):
    (tmp_path / "file.parquet").write_text("x")
    (tmp_path / "empty.bed").write_text("chrB\t5\t5\n")
    before = digests(tmp_path)
    with pytest.raises(error, match=words):
        scan(*outputs, **more)
    assert digests(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == 2


SCRIPT = """
import sys, time
from dnalect.jobs.scan import chunks, job

def slowly(method):
    def slow(*arguments):
        time.sleep(0.03)
        return method(*arguments)

    return slow

chunks.ChunkFolder.write = slowly(chunks.ChunkFolder.write)
chunks.ChunkFolder.read = slowly(chunks.ChunkFolder.read)
job.scan_genome(job.Options(sys.argv[1], sys.argv[3:], model=sys.argv[2], batch=1), chunk=2048)
"""


def killed(command, folder, ready):
    """Start the scan and kill it, without any warning, as soon as `ready` says so."""
    process = Child(*command, cwd=folder)
    try:
        until = time.monotonic() + 120
        while not ready() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
        assert process.poll() is None, "the scan ended before it could be killed"
    finally:
        process.kill()


def test_killed_at_any_moment_it_ends_in_the_same_bytes(tmp_path, model_folder):
    rng = np.random.default_rng(3)
    fasta = tmp_path / "g.fa"
    bases = ["".join(rng.choice(list("ACGTN"), length, p=[0.24] * 4 + [0.04])) for length in (40_000, 9_000, 30)]
    fasta.write_text("".join(f">c:{n}\n{text}\n" for n, text in enumerate(bases)))
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    outputs = ["out.parquet", "out.bw"]
    command = [SCRIPT, fasta, model_folder, *outputs]
    for folder in (whole, broken):
        folder.mkdir()
    run_script(*command, cwd=whole)
    part = broken / "out.parquet.part"
    for count in sorted(random.Random(5).sample(range(1, 24), 3)):
        killed(command, broken, lambda count=count: len(list(part.glob("*.chunk"))) >= count)
        assert [each.name for each in broken.iterdir()] == ["out.parquet.part"]
    killed(command, broken, lambda: (part / "assembled").exists())
    run_script(*command, cwd=broken)
    assert digests(broken) == digests(whole)
    assert len(digests(whole)) == 7
