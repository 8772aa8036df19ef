"""Regions as people write them, and their difference."""

import numpy as np
import pytest

from dnalect.core.errors import FastaError, InputError
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region, format_region, overlap, parse_regions, subtract


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
    with pytest.raises(FastaError, match="no contig b"):
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
