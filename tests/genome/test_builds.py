"""Assemblies are known by the lengths of their chromosomes, slices by their names."""

import pytest

from dnalect.core.errors import ConfigError
from dnalect.genome.builds import build_in, build_named, build_of, builds, builds_with, the_build
from dnalect.genome.names import Slice, slice_of

SUMS = {
    "GRCh37": 3_095_677_412,
    "GRCh38": 3_088_269_832,
    "T2T-CHM13v2": 3_117_275_501,
    "NCBI36": 3_080_419_480,
    "GRCm38": 2_725_521_370,
    "GRCm39": 2_723_414_844,
    "GRCz11": 1_345_101_833,
    "R64": 12_157_105 - 85_779,
}


def test_the_table_adds_up_and_no_two_assemblies_share_lengths():
    totals = {each.name: sum(each.contigs.values()) for each in builds()}
    assert totals | SUMS == totals
    every = [length for each in builds() for length in each.contigs.values()]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(
    ("text", "name"),
    [("hg19", "GRCh37"), ("b37", "GRCh37"), ("GRCH38.p14", "GRCh38"), ("hs1", "T2T-CHM13v2"), ("mm39", "GRCm39"),
     ("sacCer3", "R64"), ('"GRCh37"', "GRCh37")],
)  # fmt: skip
def test_builds_have_many_names(text, name):
    assert the_build(text).name == name
    assert build_named(text) is the_build(text)


def test_paths_name_builds():
    assert build_in("##reference=ftp://ftp.1000genomes.ebi.ac.uk//vol1/hs37d5.fa.gz").name == "GRCh37"
    assert build_in("##reference=file:///data/Homo_sapiens_assembly38.fasta").name == "GRCh38"
    assert build_in("##reference=file:///data/mine.fa") is None
    with pytest.raises(ConfigError, match=r"Did you mean hg19.*GRCh38 \(hg38\)"):
        the_build("hg_91")


def test_one_chromosome_is_enough_and_extra_contigs_do_no_harm():
    assert build_of([64_444_167]).name == "GRCh38"
    assert build_of([*the_build("hg19").contigs.values(), 16_571, 35_477_943]).name == "GRCh37"
    assert build_of([63_025_520, 40_000_000]) is None
    assert build_of([]) is None


def test_slices_are_told_by_name_and_length():
    assert slice_of("20:1,000,001-2,012,500", 1_012_500) == Slice("20", 1_000_000, 2_012_500)
    assert slice_of("20:1-2000000", 1_999_999) is None
    assert slice_of("HLA:DRB1", 100) is None
    assert [each.name for each in builds_with([Slice("chr20", 0, 64_000_000)])] == ["GRCh38", "T2T-CHM13v2"]
    assert {each.species for each in builds_with([Slice("I", 0, 230_218)])} == {
        "Saccharomyces cerevisiae", "Caenorhabditis elegans"
    }  # fmt: skip
