"""Scoring with relatives: the column's ratio, its sum with the model's, percentiles, reasons, files."""

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import ConfigError
from dnalect.relatives import Columns, evolution_of, open_alignment
from dnalect.tokens import encode
from forked import dnalect as dnalect_run

ALIGNED = 4500


@pytest.fixture(scope="module")
def laid(fasta, tmp_path_factory):
    """Three relatives on the first 4,500 bases of chrA: 300 bases in turn change in none and in most of them."""
    genome, folder = dnalect.open_genome(fasta), tmp_path_factory.mktemp("laid")
    rng = np.random.default_rng(5)
    length = int(genome.lengths[0])
    fast = (np.arange(length) // 300 % 2).astype(bool) & (np.arange(length) < ALIGNED)
    for name in ("a", "b", "c"):
        text = np.full(length, ".", dtype="U1")
        changed = fast & (rng.random(length) < 0.6)
        text[changed] = rng.choice(list("ACGT"), int(changed.sum()))
        text[ALIGNED:] = "-"
        (folder / f"{name}.fa").write_text(">chrA\n" + "".join(text) + "\n")
    return folder


@pytest.fixture(scope="module")
def columns(fasta, laid):
    alignment = open_alignment(laid, dnalect.open_genome(fasta))
    return Columns(alignment, evolution_of(alignment))


def base(fasta, position):
    genome = dnalect.open_genome(fasta)
    return bytes(genome.fetch(0, position - 1, position)).decode().upper()


def other(letter):
    return "ACGT"[("ACGT".index(letter) + 1) % 4]


def variants(fasta):
    """A substitution where nothing changes, one where most does, an insertion, one where nobody is aligned."""
    places = [(750, 1), (1050, 1), (1200, 2), (5000, 1)]
    return [("chrA", at, b := base(fasta, at), other(b) if kind == 1 else b + "GAC") for at, kind in places]


def scored(fasta, laid, model, **options):
    return list(dnalect.score_variants(fasta, variants(fasta), model, alignment=str(laid), **options))


def test_the_relatives_beside_the_model(fasta, laid, model_folder, columns):
    rows = scored(fasta, laid, model_folder, background=200)
    still, moving, inserted, alone = (row.score for row in rows)
    assert still.column.relatives == moving.column.relatives == 3
    assert still.column.value < moving.column.value - 1
    told = columns.at(0, np.array([749])).told[0]
    ref, alt = (int(encode(letter.encode())[0]) for letter in (rows[0].ref, rows[0].alt))
    assert still.column.value == pytest.approx(told[alt] - told[ref])
    for score in (still, moving):
        assert score.column.together == pytest.approx(score.value + score.column.value)
        assert all(0 < each < 1 for each in score.column.percentiles)
    assert still.column.percentiles[0] < moving.column.percentiles[0]
    for score in (inserted, alone):
        assert score.value is not None
        assert score.column is None


def test_without_a_background_there_are_no_percentiles(fasta, laid, model_folder):
    assert scored(fasta, laid, model_folder, percentiles=False)[0].score.column.percentiles == ()


def test_alone_it_has_a_reason_where_it_has_no_number(fasta, laid, model_folder):
    still, _, inserted, alone = (
        row.score for row in scored(fasta, laid, model_folder, scores=["column"], background=200)
    )
    assert still.value is None
    assert still.column.together is None
    assert len(still.column.percentiles) == 1
    assert [inserted.reason, alone.reason] == ["no_relative"] * 2


def test_score_and_alignment_go_together(fasta, laid, model_folder):
    with pytest.raises(ConfigError, match="give their alignment as --alignment"):
        list(dnalect.score_variants(fasta, variants(fasta), model_folder, scores=["llr", "column"]))
    with pytest.raises(ConfigError, match="--score llr,column"):
        scored(fasta, laid, model_folder, scores=["llr"])


def test_what_is_written(fasta, laid, model_folder, tmp_path):
    vcf = tmp_path / "in.vcf"
    lines = [f"{c}\t{at}\t.\t{ref}\t{alt}\t.\t.\t.\n" for c, at, ref, alt in variants(fasta)]
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines))
    out, table, page = tmp_path / "out.vcf", tmp_path / "out.tsv", tmp_path / "out.html"
    command = ["score", fasta, vcf, "--model", model_folder, "--alignment", laid, "--background", 200]
    done = dnalect_run(*command, "-o", out, "-o", table, "--report", page, text=True)
    assert done.returncode == 0, done.stderr
    assert "alignment: 3 relatives on 1 contig" in done.stderr
    first, *_, last = (line for line in out.read_text().splitlines() if not line.startswith("#"))
    info = dict(each.split("=") for each in first.split("\t")[7].split(";"))
    both = float(info["DNALECT_LLR"]) + float(info["DNALECT_COLUMN"])
    assert float(info["DNALECT_LLR_COLUMN"]) == pytest.approx(both, abs=2e-4)
    assert info["DNALECT_RELATIVES"] == "3"
    assert "DNALECT_COLUMN" not in last
    assert "##dnalect_column=column-1" in out.read_text()
    names = next(line for line in table.read_text().splitlines() if not line.startswith("#")).split("\t")
    wanted = ["column", "column_percentile", "llr_column", "llr_column_percentile", "relatives"]
    assert [name for name in names if name in wanted] == wanted
    assert "model and relatives" in page.read_text()
