"""Windows of one length on haplotypes, against slices of the haplotypes spelled out."""

import numpy as np
import pytest

from dnalect.core.records import Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.windows.haplotypes import haplotype_window
from dnalect.tokens.bases import encode


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "g.fa"
    text = "".join(np.random.default_rng(5).choice(list("ACGTn"), 300))
    path.write_text(f">other\n{'T' * 50}\n>c\n{text}\n>last\nGGGG\n")
    return open_genome(path)


def middle_of(text, start, allele, length, offset):
    """The window by its definition, of a haplotype that is all there."""
    low = start - (length - len(allele)) // 2 + offset
    if low + length > len(text):
        low = len(text) - length
    return text[max(low, 0) :][:length]


@pytest.mark.parametrize("length", [20, 21, 100, 299, 500])
@pytest.mark.parametrize(("start", "size", "alt"), [(150, 1, "C"), (2, 0, "GATTACA"), (299, 1, ""), (100, 40, "AC")])
@pytest.mark.parametrize("offset", [0, -5, 5])
def test_a_window_is_the_middle_of_its_haplotype(genome, start, size, alt, length, offset):
    text = genome.contig("c").tobytes().decode().upper()
    variant = Variant(1, start, start + size, encode(text[start : start + size]), encode(alt))
    for allele, letters in ((variant.ref, text[start : start + size]), (variant.alt, alt)):
        haplotype = text[:start] + letters + text[start + size :]
        wanted = middle_of(haplotype, start, letters, length, offset)
        assert haplotype_window(variant, allele, genome, length, offset) == wanted
        assert len(wanted) == min(length, len(haplotype))


def test_an_allele_longer_than_the_window_is_cut(genome):
    long = "ACGT" * 10
    variant = Variant(1, 150, 150, encode(""), encode(long))
    assert haplotype_window(variant, variant.alt, genome, 16) == long[12:28]
