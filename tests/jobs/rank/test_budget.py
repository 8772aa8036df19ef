"""A budget is spread over loci, and every pick has its reason."""

import pytest

from dnalect.core.errors import ConfigError
from dnalect.jobs.rank.budget import pick
from dnalect.jobs.rank.loci import loci_of
from dnalect.jobs.rank.options import Options
from dnalect.jobs.rank.ranking import rank_variants
from dnalect.jobs.rank.why import ordinal
from dnalect.scored.reader import read_scored
from tests.jobs.rank.tables import HEAD, ROWS, write_table


@pytest.fixture
def path(tmp_path):
    return write_table(tmp_path / "scored.tsv")


def test_round_robin_takes_turns_and_global_does_not(path):
    ranked = rank_variants(Options(path, group_by="gene", budget=4))
    ids = ranked.scored.texts("id")
    assert [ids[row] for row in ranked.order.order] == ["a", "d", "e", "b", "c", "f"]
    assert [ids[row] for row in ranked.picks] == ["a", "d", "b", "e"]
    by_gene = rank_variants(Options(path, group_by="gene", budget=3, weight=("region=2", "llr=0.2")))
    assert [by_gene.loci.names[row] for row in by_gene.picks] == ["G1", "G2", "G1"]
    spread = pick(by_gene.order, by_gene.loci.names, 3, "global")
    assert [by_gene.loci.names[row] for row in spread] == ["G1", "G1", "G1"]
    assert pick(ranked.order, ranked.loci.names, 2, "global", frozenset([0])) == [3, 4]
    with pytest.raises(ConfigError, match="round-robin"):
        pick(ranked.order, ranked.loci.names, 2, "evenly")


def test_ranks_within_loci(path):
    ranked = rank_variants(Options(path, group_by="gene"))
    assert ranked.order.locus_rank.tolist() == [1, 2, 3, 1, 2, 0]
    assert ranked.order.locus_size.tolist() == [3, 3, 3, 2, 2, 0]
    assert ranked.order.rank.tolist() == [1, 4, 5, 2, 3, 0]
    assert not ranked.picks


def test_loci_from_a_bed(path, tmp_path):
    bed = tmp_path / "loci.bed"
    bed.write_text("c1\t90\t400\twide\nc1\t100\t101\tfirst\nchrc2\t49\t50\n")
    scored = read_scored(path)
    assert loci_of(scored, str(bed)).names == ["wide", "wide", "wide", "chrc2:50-50", "", ""]
    ranked = rank_variants(Options(path, group_by=str(bed), budget=9))
    assert len(ranked.picks) == 4
    assert any("2 variants in no locus" in note for note in ranked.notes)
    assert any("Only 4" in note for note in ranked.notes)


def test_loci_from_columns(path):
    scored = read_scored(path)
    assert loci_of(scored, "gene,region").names[:3] == ["G1 promoter", "G1 promoter", "G1 CDS"]
    with pytest.raises(ConfigError, match="locus"):
        loci_of(scored, "locus")


def test_reasons(path):
    ranked = rank_variants(Options(path, group_by="gene", budget=4))
    first, second, _, fourth = ranked.why
    assert first == (
        "1st of 3 in G1: the model's most disfavoured of its locus (LLR -4.00, percentile 1.0%), promoter of G1, "
        "rare (1 of 1,000)"
    )
    assert second.startswith("1st of 2 in G2: the model's most disfavoured")
    assert second.endswith("against it: intergenic; not known: frequency")
    assert "2nd most disfavoured" in fourth
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112, 1001)] == (
        "1st 2nd 3rd 4th 11th 12th 13th 21st 112th 1,001st".split()
    )


def test_a_frequency_against_a_variant_is_not_called_rare(tmp_path):
    rows = [(*ROWS[0][:9], n, n / 1000, "G1", "promoter") for n in (1, 2, 5)]
    rows = [(row[0], row[1] + n, *row[2:]) for n, row in enumerate(rows)]
    ranked = rank_variants(Options(write_table(tmp_path / "t.tsv", rows, HEAD), budget=3))
    assert "against it: more frequent than most (5 of 1,000)" in ranked.why[2]
