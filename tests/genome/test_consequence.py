"""Consequences against bcftools csq, against whole translations, and by hand."""

import numpy as np
import pysam
import pysam.bcftools
import pytest

from dnalect.core.records import Variant
from dnalect.genome.coding import translate
from dnalect.genome.consequence import NEAR, TERMS, Consequences, Effect
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.gff import open_annotation
from dnalect.genome.transcripts import TranscriptReader
from dnalect.genome.windows.alleles import normalise
from dnalect.tokens.bases import encode
from genome.genes import Gene, gff3, random_change, random_gene


def opened(folder, genes: dict[str, Gene]) -> tuple[Genome, Consequences]:
    fasta, gff = folder / "g.fa", folder / "g.gff3"
    fasta.write_text("".join(f">{name}\n{gene.contig}\n" for name, gene in genes.items()))
    gff.write_text("".join(gff3(gene, name) for name, gene in genes.items()))
    reader = TranscriptReader()
    open_annotation(gff, reader.add)
    genome = open_genome(fasta)
    return genome, Consequences(reader.finish(), genome)


def variant(genome: Genome, contig: str, at: int, ref: str, alt: str) -> Variant:
    return normalise(genome.index[contig], at, encode(ref), encode(alt), genome)


def csq(folder, genome: Genome, changes: list[tuple[str, int, str, str]]) -> list[str]:
    """The first consequence of each change, as bcftools has it."""
    vcf = folder / "v.vcf"
    heads = "".join(f"##contig=<ID={n},length={size}>\n" for n, size in zip(genome.names, genome.lengths, strict=True))
    rows = "".join(f"{name}\t{at + 1}\t.\t{ref}\t{alt}\t.\t.\t.\n" for name, at, ref, alt in changes)
    vcf.write_text(f"##fileformat=VCFv4.2\n{heads}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n{rows}")
    pysam.faidx(str(folder / "g.fa"))
    text = pysam.bcftools.csq(
        *("-f", str(folder / "g.fa"), "-g", str(folder / "g.gff3"), "--local-csq", "-v", "0", str(vcf))
    )
    found = [line.split("\t")[7] for line in text.splitlines() if not line.startswith("#")]
    return [info.partition("BCSQ=")[2].partition("|")[0] for info in found]


# Their order of severity is another where one change does two things.
THEIRS = {"5_prime_UTR": "5_prime_utr", "3_prime_UTR": "3_prime_utr", "non_coding_transcript_exon": "non_coding"}


def test_every_substitution_is_what_bcftools_says(tmp_path):
    rng = np.random.default_rng(3)
    genes = {f"c{n}": random_gene(rng, codons=8, exons=1 + n % 4, forward=n % 2 == 0) for n in range(8)}
    genome, consequences = opened(tmp_path, genes)
    changes = [
        (name, at, base, alt)
        for name, gene in genes.items()
        for at, base in enumerate(gene.contig)
        for alt in "ACGT"
        if alt != base
    ]
    seen = set()
    for change, theirs in zip(changes, csq(tmp_path, genome, changes), strict=True):
        effect = consequences.of(variant(genome, *change))
        ours = {THEIRS.get(name, name) for name in (term.removesuffix("_variant") for term in effect.terms)}
        if theirs:
            assert set(theirs.split("&")) <= ours, (change, theirs, effect)
            assert (effect.gene, effect.transcript) == ("abc", f"t_{change[0]}")
            seen |= ours
        else:
            assert not effect.inside
    assert len(seen) >= 12, seen


def proteins(gene: Gene, change: Variant) -> tuple[str, str] | None:
    """Both proteins up to their first stop, None where the change isn't inside one coding part."""
    inside = [span for span in gene.coding if span[0] < change.start and change.end < span[1]]
    if not inside:
        return None
    moved = len(change.alt) - len(change.ref)
    contig = gene.contig[: change.start] + "".join("ACGT"[c] for c in change.alt) + gene.contig[change.end :]
    shifted = [(s + moved * (s >= change.end), e + moved * (e > change.end)) for s, e in gene.coding]
    tail = gene.spliced(gene.contig, gene.exons).partition(gene.spliced(gene.contig, gene.coding))[2]
    both = gene.spliced(gene.contig, gene.coding), gene.spliced(contig, shifted)
    found = [translate(encode(text + tail)).partition("*") for text in both]
    return tuple(head + stop for head, stop, _ in found)


def check(effect: Effect, before: str, after: str, net: int) -> None:
    terms = set(effect.terms) - {"splice_region_variant"}
    if before == after:
        assert terms in ({"synonymous_variant"}, {"stop_retained_variant"})
    elif net % 3:
        assert "frameshift_variant" in terms
    else:
        longer = len(after) - len(before) - net // 3
        if not after.startswith("M"):
            assert "start_lost" in terms
            return
        assert ("stop_gained" in terms) == (longer < 0)
        assert ("stop_lost" in terms) == (longer > 0)
        kinds = terms - {"stop_gained", "stop_lost"}
        assert kinds == ({f"inframe_{'insertion' if net > 0 else 'deletion'}"} if net else kinds & {"missense_variant"})
        assert net or longer or kinds


@pytest.mark.parametrize("forward", [True, False])
def test_changes_inside_coding_exons_are_what_the_translation_says(tmp_path, forward):
    rng = np.random.default_rng(17 + forward)
    genes = {f"c{n}": random_gene(rng, codons=30, exons=3, forward=forward) for n in range(12)}
    genome, consequences = opened(tmp_path, genes)
    judged = 0
    for name, gene in genes.items():
        for _ in range(150):
            at, ref, alt = random_change(rng, gene.contig)
            each = variant(genome, name, at, ref, alt)
            found = proteins(gene, each) if each.kind != "none" else None
            places = list(consequences._places(each))
            if found and all(proteins(gene, Variant(0, p.start, p.end, each.ref, p.alt)) for p in places):
                check(consequences.of(each), *found, len(each.alt) - len(each.ref))
                judged += 1
    assert judged > 300


# 0         10        20        30        40        50
# TTTTTCCCCC ATGGCTAAA GTAAGTTTTTTTTTTTTTAG CGATGG TAA GGGGGG
TEXT = "TTTTTCCCCCATGGCTAAAGTAAGTTTTTTTTTTTTTAGCGATGGTAAGGGGGGAAAAA" + "ACGT" * 300
HAND = Gene(TEXT, True, [(5, 19), (39, 54)], [(10, 19), (39, 48)])


@pytest.mark.parametrize(
    ("at", "ref", "alt", "terms", "protein"),
    [
        (10, "A", "G", "start_lost", "p.Met1?"),
        (13, "G", "T", "missense_variant", "p.Ala2Ser"),
        (15, "T", "A", "synonymous_variant", "p.Ala2="),
        (16, "A", "T", "stop_gained&splice_region_variant", "p.Lys3Ter"),
        (16, "AAA", "GGG", "missense_variant&splice_region_variant", "p.Lys3Gly"),
        (43, "G", "A", "stop_gained", "p.Trp5Ter"),
        (45, "T", "C", "stop_lost", "p.Ter6Gln"),
        (47, "A", "G", "stop_retained_variant", "p.Ter6="),
        (46, "AA", "GA", "stop_retained_variant", "p.Ter6="),
        (19, "G", "A", "splice_donor_variant", ""),
        (38, "G", "A", "splice_acceptor_variant", ""),
        (23, "G", "A", "splice_region_variant&intron_variant", ""),
        (29, "T", "A", "intron_variant", ""),
        (40, "G", "A", "missense_variant&splice_region_variant", "p.Arg4Gln"),
        (7, "C", "G", "5_prime_UTR_variant", ""),
        (51, "G", "A", "3_prime_UTR_variant", ""),
        (13, "G", "GAAA", "inframe_insertion", ""),
        (12, "GGCT", "G", "inframe_deletion", ""),
        (13, "GC", "G", "frameshift_variant", ""),
        (12, "GGCTAAAGTAA", "G", "splice_donor_variant&coding_sequence_variant&intron_variant", ""),
        (4, TEXT[4:54], "T", "transcript_ablation", ""),
        (2, "T", "A", "upstream_gene_variant", ""),
        (60, "C", "A", "downstream_gene_variant", ""),
        (1003, "A", "C", "intergenic_variant", ""),
        (18, "AG", "A", "splice_donor_variant", ""),
        (28, "TTT", "T", "splice_region_variant&intron_variant", ""),
    ],
)
def test_by_hand(tmp_path, at, ref, alt, terms, protein):
    genome, consequences = opened(tmp_path, {"c": HAND})
    assert TEXT[at : at + len(ref)] == ref
    effect = consequences.of(variant(genome, "c", at, ref, alt))
    assert ("&".join(effect.terms), effect.protein) == (terms, protein)


def test_an_indel_that_can_be_written_outside_of_a_site_leaves_it_whole(tmp_path):
    # The intron begins with GTGTGT: two bases less, and GT still follows the exon.
    text = TEXT[:19] + "GTGT" + TEXT[19:]
    gene = Gene(text, True, [(5, 19), (43, 58)], [(10, 19), (43, 52)])
    genome, consequences = opened(tmp_path, {"c": gene})
    effect = consequences.of(variant(genome, "c", 18, "AGT", "A"))
    assert effect.terms == ("splice_region_variant", "intron_variant")


def test_the_worst_transcript_counts_and_the_chosen_one_of_equals(tmp_path):
    (tmp_path / "g.fa").write_text(f">c\n{TEXT}\n")
    gtf = tmp_path / "g.gtf"
    rows = []
    for name, tag, end in (("long", "", 19), ("chosen", ' tag "MANE_Select";', 16), ("rna", "", 0)):
        told = f'gene_id "G"; transcript_id "{name}"; gene_name "abc";{tag}'
        rows += [f"c\tx\ttranscript\t6\t54\t.\t+\t.\t{told}", f"c\tx\texon\t6\t54\t.\t+\t.\t{told}"]
        rows += [f"c\tx\tCDS\t11\t{end}\t.\t+\t0\t{told}"] * (end > 0)
    gtf.write_text("\n".join(rows) + "\n")
    reader = TranscriptReader()
    open_annotation(gtf, reader.add)
    consequences = Consequences(reader.finish(), genome := open_genome(tmp_path / "g.fa"))
    found = [consequences.of(variant(genome, "c", *each)) for each in ((13, "G", "T"), (17, "A", "G"), (40, "G", "A"))]
    assert [(each.terms[0], each.transcript) for each in found] == [
        ("missense_variant", "chosen"),
        ("missense_variant", "long"),
        ("3_prime_UTR_variant", "chosen"),
    ]


def test_contigs_that_the_annotation_lacks_or_names_differently(tmp_path):
    (tmp_path / "g.fa").write_text(f">20\n{TEXT}\n>21\n{TEXT}\n")
    (tmp_path / "g.gff").write_text(gff3(HAND, "chr20"))
    reader = TranscriptReader()
    open_annotation(tmp_path / "g.gff", reader.add)
    consequences = Consequences(reader.finish(), genome := open_genome(tmp_path / "g.fa"))
    assert consequences.of(variant(genome, "20", 13, "G", "T")).terms == ("missense_variant",)
    assert consequences.of(variant(genome, "21", 13, "G", "T")) is None


def test_upstream_and_downstream_reach_equally_far_on_both_strands(tmp_path):
    for forward in (True, False):
        gene = random_gene(np.random.default_rng(1), forward=forward)
        low, high = gene.exons[0][0], gene.exons[-1][1]
        pad = "ACGT" * 300
        padded = Gene(
            pad + gene.contig + pad,
            forward,
            [(s + 1200, e + 1200) for s, e in gene.exons],
            [(s + 1200, e + 1200) for s, e in gene.coding],
        )
        (tmp_path / str(forward)).mkdir()
        genome, consequences = opened(tmp_path / str(forward), {"c": padded})

        def first(at: int, genome=genome, consequences=consequences, contig=padded.contig) -> str:
            other = "A" if contig[at] != "A" else "C"
            return consequences.of(variant(genome, "c", at, contig[at], other)).terms[0]

        before, after = ("upstream", "downstream") if forward else ("downstream", "upstream")
        low, high = low + 1200, high + 1200
        assert [first(low - 1), first(low - NEAR), first(low - NEAR - 1)] == [
            f"{before}_gene_variant",
            f"{before}_gene_variant",
            "intergenic_variant",
        ]
        assert [first(high), first(high + NEAR - 1), first(high + NEAR)] == [
            f"{after}_gene_variant",
            f"{after}_gene_variant",
            "intergenic_variant",
        ]


def test_terms_are_in_the_order_of_their_severity():
    assert len(set(TERMS)) == len(TERMS)
    assert Effect(("splice_donor_variant", "intron_variant")).severity < Effect(("missense_variant",)).severity
