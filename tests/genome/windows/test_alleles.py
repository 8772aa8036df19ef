"""Alleles as people write them -> one variant, or the right reason."""

import time

import numpy as np
import pytest

from dnalect.core.records import Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.symbolic import Event
from dnalect.genome.vcf import Record
from dnalect.genome.windows.alleles import Rules, haplotypes, normalise, resolve
from dnalect.tokens.bases import decode, encode


@pytest.fixture
def genome(fasta):
    return open_genome(fasta)


def resolved(genome, start, ref, allele, end=None, contig=0, longest=500):
    event = (Event(end, missing="" if end else "no_end"),) if allele.startswith("<") else ()
    (found,) = resolve(Record("chrA", start, ".", ref, (allele,), event), contig, genome, Rules(longest, 15))
    return found


def base(genome, start, length=1):
    return genome.fetch(0, start, start + length).tobytes().decode()


def other(letters):
    return "".join({"A": "C", "C": "A", "G": "T", "T": "G"}[c] for c in letters.upper())


def haplotype(genome, variant):
    whole = encode(genome.contig("chrA"))
    return decode(np.concatenate([whole[: variant.start], variant.alt, whole[variant.end :]]))


def test_case_does_not_matter(genome):
    lower = base(genome, 150)
    assert lower.islower()
    assert isinstance(resolved(genome, 150, lower.upper(), other(lower)), Variant)
    assert isinstance(resolved(genome, 150, lower, other(lower).lower()), Variant)


def test_padded_snv_is_the_snv(genome):
    ref = base(genome, 1000, 7)
    alt = ref[:3] + other(ref[3]) + ref[4:]
    plain, padded = resolved(genome, 1003, ref[3], alt[3]), resolved(genome, 1000, ref, alt)
    assert (plain.start, plain.end, plain.kind) == (padded.start, padded.end, "snv")


def test_shifted_indels_in_a_repeat_are_one_variant(genome):
    """CTATATATATATG at 500: removing any TA or AT leaves the same haplotype."""
    found = {
        (v.start, v.end, v.tandem)
        for at in range(500, 510)
        for v in [resolved(genome, at, base(genome, at, 3), base(genome, at))]
    }
    assert found == {(501, 503, True)}
    added = {
        (v.start, v.end, decode(v.alt), v.tandem) for at in (502, 504, 506) for v in [resolved(genome, at, "A", "ATA")]
    }
    assert added == {(501, 501, "TA", True)}


@pytest.mark.parametrize("seed", range(30))
def test_normalising_keeps_the_haplotype_and_forgets_the_spelling(genome, seed):
    rng = np.random.default_rng(seed)
    whole = encode(genome.contig("chrA"))
    start, size = int(rng.integers(480, 530)), int(rng.integers(0, 5))
    ref = whole[start : start + size]
    alt = rng.integers(0, 4, rng.integers(0, 5)).astype(np.uint8)
    variant = normalise(0, start, ref, alt, genome)
    expected = decode(np.concatenate([whole[:start], alt, whole[start + size :]]))
    assert haplotype(genome, variant) == expected
    pad = int(rng.integers(0, 9))
    wider = normalise(
        0, start - pad, whole[start - pad : start + size + 3],
        np.concatenate([whole[start - pad : start], alt, whole[start + size : start + size + 3]]), genome,
    )  # fmt: skip
    if variant.kind != "none":
        assert (wider.start, wider.end, decode(wider.alt)) == (variant.start, variant.end, decode(variant.alt))


@pytest.mark.parametrize(
    ("start", "ref", "allele", "end", "reason"),
    [
        (1000, None, "*", None, "star"),
        (1000, None, "<NON_REF>", None, "non_ref"),
        (1000, None, "<*>", None, "non_ref"),
        (1000, None, "G]17:198982]", None, "breakend"),
        (1000, None, ".A", None, "breakend"),
        (1000, None, "N", None, "ambiguous_base"),
        (1000, None, "AR", None, "ambiguous_base"),
        (3050, "A", "C", None, "ambiguous_base"),
        (3050, "N", "C", None, "ambiguous_base"),
        (5999, "AA", "C", None, "out_of_range"),
        (6000, "A", "C", None, "out_of_range"),
        (-1, "A", "C", None, "out_of_range"),
        (1000, None, "A" * 501, None, "too_long"),
        (1000, None, "<INS:ME:ALU>", None, "symbolic:no_end"),
        (1000, None, "<DEL>", None, "symbolic:no_end"),
        (1000, None, "<CN2>", 1100, "symbolic:needs_--dup-as-tandem"),
        (1000, None, "<DEL>", 1600, "too_long"),
        (1000, None, "<DEL>", 99999, "out_of_range"),
        (2990, None, "<DEL>", 3010, "ambiguous_base"),
    ],
)
def test_reasons(genome, start, ref, allele, end, reason):
    assert resolved(genome, start, ref or base(genome, start), allele, end) == reason


def test_mismatch_missing_contig_and_edge(genome):
    letter = base(genome, 1000)
    assert resolved(genome, 1000, other(letter), letter) == "ref_mismatch"
    assert resolved(genome, 1000, letter, other(letter), contig=None) == "contig_missing"
    assert resolved(genome, 5, base(genome, 5), other(base(genome, 5))) == "contig_edge:5"
    assert resolved(genome, 3100, base(genome, 3100), other(base(genome, 3100))) == "contig_edge:0"
    assert isinstance(resolved(genome, 32, base(genome, 32), other(base(genome, 32))), Variant)


def test_symbolic_alleles_are_spelled_out(genome):
    whole = decode(encode(genome.contig("chrA")))
    letter = base(genome, 1000)
    for allele, expected in (
        ("<DEL>", whole[:1001] + whole[1050:]),
        ("<CN0>", whole[:1001] + whole[1050:]),
        ("<DUP:TANDEM>", whole[:1050] + whole[1001:]),
    ):
        assert haplotype(genome, resolved(genome, 1000, letter, allele, 1050)) == expected
    turned = whole[1001:1050][::-1].translate(str.maketrans("ACGT", "TGCA"))
    assert haplotype(genome, resolved(genome, 1000, letter, "<INV>", 1050)) == whole[:1001] + turned + whole[1050:]


def told(genome, start, ref, alleles, *events, rules=None):
    return resolve(Record("chrA", start, ".", ref, alleles, events), 0, genome, rules or Rules(500, 15))


def test_n_before_a_symbolic_allele_is_looked_up(genome):
    for allele in ("<DEL>", "<DEL:ME:ALU>", "<CN0>", "<INV>", "<DUP:TANDEM>"):
        (plain,) = told(genome, 1000, base(genome, 1000), (allele,), Event(1050))
        (unknown,) = told(genome, 1000, "N", (allele,), Event(1050))
        assert haplotype(genome, plain) == haplotype(genome, unknown)
    assert told(genome, 1000, "N", ("C",)) == ["ambiguous_base"]


def test_copies_need_to_be_told_tandem(genome):
    flagged = Rules(500, 15, dup_as_tandem=True)
    letter = base(genome, 1000)
    for allele, times in (("<DUP>", 1), ("<CN2>", 1), ("<CN4>", 3)):
        assert told(genome, 1000, letter, (allele,), Event(1050)) == ["symbolic:needs_--dup-as-tandem"]
        (found,) = told(genome, 1000, letter, (allele,), Event(1050), rules=flagged)
        whole = decode(encode(genome.contig("chrA")))
        assert haplotype(genome, found) == whole[:1050] + whole[1001:1050] * times + whole[1050:]
    for allele, why in (("<CN1>", "one_copy"), ("<CN=2>", "unknown_type"), ("<DUP:INT>", "no_place_of_copy")):
        assert told(genome, 1000, letter, (allele,), Event(1050), rules=flagged) == [f"symbolic:{why}"]


def test_a_spelled_insertion_is_the_literal_one(genome):
    letter = base(genome, 1000)
    (spelled,) = told(genome, 1000, "N", ("<INS>",), Event(inserted="GATTACA"))
    (literal,) = told(genome, 1000, letter, (letter + "GATTACA",))
    assert haplotype(genome, spelled) == haplotype(genome, literal)


def test_padding_is_trimmed_before_the_length_is_judged(genome):
    ref = base(genome, 1000, 40)
    (found,) = told(genome, 1000, ref, (ref[:20] + other(ref[20]) + ref[21:],), rules=Rules(1, 15))
    assert (found.start, found.kind) == (1020, "snv")
    assert told(genome, 1000, ref, (ref[0],), rules=Rules(38, 15)) == ["too_long"]


def test_many_alternates_take_time_in_proportion(genome):
    letter = base(genome, 1000)
    alternates = tuple("ACGT"[n % 4] for n in range(20_000))
    began = time.process_time()
    found = resolve(Record("chrA", 1000, ".", letter, alternates), 0, genome, Rules(500, 15))
    assert len(found) == 20_000
    assert time.process_time() - began < 5


def test_identical_alleles_are_no_variant(genome):
    letters = base(genome, 1000, 4)
    assert resolved(genome, 1000, letters, letters).kind == "none"
    assert resolved(genome, 1000, letters[0], letters[0]).kind == "none"


def test_haplotypes_share_their_flanks(genome):
    variant = resolved(genome, 1000, base(genome, 1000, 3), base(genome, 1000))
    ref, alt = haplotypes(variant, genome, 40)
    assert len(ref) == 82
    assert len(alt) == 80
    assert np.array_equal(ref[:40], alt[:40])
    assert np.array_equal(ref[-40:], alt[-40:])
