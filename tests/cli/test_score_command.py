"""`dnalect score` as people call it: what comes out, and what bad input does."""

import gzip
import os
import resource
import signal
import subprocess
import sys
import time

import cyvcf2
import numpy as np
import pyarrow.parquet as pq
import pysam
import pytest

import dnalect
import forked
from conftest import make_model
from dnalect.genome.fasta import open_genome
from dnalect.jobs.scoring import CHUNK
from models.folders import make

META = "##fileformat=VCFv4.2\n##contig=<ID=chrA,length=6000>\n"
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def run(*arguments, stdin=None, **more):
    return forked.dnalect(*arguments, stdin=stdin, **more)


def other(base):
    return {"A": "C", "C": "G", "G": "T", "T": "A"}[base]


@pytest.fixture
def bases(fasta):
    return open_genome(fasta).contig("chrA").tobytes().decode().upper()


@pytest.fixture
def vcf(tmp_path, bases):
    """Every class and every reason, three samples, odd INFO, Windows line ends left out."""
    lines = []

    def add(position, ref, alt, info="."):
        lines.append(f"chrA\t{position}\tv{len(lines)}\t{ref}\t{alt}\t9.50\tPASS\t{info}\tGT:DP\t0|1:3\t./.\t1/1:9")

    for position in (1000, 1003, 1500):
        ref = bases[position - 1]
        add(position, ref, other(ref), "AC=1;AN=6;TEXT=x y")
    ref = bases[1599]
    add(1600, ref, ",".join(b for b in "ACGT" if b != ref))
    add(1700, bases[1699:1702], bases[1699])
    add(1800, bases[1799], bases[1799] + "ACG")
    add(1900, bases[1899:1902], "".join(map(other, bases[1899:1902])))
    add(2000, bases[1999], "<DEL>", "SVTYPE=DEL;END=2020")
    add(2100, bases[2099], f"*,{other(bases[2099])},<NON_REF>")
    add(2200, bases[2199], ".")
    add(2300, other(bases[2299]), bases[2299])
    add(2400, bases[2399], "<INS:ME:ALU>")
    add(2500, bases[2499], f"{bases[2499]}[chrB:20[")
    add(2600, bases[2599], "R")
    add(10, bases[9], other(bases[9]))
    add(99999, "A", "C")
    path = tmp_path / "in.vcf"
    columns = COLUMNS + "\tFORMAT\ts1\ts2\ts3"
    text = META + '##INFO=<ID=TEXT,Number=1,Type=String,Description="x">\n' + columns + "\n" + "\n".join(lines) + "\n"
    path.write_text(text + "other\t5\t.\tA\tC\t.\t.\t.\tGT\t.\t.\t.\n")
    return path


def score(fasta, vcf, model_folder, *more, **kwargs):
    return run(
        "score", fasta, vcf, "--model", model_folder, "--background", 300, "--background-others", 100, *more, **kwargs
    )


def stripped(lines):
    """Take our additions out."""
    out = []
    for line in lines:
        if line.startswith("##dnalect") or "ID=DNALECT_" in line:
            continue
        columns = line.split("\t")
        if not line.startswith("#"):
            kept = [e for e in columns[7].split(";") if not e.startswith("DNALECT_")]
            columns[7] = ";".join(kept) or "."
        out.append("\t".join(columns))
    return out


def fields(line):
    return dict(e.split("=", 1) for e in line.split("\t")[7].split(";") if e.startswith("DNALECT_"))


def test_every_record_comes_back_byte_for_byte_with_a_score_or_a_reason(fasta, vcf, model_folder, tmp_path):
    out = tmp_path / "out.vcf"
    done = score(fasta, vcf, model_folder, "-o", out)
    assert done.returncode == 0, done.stderr
    lines = out.read_text().splitlines()
    assert stripped(lines) == vcf.read_text().splitlines()
    assert all("dnalect" in line for line in lines if line not in vcf.read_text() and line.startswith("#"))
    reasons = [fields(line)["DNALECT_REASON"] for line in lines if not line.startswith("#")]
    assert reasons == [
        ".", ".", ".", ".,.,.", ".", ".", ".", ".", "star,.,non_ref", "no_alternate", "ref_mismatch",
        "symbolic:no_sequence",
        "breakend", "ambiguous_base", "contig_edge:9", "out_of_range", "contig_missing",
    ]  # fmt: skip
    for line in lines:
        if line.startswith("#"):
            continue
        found = fields(line)
        for value, percentile, reason in zip(
            *(found[f"DNALECT_{key}"].split(",") for key in ("LLR", "PCT", "REASON")), strict=True
        ):
            assert (value == ".") == (reason != ".")
            assert (percentile == ".") == (reason != ".")
    assert b"9 ref" not in done.stderr
    assert b"ref_mismatch" in done.stderr


def test_an_independent_reader_reads_the_output(fasta, vcf, model_folder, tmp_path):
    out = tmp_path / "out.vcf.gz"
    assert score(fasta, vcf, model_folder, "-o", out).returncode == 0
    found = list(cyvcf2.VCF(str(out)))
    assert len(found) == 17
    assert isinstance(found[0].INFO["DNALECT_LLR"], float)
    assert len(found[3].INFO["DNALECT_LLR"]) == 3


def test_sorted_input_gets_an_index(fasta, model_folder, tmp_path, bases):
    source = tmp_path / "s.vcf"
    source.write_text(META + COLUMNS + "\n" + f"chrA\t700\t.\t{bases[699]}\t{other(bases[699])}\t.\t.\t.\n")
    out = tmp_path / "out.vcf.gz"
    assert score(fasta, source, model_folder, "-o", out).returncode == 0
    assert len(list(pysam.TabixFile(str(out)).fetch("chrA", 600, 800))) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.vcf.gz", "out.vcf.gz.tbi", "s.vcf"]


def test_all_formats_agree_and_streams_work(fasta, vcf, model_folder, tmp_path):
    outs = [tmp_path / name for name in ("o.vcf", "o.tsv", "o.parquet")]
    assert score(fasta, vcf, model_folder, *[x for o in outs for x in ("-o", o)]).returncode == 0
    table = pq.read_table(outs[2]).to_pylist()
    assert len(table) == 21
    assert b"dnalect_model_sha256" in pq.read_schema(outs[2]).metadata
    rows = [line.split("\t") for line in outs[1].read_text().splitlines() if not line.startswith("#")]
    assert [row[6] for row in rows[1:]] == ["" if t["llr"] is None else str(t["llr"]) for t in table]
    piped = score(fasta, "-", model_folder, "--no-provenance", stdin=vcf.read_bytes())
    packed = score(fasta, "-", model_folder, "--no-provenance", stdin=gzip.compress(vcf.read_bytes()))
    assert piped.stdout == packed.stdout
    named = [line for line in outs[0].read_text().splitlines() if not line.startswith("##dnalect")]
    assert piped.stdout.decode().splitlines() == named


@pytest.mark.parametrize("more", [("--batch-size", 1), ("--threads", 1), ("--batch-size", 7)])
def test_bytes_depend_on_neither_batch_nor_threads(fasta, vcf, model_folder, more):
    plain = score(fasta, vcf, model_folder, "--no-provenance")
    assert plain.returncode == 0
    assert score(fasta, vcf, model_folder, "--no-provenance", *more).stdout == plain.stdout


def test_scoring_a_scored_file_again_changes_nothing(fasta, vcf, model_folder, tmp_path):
    once, twice = tmp_path / "1.vcf", tmp_path / "2.vcf"
    assert score(fasta, vcf, model_folder, "--no-provenance", "-o", once).returncode == 0
    assert score(fasta, once, model_folder, "--no-provenance", "-o", twice).returncode == 0
    assert once.read_bytes() == twice.read_bytes()


def bad_inputs(tmp_path, fasta, vcf):
    """name -> (reference, variants, output, status, words of the message)"""

    def put(name, data):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    good = vcf.read_bytes()
    cut = tmp_path / "cut.vcf.gz"
    with pysam.BGZFile(str(cut), "wb") as out:
        out.write(good)
    cut.write_bytes(cut.read_bytes()[:-40])
    out = tmp_path / "result.vcf"
    return {
        "empty": (fasta, put("e.vcf", ""), out, 1, "empty"),
        "no header": (fasta, put("n.vcf", "chrA\t1\t.\tA\tC\t.\t.\t.\n"), out, 1, "no VCF header"),
        "cut": (fasta, cut, out, 1, "cut short"),
        "png": (put("p.fa", b"\x89PNG\r\n\x1a\nxx"), vcf, out, 1, "no FASTA"),
        "twice": (put("t.fa", ">a\nACGT\n>a\nACGT\n"), vcf, out, 1, "occurs twice"),
        "names": (put("c.fa", ">A\n" + "ACGT" * 99 + "\n"), vcf, out, 1, "--rename-contigs"),
        "missing": (fasta, tmp_path / "none.vcf", out, 1, "No such file"),
        "folder": (fasta, vcf, put("d", "") and (tmp_path / "folder.vcf"), 1, "is a folder"),
        "no folder": (fasta, vcf, tmp_path / "no" / "x.vcf", 1, "does not exist"),
        "suffix": (fasta, vcf, tmp_path / "x.xlsx", 2, "suffixes"),
        "onto input": (fasta, vcf, vcf, 1, "is an input"),
        "line": (fasta, put("l.vcf", good + b"chrA\tx\t.\tA\tC\t.\t.\t.\n"), out, 1, "line 22"),
    }


CASES = "empty,no header,cut,png,twice,names,missing,folder,no folder,suffix,onto input,line".split(",")


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_a_message_a_status_and_nothing_else(fasta, vcf, model_folder, tmp_path, case):
    (tmp_path / "folder.vcf").mkdir()
    reference, variants, out, status, words = bad_inputs(tmp_path, fasta, vcf)[case]
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    done = score(reference, variants, model_folder, "-o", out)
    message = done.stderr.decode()
    assert done.returncode == status, message
    assert words in message
    assert "Traceback" not in message
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_a_corrupt_model_is_refused(fasta, vcf, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "card.json").write_text("{")
    done = score(fasta, vcf, folder, "-o", tmp_path / "o.vcf")
    assert done.returncode == 1
    assert b"no JSON" in done.stderr
    assert not (tmp_path / "o.vcf").exists()


def test_ref_that_never_matches_and_huge_alleles_and_many_samples(fasta, model_folder, tmp_path, bases):
    source, out = tmp_path / "in.vcf", tmp_path / "o.vcf"
    samples = "\t".join(f"s{i}" for i in range(1000))
    lines = [
        f"chrA\t{p}\t.\t{other(bases[p - 1])}\tN\t.\t.\t.\tGT\t" + "\t".join(["0/1"] * 1000) for p in range(500, 520)
    ]
    lines.append("chrA\t600\t.\t" + bases[599] + "\t" + bases[599] + "A" * 100_000 + "\t.\t.\t.\tGT" + "\t0/1" * 1000)
    source.write_text(META + COLUMNS + "\tFORMAT\t" + samples + "\n" + "\n".join(lines) + "\n")
    done = score(fasta, source, model_folder, "-o", out)
    assert done.returncode == 0
    got = [line for line in out.read_text().splitlines() if not line.startswith("##dnalect")]
    assert stripped(got) == source.read_text().splitlines()
    assert fields(got[-1])["DNALECT_REASON"] == "too_long"


def test_a_full_disk_leaves_nothing(fasta, model_folder, tmp_path, bases):
    """A limit on the size of a file stands in for the full disk: the write fails in the middle."""
    source, out = tmp_path / "in.vcf", tmp_path / "o.vcf"
    lines = [f"chrA\t{p}\t.\t{bases[p - 1]}\t{other(bases[p - 1])}\t.\t.\t.\n" for p in range(100, 2900)]
    source.write_text(META + COLUMNS + "\n" + "".join(lines))

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = score(fasta, source, model_folder, "-o", out, preexec_fn=limit)
    assert done.returncode == 1, done.stderr
    assert b"cannot write" in done.stderr
    assert b"Traceback" not in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["in.vcf"]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle_leaves_nothing(fasta, vcf, model_folder, tmp_path, sent):
    out = tmp_path / "o.vcf"
    pipe = subprocess.Popen(
        [sys.executable, "-m", "dnalect", "score", str(fasta), "-", "--model", str(model_folder), "--background", "0",
         "-o", str(out)],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        # A shell's background jobs inherit an ignored SIGINT.
        preexec_fn=lambda: signal.signal(sent, signal.SIG_DFL),
    )  # fmt: skip
    # Outputs open once the first chunk of records is scored.
    text = vcf.read_bytes()
    begin = text.index(b"\nchr") + 1
    record = text[begin : text.index(b"\n", begin) + 1]
    pipe.stdin.write(text[:begin] + record * (2 * CHUNK))
    pipe.stdin.flush()
    for _ in range(600):
        if any(p.name.endswith(".part") for p in tmp_path.iterdir()):
            break
        time.sleep(0.1)
    assert pipe.poll() is None
    pipe.send_signal(sent)
    _, message = pipe.communicate(timeout=60)
    assert pipe.returncode == 130
    assert b"interrupted" in message
    assert b"Traceback" not in message
    assert [p.name for p in tmp_path.iterdir()] == ["in.vcf"]


def test_two_runs_onto_one_file_both_end_well(fasta, vcf, model_folder, tmp_path):
    out = tmp_path / "o.vcf"
    command = ("score", fasta, vcf, "--model", model_folder, "--background", 0, "--no-provenance", "-o", out)
    both = [forked.Child(forked.MAIN, *command) for _ in range(2)]
    assert [p.wait(120) for p in both] == [0, 0]
    assert stripped(out.read_text().splitlines()) == vcf.read_text().splitlines()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.vcf", "o.vcf"]


def test_closed_pipes_are_quiet(fasta, vcf, model_folder):
    command = f"{sys.executable} -m dnalect score {fasta} {vcf} --model {model_folder} --background 0 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=120)
    assert done.stdout == b"##fileformat=VCFv4.2\n"
    assert b"Traceback" not in done.stderr
    assert b"Broken" not in done.stderr


def test_wrong_usage_is_2_and_help_is_0():
    assert run("score").returncode == 2
    assert run("score", "a.fa", "b.vcf", "--no-such-option").returncode == 2
    assert run("scare").returncode == 2
    for command in ((), ("score",), ("pretrain",), ("evaluate",), ("evaluate", "likelihood"), ("demo",)):
        done = run(*command, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(b"Usage:")


def test_unwritable_folder(fasta, vcf, model_folder, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o500)
    if os.access(closed, os.W_OK):
        pytest.skip("the superuser may write anywhere")
    done = score(fasta, vcf, model_folder, "-o", closed / "o.vcf")
    assert done.returncode == 1
    assert b"not writable" in done.stderr


DISTANCES = [f"{what}_{where}" for where in ("window", "site") for what in ("cosine", "l2", "inner")]


@pytest.fixture
def ensemble(model_folder, tmp_path_factory):
    """Two duplex models and a masked one; the second saw chrB, which the first did not."""
    folder = tmp_path_factory.mktemp("ensemble")
    other = make_model(folder / "other", width=16)
    card = other / "card.json"
    card.write_text(card.read_text().replace('"train": ["chrA"], "test": ["chrB"]', '"train": ["chrB"]'))
    return [model_folder, other, make("dnabert", folder / "masked, with k-mers")]


def table(path):
    lines = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("# ")]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def test_distances_alone_need_no_log_ratio_and_no_background(fasta, vcf, model_folder, tmp_path):
    out, report = tmp_path / "out.vcf", tmp_path / "r.html"
    environment = os.environ | {"DNALECT_CACHE": str(tmp_path / "own")}
    more = ("--score", "distance", "-o", out, "-o", tmp_path / "out.tsv", "--report", report)
    done = score(fasta, vcf, model_folder, *more, env=environment)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "own" / "backgrounds").exists()
    lines = out.read_text().splitlines()
    assert stripped(lines) == vcf.read_text().splitlines()
    keys = [line.partition("ID=")[2].partition(",")[0] for line in lines if "ID=DNALECT_" in line]
    wanted = {f"DNALECT_{name.upper()}" for name in DISTANCES}
    assert set(keys) == wanted | {"DNALECT_REASON", "DNALECT_FLAGS"}
    assert any(line.startswith("##dnalect_distance=distance-2") for line in lines)
    assert not any(line.startswith(("##dnalect_score", "##dnalect_background")) for line in lines)
    classes = set()
    for line in (line for line in lines if not line.startswith("#")):
        found = fields(line)
        for allele, reason in enumerate(found["DNALECT_REASON"].split(",")):
            values = [found[key].split(",")[allele] for key in wanted & set(found)]
            assert [value == "." for value in values] == [reason != "."] * len(values)
            assert reason != "." or len(values) == 6
    for row in table(tmp_path / "out.tsv"):
        assert (row["cosine_site"] == "") == (row["reason"] != "")
        assert row["llr"] == row["percentile"] == ""
        classes.add(row["class"])
    assert classes == {"", "snv", "mnv", "insertion", "deletion"}
    assert b"scored" in done.stderr
    page = report.read_text()
    assert "cosine distance, site" in page
    assert "ln p(ALT)" not in page
    assert "distance-2" in page


def test_distances_beside_log_ratios_change_nothing_else(fasta, vcf, model_folder, tmp_path):
    both, again, plain = (tmp_path / f"{n}.vcf" for n in range(3))
    assert score(fasta, vcf, model_folder, "--no-provenance", "-o", plain).returncode == 0
    asked = ("--score", "llr,distance", "--no-provenance")
    assert score(fasta, vcf, model_folder, *asked, "-o", both).returncode == 0
    assert score(fasta, vcf, model_folder, *asked, "--batch-size", 3, "-o", again).returncode == 0
    assert again.read_bytes() == both.read_bytes()
    assert stripped(both.read_text().splitlines()) == vcf.read_text().splitlines()
    assert score(fasta, both, model_folder, "--no-provenance", "-o", again).returncode == 0
    assert again.read_bytes() == plain.read_bytes()
    for line, other in zip(both.read_text().splitlines()[-17:], plain.read_text().splitlines()[-17:], strict=True):
        assert fields(other).items() <= fields(line).items()


def test_an_ensemble_is_the_mean_of_what_its_members_say_alone(fasta, vcf, ensemble, tmp_path):
    names = ",".join(str(folder).replace(",", "\\,") for folder in ensemble)
    outs = [tmp_path / name for name in ("o.vcf", "o.tsv", "o.parquet")]
    report = tmp_path / "r.html"
    asked = ("--score", "llr,distance", "--background", 30, "--background-others", 10)
    done = run("score", fasta, vcf, "--model", names, *asked, "--report", report, *[x for o in outs for x in ("-o", o)])
    assert done.returncode == 0, done.stderr
    alone = []
    for number, folder in enumerate(ensemble):
        path = tmp_path / f"{number}.tsv"
        text = str(folder).replace(",", "\\,")
        assert run("score", fasta, vcf, "--model", text, *asked, "--background", 0, "-o", path).returncode == 0
        alone.append(table(path))
    rows, columns = table(outs[1]), ["llr_tiny", "llr_other", "llr_masked__with_k-mers"]
    assert list(rows[0])[-4:] == ["llr_spread", *columns]
    compared = 0
    for row, *each in zip(rows, *alone, strict=True):
        if row["reason"] and any(not other["reason"] for other in each):
            assert any(other["reason"] == row["reason"] for other in each)
        if row["llr"]:
            compared += 1
            values = [float(other["llr"]) for other in each]
            assert [float(row[name]) for name in columns] == values
            assert float(row["llr"]) == pytest.approx(np.mean(values), abs=2e-4)
            assert float(row["llr_spread"]) == pytest.approx(np.std(values), abs=2e-4)
            for name in DISTANCES:
                assert float(row[name]) == pytest.approx(np.mean([float(other[name]) for other in each]), rel=1e-3)
            assert row["seen_in_training"] == "True"
            assert 0 < float(row["percentile"]) <= 1
    assert compared > 8
    assert pq.read_table(outs[2]).column_names == list(rows[0])
    lines = outs[0].read_text().splitlines()
    assert stripped(lines) == vcf.read_text().splitlines()
    first = next(line for line in lines if not line.startswith("#"))
    assert float(fields(first)["DNALECT_SPREAD"]) == pytest.approx(float(rows[0]["llr_spread"]), abs=1e-9)
    told = dict(line[2:].split("=", 1) for line in lines if line.startswith("##dnalect_"))
    assert told["dnalect_model_sha256"].count(",") == 2
    assert told["dnalect_score"].startswith("mean-1 of llr-loo-2, llr-masked-2; nats")
    assert "mean over 3 models" in report.read_text()


def test_an_ensemble_saw_what_any_member_saw(fasta, ensemble, tmp_path):
    genome = open_genome(fasta)
    base = genome.contig("chrB")[399:400].tobytes().decode()
    (tmp_path / "b.tsv").write_text(f"chrom\tpos\tref\talt\nchrB\t400\t{base}\t{other(base)}\n")
    seen = []
    for model in (ensemble[0], ensemble[:2]):
        (row,) = dnalect.score_variants(fasta, tmp_path / "b.tsv", model, percentiles=False, scores=("distance",))
        seen.append(row.seen)
        assert row.score.value is None
        assert row.score.distances.l2_site > 0
    assert seen == [False, True]


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        (("--score", "depth"), 2, "there is no score 'depth'"),
        (("--score", ","), 2, "name a score"),
        (("--score", "distance", "--precomputed", "x"), 1, "--precomputed holds log-ratios alone"),
        (("--model", "{0},{1}", "--precomputed", "x"), 1, "this is an ensemble"),
        (("--model", "{0},"), 1, "a model without a name"),
        (("--model", "{0},{0}"), 1, "named twice"),
    ],
)
def test_what_cannot_be_asked_for(fasta, vcf, ensemble, tmp_path, more, status, words):
    more = [text.format(*ensemble) for text in more]
    done = run("score", fasta, vcf, "--model", ensemble[0], *more, "-o", tmp_path / "o.vcf")
    assert (done.returncode, words in done.stderr.decode()) == (status, True), done.stderr
    assert not (tmp_path / "o.vcf").exists()
