"""Splice scores as a user meets them: one command on a VCF, every record kept, each with its scores or a reason."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.genome.splice_genes import HEADER
from models.splicing import spliceai

pytest.importorskip("h5py")
REAL = os.environ.get("DNALECT_SPLICEAI", "")
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
BASES = "".join(np.random.default_rng(4).choice(list("ACGT"), 1200))


def run(*words):
    return CliRunner().invoke(command, ["score", *map(str, words)])


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A model, a genome, genes as SpliceAI's table and as GFF, and a VCF of all that a VCF may hold."""
    folder = tmp_path_factory.mktemp("splice")
    spliceai(folder / "model", files=1)
    (folder / "genome.fa").write_text(f">chr1\n{BASES}\n")
    genes = [("ONE", "1", "+", 100, 800, "100,500,", "300,800,"), ("TWO", "1", "-", 600, 900, "600,", "900,")]
    (folder / "genes.txt").write_text("\n".join("\t".join(map(str, row)) for row in (HEADER, *genes)) + "\n")
    lines = ["##gff-version 3"]
    for name, contig, strand, start, end, starts, ends in genes:
        lines.append(f"{contig}\t.\tmRNA\t{start + 1}\t{end}\t.\t{strand}\t.\tID=t{name};Name={name};Parent=g{name}")
        lines.append(f"{contig}\t.\tgene\t{start + 1}\t{end}\t.\t{strand}\t.\tID=g{name};Name={name}")
        for first, last in zip(starts.split(",")[:-1], ends.split(",")[:-1], strict=True):
            lines.append(f"{contig}\t.\texon\t{int(first) + 1}\t{last}\t.\t{strand}\t.\tParent=t{name}")
    (folder / "genes.gff").write_text("\n".join(lines) + "\n")
    other = {"A": "C", "C": "A", "G": "T", "T": "G"}
    records = [
        (310, BASES[309], f"{other[BASES[309]]},{BASES[309]}GATT", "."),
        (650, BASES[649:654], BASES[649], "."),
        (700, BASES[699:701], other[BASES[699]] + other[BASES[700]], "."),
        (705, BASES[704], "<DEL>", "END=765"),
        (710, BASES[709], "<INS>", "."),
        (720, BASES[719], "*", "."),
        (730, other[BASES[729]], BASES[729], "."),
        (101, BASES[100], other[BASES[100]], "."),
        (950, BASES[949], other[BASES[949]], "."),
        (1190, BASES[1189], other[BASES[1189]], "."),
        (740, BASES[739], "N", "."),
        (745, BASES[744], ".", "."),
        (750, BASES[749 : 749 + 120], BASES[749], "."),
    ]
    rows = [f"chr1\t{at}\tv{at}\t{ref}\t{alt}\t.\tPASS\t{info}" for at, ref, alt, info in records]
    (folder / "in.vcf").write_text(HEAD + "\n".join(rows) + "\n")
    return folder


def scored(folder, *words):
    out = folder / "out.vcf"
    done = run(folder / "genome.fa", folder / "in.vcf", "--model", folder / "model", "-o", out, *words)
    assert done.exit_code == 0, done.output
    fields = [line.split("\t") for line in out.read_text().splitlines() if not line.startswith("#")]
    found = {}
    for field in fields:
        info = dict(each.partition("=")[::2] for each in field[7].split(";"))
        found[field[2]] = info.get("DNALECT_SPLICE", ""), info.get("DNALECT_REASON", "")
    return found


def test_every_record_has_its_genes_or_a_reason(given):
    found = scored(given, "--annotate", given / "genes.txt")
    assert list(found) == [line.split("\t")[2] for line in (given / "in.vcf").read_text().splitlines()[2:]]
    first, second = found["v310"][0].split(",")
    assert re.fullmatch(r"[ACGT]\|ONE\|(\d\.\d\d\|){4}(-?\d+\|){3}-?\d+", first)
    assert second.startswith(f"{BASES[309]}GATT|ONE|")
    for name in ("v650", "v700", "v705", "v750"):
        assert [each.split("|")[1] for each in found[name][0].split("&")] == ["ONE", "TWO"], name
    assert found["v705"][0].startswith("<DEL>|ONE|")
    reasons = {name: reason for name, (told, reason) in found.items() if told == "."}
    assert reasons.pop("v710").startswith("symbolic")
    assert reasons == {
        "v720": "star",
        "v730": "ref_mismatch",
        "v950": "no_gene",
        "v1190": "contig_edge:10",
        "v740": "ambiguous_base",
        "v745": "no_alternate",
    }


def test_a_gff_names_the_same_genes(given):
    table, gff = (scored(given, "--annotate", given / name) for name in ("genes.txt", "genes.gff"))
    assert table == gff


def test_tables_reports_and_masks(given):
    words = given / "genome.fa", given / "in.vcf", "--model", given / "model", "--annotate", given / "genes.gff"
    done = run(*words, "-o", given / "out.parquet", "--report", given / "report.html", "--score", "splice")
    assert done.exit_code == 0, done.output
    table = pq.read_table(given / "out.parquet").to_pylist()
    best = max(table, key=lambda row: row["splice_max"] or 0)
    assert best["splice_max"] == max(best[f"splice_{each}"] for each in ("ag", "al", "dg", "dl"))
    assert best["splice_gene"] in ("ONE", "TWO")
    assert all(abs(best[f"splice_{each}_position"]) <= 50 for each in ("ag", "al", "dg", "dl"))
    assert {row["consequence"] for row in table} > {None}
    page = (given / "report.html").read_text()
    assert "The largest change of a splice site first" in page
    assert "splice-1; probabilities of acceptors and donors" in page
    assert "no gene of the annotation lies there" in page
    done = run(*words, "-o", given / "masked.parquet", "--splice-mask", "--splice-distance", "200")
    masked = pq.read_table(given / "masked.parquet").to_pylist()
    assert any(row["splice_al"] == 0.0 for row in masked if row["splice_max"] is not None)
    # Read again, a scored VCF has the same columns.
    assert run(*words, "-o", given / "again.vcf").exit_code == 0


def test_from_python(given):
    scores = dnalect.score(given / "genome.fa", [("chr1", 310, BASES[309], "ACGT"[BASES[309] == "A"])], given / "model")
    (row,) = scores
    assert [each.gene for each in row.score.splices] == ["+", "-"]
    assert row.score.splice.largest == max(each.largest for each in row.score.splices)
    assert json.loads(json.dumps(scores.to_arrow().to_pylist()[0]["splice_max"])) >= 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--score", "llr"], "it has no score 'llr': --score splice"),
        (["--splice-mask"], "--splice-mask needs the annotated splice sites"),
        (["--splice-distance", "6000"], "--splice-distance lies between 1 and 5,000"),
        (["--window", "300"], "--window is for other scores"),
    ],
)
def test_what_does_not_go_together(given, words, message):
    done = run(given / "genome.fa", given / "in.vcf", "--model", given / "model", "-o", given / "none.vcf", *words)
    assert done.exit_code == 1
    assert message in str(done.exception)
    assert not (given / "none.vcf").exists()


def test_other_models_have_no_such_score(given, model_folder):
    done = run(given / "genome.fa", given / "in.vcf", "--model", model_folder, "--score", "splice")
    assert done.exit_code == 1
    assert "give the folder of SpliceAI's, OpenSpliceAI's or Pangolin's weights" in str(done.exception)
    done = run(given / "genome.fa", given / "in.vcf", "--model", f"{model_folder},{given / 'model'}")
    assert "give it as the only model" in str(done.exception)


@pytest.mark.skipif(not REAL, reason="DNALECT_SPLICEAI names no folder of published SpliceAI weights")
def test_real_weights_give_the_known_answers(tmp_path):
    """Of the slice of chromosome 10 and the gene that lie beside the weights, in oracle/."""
    oracle = Path(REAL) / "oracle"
    (tmp_path / "genes.txt").write_text("\t".join(HEADER) + "\n" + (oracle / "TUBB8_annotation.txt").read_text())
    (tmp_path / "in.vcf").write_text(HEAD + "chr10\t94077\ta\tA\tC\t.\t.\t.\nchr10\t94555\tb\tC\tT\t.\t.\t.\n")
    words = "--annotate", tmp_path / "genes.txt", "--splice-distance", "500", "-o", tmp_path / "out.vcf"
    done = run(oracle / "test.fa.gz", tmp_path / "in.vcf", "--model", REAL, *words)
    assert done.exit_code == 0, done.output
    told = re.findall(r"DNALECT_SPLICE=([^;]+)", (tmp_path / "out.vcf").read_text())
    assert told == ["C|TUBB8|0.15|0.27|0.00|0.05|89|-23|-267|193", "T|TUBB8|0.01|0.18|0.15|0.62|-2|110|-190|0"]
