"""Regions as people write them, and their difference."""

import numpy as np
import pytest

from dnalect.core.errors import FastaError, InputError
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region, format_region, merge, overlap, parse_regions, read_regions, subtract


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(">a\n" + "ACGT" * 500 + "\n>Umaydis:chr01:1:+:100\n" + "ACGTA" * 20 + "\n")
    return open_genome(path)


def test_names_win_over_spans_and_ends_lie_inside(genome):
    texts = ["a", "Umaydis:chr01:1:+:100", "a:1-1,000", "Umaydis:chr01:1:+:100:11-20"]
    regions = parse_regions(genome, texts)
    assert regions == [Region(0, 0, 2000), Region(1, 0, 100), Region(0, 0, 1000), Region(1, 10, 20)]
    written = [format_region(region, genome.names, genome.lengths) for region in regions]
    assert written == ["a", "Umaydis:chr01:1:+:100", "a:1-1000", "Umaydis:chr01:1:+:100:11-20"]
    assert parse_regions(genome, written) == regions


@pytest.mark.parametrize("text", ["a:0-5", "a:7-6", "a:1-2001"])
def test_a_region_beyond_its_contig_is_named(genome, text):
    with pytest.raises(InputError, match=text):
        parse_regions(genome, [text])


def test_a_missing_contig_is_named(genome):
    with pytest.raises(FastaError, match="no contig 'b'"):
        parse_regions(genome, ["b:1-5"])


def test_subtraction_and_overlap_equal_sets_of_bases():
    rng = np.random.default_rng(3)

    def some(count):
        starts = rng.integers(0, 90, count)
        return [Region(int(rng.integers(2)), int(s), int(s + rng.integers(1, 25))) for s in starts]

    def bases(regions):
        return {(r.contig, at) for r in regions for at in range(r.start, r.end)}

    for _ in range(200):
        one, two = some(3), some(3)
        assert bases(subtract(one, two)) == bases(one) - bases(two)
        assert (overlap(one, two) is not None) == bool(bases(one) & bases(two))


def test_a_bed_or_a_region(fasta, tmp_path):
    genome = open_genome(fasta)
    bed = tmp_path / "some.bed"
    bed.write_text("track x\nchrB\t10\t20\tname\nchrA\t0\t5\nchrA\t7\t7\n")
    assert sorted(read_regions(genome, [str(bed), "chrA:11-20"])) == [
        Region(0, 0, 5), Region(0, 10, 20), Region(1, 10, 20)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "words"), [("chrA\t0\t6001\n", "beyond the 6,000 bases"), ("chrX\t0\t5\n", "no contig 'chrX'")]
)
def test_a_bed_of_another_genome(fasta, tmp_path, lines, words):
    bed = tmp_path / "some.bed"
    bed.write_text(lines)
    with pytest.raises(InputError, match=words):
        read_regions(open_genome(fasta), [str(bed)])


def test_neither_a_bed_nor_a_region(fasta):
    with pytest.raises(InputError, match=r"neither a BED file nor a region of tiny.fa, which has chrA, chrB"):
        read_regions(open_genome(fasta), ["none.bed"])


def test_a_contig_wins_over_a_file_of_its_name(fasta, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chrB").write_text("chrA\t0\t5\n")
    assert read_regions(open_genome(fasta), ["chrB"]) == [Region(1, 0, 900)]


def test_merged_regions_hold_the_same_bases_once():
    regions = [Region(1, 5, 9), Region(0, 4, 8), Region(0, 0, 2), Region(0, 8, 9), Region(0, 5, 6), Region(1, 7, 12)]
    assert merge(regions) == [Region(0, 0, 2), Region(0, 4, 9), Region(1, 5, 12)]
