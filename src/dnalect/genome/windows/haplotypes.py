"""Windows of one length on the haplotypes of a variant."""

from dnalect.core.records import Codes, Variant
from dnalect.genome.fasta import Genome
from dnalect.tokens.bases import decode, encode


def haplotype_window(variant: Variant, allele: Codes, genome: Genome, length: int, offset: int = 0) -> str:
    """Return the window of a haplotype: upper-case A, C, G, T, N.

    allele: `variant.ref` or `variant.alt`; the haplotype is the whole contig with it in its
    place. length: bases. The allele stands in the middle, with an odd base of the flanks to
    its right, or `offset` bases to the left of that. At an end of the haplotype the window is moved
    until it lies inside; of a haplotype that is shorter the whole is returned.
    """
    start, end = variant.start, variant.start + len(allele)
    whole = int(genome.lengths[variant.contig]) - len(variant.ref) + len(allele)
    low = start - (length - len(allele)) // 2 + offset
    low = max(0, min(low, whole - length))
    high = min(low + length, whole)
    # Right of the allele the haplotype runs ahead of the reference by as much as the allele is longer.
    behind = variant.end - end
    left = genome.fetch(variant.contig, low, min(high, start))
    right = genome.fetch(variant.contig, max(low, end) + behind, high + behind)
    inside = allele[max(0, low - start) : max(0, high - start)]
    return decode(encode(left)) + decode(inside) + decode(encode(right))
