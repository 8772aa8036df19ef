"""Made-up genes with introns on either strand, for tests of consequences."""

from dataclasses import dataclass

import numpy as np

from dnalect.tokens.bases import BASES, decode, encode, opposite

STOPS = ("TAA", "TAG", "TGA")


@dataclass
class Gene:
    """A contig with one gene. exons, coding: 0-based half-open on the + strand, by position."""

    contig: str
    forward: bool
    exons: list[tuple[int, int]]
    coding: list[tuple[int, int]]

    def spliced(self, contig: str, spans: list[tuple[int, int]]) -> str:
        joined = "".join(contig[start:end] for start, end in spans)
        return joined if self.forward else opposite(joined)


def letters(rng: np.random.Generator, count: int) -> str:
    return decode(rng.integers(0, 4, count).astype(np.uint8))


def random_gene(rng: np.random.Generator, codons: int = 12, exons: int = 3, forward: bool = True) -> Gene:
    """Flank, 5' UTR, ATG ... stop over some exons, 3' UTR, flank."""
    inner = []
    while len(inner) < codons:
        codon = letters(rng, 3)
        if codon not in STOPS:
            inner.append(codon)
    cds = "ATG" + "".join(inner) + STOPS[rng.integers(3)]
    head, tail = letters(rng, int(rng.integers(4, 12))), letters(rng, int(rng.integers(4, 12)))
    message = head + cds + tail
    cuts = sorted(rng.choice(np.arange(4, len(message) - 4), exons - 1, replace=False).tolist())
    contig, spans, coding = letters(rng, 40), [], []
    for start, end in zip([0, *cuts], [*cuts, len(message)], strict=True):
        if start:
            contig += "GT" + letters(rng, int(rng.integers(20, 40))) + "AG"
        at = len(contig)
        spans.append((at, at + end - start))
        low, high = max(start, len(head)), min(end, len(head) + len(cds))
        if low < high:
            coding.append((at + low - start, at + high - start))
        contig += message[start:end]
    contig += letters(rng, 40)
    if forward:
        return Gene(contig, True, spans, coding)
    size = len(contig)

    def turned(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return [(size - end, size - start) for start, end in reversed(found)]

    return Gene(opposite(contig), False, turned(spans), turned(coding))


def random_change(rng: np.random.Generator, contig: str) -> tuple[int, str, str]:
    """0-based position, REF and ALT of a substitution, insertion or deletion, as a VCF writes them."""
    at = int(rng.integers(2, len(contig) - 12))
    kind, size = rng.integers(4), int(rng.integers(1, 8))
    if kind == 0:
        return at, contig[at], BASES[(encode(contig[at])[0] + rng.integers(1, 4)) % 4]
    if kind == 1:
        return at, contig[at : at + size], letters(rng, size)
    if kind == 2:
        return at, contig[at], contig[at] + letters(rng, size)
    return at, contig[at : at + 1 + size], contig[at]


def gff3(gene: Gene, name: str = "c") -> str:
    """The gene in Ensembl's GFF3."""
    strand = "+" if gene.forward else "-"
    start, end = gene.exons[0][0] + 1, gene.exons[-1][1]
    lines = [
        f"{name}\tx\tgene\t{start}\t{end}\t.\t{strand}\t.\tID=gene:g_{name};Name=abc;biotype=protein_coding",
        f"{name}\tx\tmRNA\t{start}\t{end}\t.\t{strand}\t.\tID=transcript:t_{name};Parent=gene:g_{name};biotype=protein_coding",
    ]
    lines += [f"{name}\tx\texon\t{s + 1}\t{e}\t.\t{strand}\t.\tParent=transcript:t_{name}" for s, e in gene.exons]
    low, high = gene.coding[0][0], gene.coding[-1][1]
    utrs = [(s, min(e, low), gene.forward) for s, e in gene.exons if s < low]
    utrs += [(max(s, high), e, not gene.forward) for s, e in gene.exons if e > high]
    for s, e, five in utrs:
        kind = "five_prime_UTR" if five else "three_prime_UTR"
        lines.append(f"{name}\tx\t{kind}\t{s + 1}\t{e}\t.\t{strand}\t.\tParent=transcript:t_{name}")
    done = 0
    for s, e in gene.coding if gene.forward else reversed(gene.coding):
        lines.append(
            f"{name}\tx\tCDS\t{s + 1}\t{e}\t.\t{strand}\t{-done % 3}\tID=CDS:p_{name};Parent=transcript:t_{name}"
        )
        done += e - s
    return "\n".join(lines) + "\n"
