"""Which of my variants to test: what the terminal says, what a locus is, one note for one thing."""

import re

import pytest
from click.testing import CliRunner

from dnalect.cli.main import dnalect
from dnalect.jobs.rank.options import Options
from dnalect.jobs.rank.outputs import write_outputs
from dnalect.jobs.rank.ranking import rank_variants

HEAD = "chrom\tpos\tref\talt\tclass\tllr\tpercentile\treason\tallele_frequency\tgene\tregion\ttss_distance"
MORE = "\tconsequence\tprotein_change\tmotif\tmotif_ref\tmotif_alt"


@pytest.fixture
def scored(tmp_path):
    rows = []
    for n in range(15):
        told = f"chr20\t{1000 + n}\tA\tC\tsnv\t{-n / 3}\t{(20 - n) / 40}\t\t0.01\tGENE{n}\tpromoter\t-{10 + n}"
        rows.append(told + "\tupstream_gene_variant\t\tHNF4A\t9.1\t2.3")
    rows.append("chr20\t5000\tA\tC\tsnv\t-6\t0.001\t\t0.01\tFAR\tintergenic\t-186000\tintergenic_variant" + "\t" * 4)
    rows.append(
        "chr20\t6000\tA\tC\tsnv\t-5.5\t0.01\t\t0.01\tINSIDE\tCDS\t90000\tmissense_variant\tp.Gly12Asp" + "\t" * 3
    )
    rows.append("chr20\t7000\tA\t<DUP>\t\t\t\tsymbolic\t0.01\tGENE1\tpromoter\t-30" + "\t" * 5)
    path = tmp_path / "scored.tsv"
    path.write_text("# dnalect assembly: GRCh38 (hg38)\n" + "\n".join([HEAD + MORE, *rows]) + "\n")
    return path


def test_the_first_ten_picks_are_said(scored, tmp_path):
    told = CliRunner().invoke(
        dnalect, ["rank", str(scored), "-o", str(tmp_path / "r.tsv"), "--group-by", "gene", "--budget", "12"]
    )
    assert told.exit_code == 0, told.stderr
    picks = re.findall(r"^ +(\d+)  (chr20:[\d,]+) (\S+)  0\.\d{3}  1st of .*$", told.stderr, re.MULTILINE)
    assert [number for number, _, _ in picks] == [str(n) for n in range(1, 11)]
    assert picks[0][1:] == ("chr20:6,000", "A>C")
    assert "CDS (missense, p.Gly12Asp) of INSIDE" in told.stderr
    assert "weakens the motif HNF4A (9.1 -> 2.3 bits)" in told.stderr
    assert "and 2 more" in told.stderr
    quiet = CliRunner().invoke(
        dnalect, ["rank", str(scored), "-o", str(tmp_path / "q.tsv"), "--budget", "3", "--quiet"]
    )
    assert quiet.stderr == ""


def test_a_gene_far_away_is_no_locus(scored):
    ranked = rank_variants(Options(str(scored), group_by="gene", budget=30))
    names = dict(zip(ranked.scored.positions.tolist(), ranked.loci.names, strict=True))
    assert names[5000] == ""
    assert names[6000] == "INSIDE"
    assert any("1 variant in no locus (1 of them with no TSS within 10,000 bp" in note for note in ranked.notes)
    far = rank_variants(Options(str(scored), group_by="gene", budget=30, max_distance=200_000))
    assert "FAR" in far.loci.names
    assert 5000 in far.scored.positions[far.picks]


def test_alleles_without_a_score_are_said_once(scored):
    notes = rank_variants(Options(str(scored), budget=3)).notes
    assert [note for note in notes if "no rank" in note] == [
        "1 of 18 variants have no score of a model and no rank; they come last."
    ]
    assert not any("whose means are over" in note for note in notes)


def test_the_page_links_to_browsers(scored, tmp_path):
    ranked = rank_variants(Options(str(scored), group_by="gene", budget=3))
    write_outputs(ranked, str(tmp_path / "r.tsv"), str(tmp_path / "r.html"))
    page = (tmp_path / "r.html").read_text()
    assert "https://gnomad.broadinstitute.org/variant/20-6000-A-C?dataset=gnomad_r4" in page
    assert "http://localhost:60151/goto?locus=chr20%3A5980-6020" in page


def test_scores_of_others_can_be_ranked(tmp_path):
    path = tmp_path / "cadd.tsv"
    rows = "".join(f"1\t{n + 1}\tA\tC\t{n}\n" for n in range(20))
    path.write_text(f"#Chrom\tPos\tRef\tAlt\tCADD_PHRED\n{rows}")
    ranked = rank_variants(Options(str(path), uses=("cadd=CADD_PHRED:2:high",), budget=2))
    assert ranked.scored.positions[ranked.picks].tolist() == [20, 19]
