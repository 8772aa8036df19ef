"""Files as people have them: repeated rows, NA, telomeres, loci that only some variants lie in, numbers an allele."""

import numpy as np
import pytest

from dnalect.core.errors import ConfigError, InputError
from dnalect.genome.bigwig import BigWig
from dnalect.genome.phased import near_sets
from dnalect.jobs.rank.budget import pick
from dnalect.jobs.rank.combining import Order
from dnalect.jobs.rank.evidence import gather
from dnalect.jobs.rank.loci import Loci, loci_of
from dnalect.jobs.rank.options import Options
from dnalect.jobs.rank.ranking import rank_variants, units_of
from dnalect.jobs.rank.run import rank_file
from dnalect.jobs.rank.settings import Settings
from dnalect.scored.reader import read_scored
from tests.jobs.rank.tables import HEAD, ROWS, read_table, write_table

VCF = """##fileformat=VCFv4.2
##INFO=<ID=PIP,Number=.,Type=Float,Description="x">
##INFO=<ID=CSQ,Number=.,Type=String,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
c1\t100\t.\tA\tC,G\t.\t.\tPIP=0.25,0.5;CSQ=x,y
c1\t200\t.\tA\tC,G\t.\t.\tPIP=0.125;CSQ=x
"""


def test_a_variant_in_two_rows_is_bought_once_and_its_label_counts_once(tmp_path):
    path = write_table(tmp_path / "t.tsv", [*ROWS, ROWS[0], (*ROWS[3][:6], None, None, "window_edge", *ROWS[3][9:])])
    labels = write_table(
        tmp_path / "l.tsv", [(*ROWS[0][:2], *ROWS[0][3:5], 1)], ["chrom", "pos", "ref", "alt", "hit"], ""
    )
    ranked = rank_file(Options(path, str(tmp_path / "r.tsv"), budget=10, labels=labels))
    bought = [(row["pos"], row["ref"], row["alt"]) for row in read_table(tmp_path / "r.tsv") if row["pick"]]
    assert len(bought) == len(set(bought)) == 5
    assert ("50", "T", "C") in bought
    assert ranked.calibration.labelled == 1
    assert "2 rows repeat a variant of another row" in " ".join(ranked.notes)


def test_na_is_no_number(tmp_path):
    path = write_table(tmp_path / "t.tsv", [(*ROWS[0], "NA"), (*ROWS[1], 0.25)], [*HEAD, "pip"])
    np.testing.assert_equal(read_scored(path).numbers("pip"), [np.nan, 0.25])


def test_a_position_before_the_contig_has_no_conservation(tmp_path):
    track = BigWig(tmp_path / "t.bw", {"c1": 1000})
    track.add(0, 100, np.full(10, 2.0, dtype=np.float32))
    track.finish()
    track.close()
    rows = [("c1", 0, *ROWS[0][2:]), ROWS[0]]
    evidence = gather(read_scored(write_table(tmp_path / "t.tsv", rows)), Settings(), str(tmp_path / "t.bw"))
    np.testing.assert_equal(next(each.raw for each in evidence if each.name == "conservation"), [np.nan, 2])


def test_numbers_of_a_vcf_are_told_apart_by_allele_where_there_are_as_many(tmp_path):
    (tmp_path / "m.vcf").write_text(VCF)
    scored = read_scored(str(tmp_path / "m.vcf"))
    np.testing.assert_equal(scored.numbers("PIP"), [0.25, 0.5, 0.125, 0.125])
    assert scored.texts("CSQ") == ["x,y", "x,y", "x", "x"]


@pytest.mark.parametrize(("line", "words"), [("c1\t250\t50", "line 2: an interval"), ("c1 50 250", "with tabs")])
def test_a_bed_that_is_none_is_refused(tmp_path, line, words):
    (tmp_path / "loci.bed").write_text(f"c1\t90\t110\n{line}\n")
    scored = read_scored(write_table(tmp_path / "t.tsv"))
    with pytest.raises(InputError, match=words):
        loci_of(scored, str(tmp_path / "loci.bed"))


def test_variants_in_no_locus_vary_by_their_place_not_together(tmp_path):
    rows = [ROWS[0], ROWS[1], ("c1", 25_000, *ROWS[2][2:]), ROWS[3]]
    scored = read_scored(write_table(tmp_path / "t.tsv", rows))
    assert units_of(scored, Loci(["G1", "", "", ""], "gene")) == ["G1", "c1:0", "c1:2", "c2:0"]
    assert units_of(scored, Loci(["all"] * 4, "")) == ["c1:0", "c1:0", "c1:2", "c2:0"]


def test_budgets_below_nought_and_costs_without_one_are_refused(tmp_path):
    order = Order(*(np.array([each]) for each in (0, 1, 1, 1)))
    assert pick(order, ["a"], 0) == []
    with pytest.raises(ConfigError, match="0 or more"):
        pick(order, ["a"], -1)
    with pytest.raises(ConfigError, match="--budget"):
        rank_variants(Options(write_table(tmp_path / "t.tsv"), cost=5.0))


def test_half_missing_genotypes_carry_what_they_say(tmp_path):
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
    lines = [f"c\t{position}\t.\tA\tC\t.\t.\t.\tGT\t{gt}\n" for position, gt in ((10, ".|1"), (20, "0|1"), (30, ".|."))]
    (tmp_path / "p.vcf").write_text(head + "".join(lines))
    assert [each.alleles for each in near_sets(str(tmp_path / "p.vcf"))] == [(("c", 10, "A", "C"), ("c", 20, "A", "C"))]
