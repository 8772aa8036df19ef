"""Structural variants as a user meets them: a planted fusion, what comes out, and what has no score."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.models.card import CorpusGenome
from dnalect.models.model import At, Output
from report.pages import from_outside

HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
COMPLEMENT = str.maketrans("ACGT", "TGCA")
MOTIF = "TGACCTTAGGCATCGA"
HALF = len(MOTIF) // 2


def turned(text: str) -> str:
    return text[::-1].translate(COMPLEMENT)


def knows(encoding, ask):
    """What a model whose only knowledge is MOTIF says: a base of it is sure where all others of it are there."""
    ids = encoding.input_ids
    logits = np.zeros((*ids.shape, 4), dtype=np.float32)
    for text in (MOTIF, turned(MOTIF)):
        wanted = np.array(["ACGT".index(base) for base in text])
        same = np.stack([np.roll(ids, -n, axis=1) == code for n, code in enumerate(wanted)], axis=-1)
        for n, code in enumerate(wanted):
            others = np.delete(same, n, axis=-1).all(axis=-1)
            others[:, len(ids[0]) - len(text) + 1 :] = False
            rows, starts = np.nonzero(others)
            logits[rows, starts + n, code] = 5.0
    found = torch.from_numpy(logits)
    if isinstance(ask.logits, At):
        found = found[torch.from_numpy(ask.logits.rows), torch.from_numpy(ask.logits.columns)]
    return Output(logits=found)


@pytest.fixture
def knowing(model_folder):
    model = dnalect.load(model_folder)
    model._forward = knows
    toy = CorpusGenome("toy", contigs={"a": 4000, "b": 4000})
    model.card = replace(model.card, id="knowing", sha256="a" * 64, genomes=[toy])
    return model


@pytest.fixture
def planted(tmp_path):
    """Two contigs with half of MOTIF each, on either strand, and a whole one in the way of a deletion."""
    rng = np.random.default_rng(2)
    a, b = ("".join(rng.choice(list("ACGT"), 4000)) for _ in range(2))
    a = a[: 2000 - HALF] + MOTIF[:HALF] + a[2000:3000] + MOTIF + a[3000 + len(MOTIF) :]
    b = b[: 1500 - HALF] + turned(MOTIF[HALF:]) + b[1500:]
    rows = [("a", 2000, "fusion", a[1999], f"{a[1999]}]b:1500]", "SVTYPE=BND;MATEID=mate")]
    rows += [("b", 1500, "mate", b[1499], f"{b[1499]}]a:2000]", "SVTYPE=BND;MATEID=fusion")]
    rows += [("a", 3000 + HALF, "cut", a[2999 + HALF], "<DEL>", f"END={3000 + HALF + 300}")]
    for n in range(60):
        at, mate = (int(x) for x in rng.integers(200, 2900, 2))
        alt = [f"{a[at - 1]}[b:{mate}[", f"{a[at - 1]}]b:{mate}]"][n % 2]
        rows.append(("a", at, f"other{n}", a[at - 1], alt, "SVTYPE=BND"))
        if at < 2600:
            rows.append(("a", at, f"gone{n}", a[at - 1], "<DEL>", f"END={at + 300}"))
    vcf, bed, fasta = tmp_path / "calls.vcf", tmp_path / "parts.bed", tmp_path / "toy.fa"
    lines = (f"{c}\t{p}\t{i}\t{r}\t{alt}\t.\t.\t{info}\n" for c, p, i, r, alt, info in rows)
    vcf.write_text(HEAD + "".join(lines))
    bed.write_text("a\t1990\t2010\thead\t0\t+\nb\t1490\t1510\ttail\t0\t-\na\t3050\t3060\tsite\t0\t+\n")
    fasta.write_text(f">a\n{a}\n>b\n{b}\n")
    return fasta, vcf, bed


def test_a_fused_element_is_found_first_and_a_cut_one_last(knowing, planted):
    fasta, vcf, bed = planted
    found = dnalect.score(fasta, vcf, knowing, scores=["junction"], elements=str(bed), background_others=40)
    rows = {row.identifier: row for row in found.rows}
    joined = {name: row.score.joined for name, row in rows.items() if row.score.joined}
    assert not [row.score.reason for row in found.rows if row.score.reason]
    ranked = sorted(joined, key=lambda name: joined[name].value)
    assert set(ranked[-2:]) == {"fusion", "mate"}
    assert ranked[0] == "cut"
    # 16 bases that were one of four become nearly sure.
    assert (
        joined["fusion"].value == joined["mate"].value == pytest.approx(16 * np.log(4 / (1 + 3 * np.exp(-5))), abs=0.01)
    )
    # Half of a whole one is kept, and was nearly sure.
    assert joined["cut"].value == pytest.approx(-joined["fusion"].value / 2, abs=0.01)
    assert joined["fusion"].percentile > 0.97
    assert joined["cut"].percentile < 0.03
    assert rows["fusion"].inside.fused == rows["mate"].inside.fused == ("head::tail",)
    assert rows["cut"].inside.lost == ("site",)
    assert joined["fusion"].event == joined["mate"].event == "fusion&mate"


def test_files_and_page_have_them_and_the_vcf_comes_back(fasta, model_folder, tmp_path):
    genome = dnalect.open_genome(fasta)
    text = genome["chrA"][:].upper()

    def line(at, alt, info, ref=None, name="x"):
        return f"chrA\t{at}\t{name}\t{ref or text[at - 1]}\t{alt}\t.\tPASS\t{info}\tGT\t0/1\n"

    records = [
        line(700, "<DEL>", "SVTYPE=DEL;END=900;CIPOS=-3,3"),
        line(700, "<INV>", "SVTYPE=INV;END=900"),
        line(900, f"{text[899]}[chrB:300[", "SVTYPE=BND", name="y"),
        line(1000, f"{text[999]}[chrC:300[", "SVTYPE=BND"),
        line(1100, "<INS>", "SVTYPE=INS;SVLEN=300"),
        line(1200, "<CNV>", "SVTYPE=CNV;END=1500"),
        line(1300, f"{text[1299]}.", "SVTYPE=BND"),
        line(1400, "C" if text[1399] != "C" else "G", "."),
        line(1500, f"{text[1499]}{text[100:170].lower()}", "SVTYPE=INS"),
    ]
    source = tmp_path / "calls.vcf"
    head = HEAD.replace("INFO\n", "INFO\tFORMAT\tS\n")
    source.write_text(head + "".join(records))
    (gff := tmp_path / "g.gff").write_text(
        "chrA\tx\tgene\t750\t800\t.\t+\t.\tName=IN1\nchrA\tx\tgene\t850\t950\t.\t+\t.\tName=CUT1\n"
    )
    vcf, table, page = (tmp_path / name for name in ("a.vcf", "a.tsv", "a.html"))
    words = ["score", fasta, source, "-m", model_folder, "--score", "llr,junction", "--background", "100"]
    words += ["--background-others", "8", "--annotate", gff, "-o", vcf, "-o", table, "--report", page]
    done = CliRunner().invoke(command, list(map(str, words)))
    assert done.exit_code == 0, done.output
    header, *rows = [each.split("\t") for each in table.read_text().splitlines() if not each.startswith("#")]
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert [bool(row["junction"]) for row in found] == [True, True, True, *[False] * 5, True]
    assert [row["reason"] for row in found] == [
        "", "", "", "contig_missing:mate", "symbolic:no_sequence", "symbolic:copy_number", "breakend:single", "", "",
    ]  # fmt: skip
    assert all(0 < float(row["junction_percentile"]) <= 1 for row in found if row["junction"])
    assert [row["structure"] for row in found[:3]] == ["deletion", "inversion", "translocation"]
    assert [row["class"] for row in found] == [
        "deletion",
        "mnv",
        "sv_translocation",
        "",
        "",
        "",
        "",
        "snv",
        "insertion",
    ]
    assert (found[0]["elements_lost"], found[0]["elements_cut"]) == ("IN1", "CUT1")
    assert found[1]["elements_inverted"] == "IN1"
    assert "imprecise" in found[0]["flags"]
    assert float(found[1]["junction"]) == pytest.approx(
        np.mean([float(each) for each in found[1]["junction_each"].split("&")]), abs=1e-3
    )
    scored = vcf.read_text()
    assert "##dnalect_junction=llr-junction-1;" in scored
    stripped = [re.sub(r";?DNALECT_[^;\t]*", "", each) for each in scored.splitlines() if not each.startswith("#")]
    assert [each.replace("\t\t", "\t.\t") for each in stripped] == [each.rstrip("\n") for each in records]
    assert dnalect.score(fasta, vcf, str(model_folder), scores=["junction"], background=0).rows[0].score.joined
    text = page.read_text()
    assert not from_outside(text)
    assert "lost IN1; cut CUT1" in text


def test_variants_in_memory_have_them(fasta, model_folder):
    genome = dnalect.open_genome(fasta)
    text = genome["chrA"][:].upper()
    rows = [("chrA", at, text[at - 1 : at + 99], text[at - 1]) for at in (700, 1300)]
    scores = dnalect.score(genome, rows, str(model_folder), scores=["junction"], background=0)
    assert [row.score.joined.size for row in scores.rows] == [99, 99]
    assert [row.score.joined.percentile for row in scores.rows] == [None, None]
