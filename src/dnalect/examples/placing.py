"""Where labelled sequences stand on a genome: by exact match, then by alignment."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dnalect.core.examples import Examples
from dnalect.examples.labelled import place
from dnalect.genome.fasta import Genome

# An aligned sequence has a place where this share of it aligns and of the alignment is identical.
COVERED, IDENTICAL = 0.9, 0.95
Place = tuple[int, int, int, str]


def placed(examples: Examples, genome: Genome) -> Examples:
    """Return examples with contigs, starts, ends and strands of all that stand at one place.

    Folders that are known already stay. The others are looked for by exact match on both
    strands, then with minimap2 (preset sr): one place at which 90% of the sequence align with
    95% identity. There the ends are those of the whole sequence, so that its span may be some
    bases longer or shorter than it. Sequences of fewer than 24 bases, or at several places,
    get none. The notes count exact, aligned, nowhere and several.
    """
    wanted = np.flatnonzero(~examples.placed)
    if not len(wanted):
        return examples
    texts = tuple(examples.sequences[row] for row in wanted.tolist())
    exact = place(genome, texts)
    found: dict[int, Place] = {}
    for row, contig, start, forward in zip(exact.rows, exact.contigs, exact.starts, exact.forward, strict=True):
        found[int(row)] = (int(contig), int(start), int(start) + len(texts[row]), "+" if forward else "-")
    left = sorted(set(range(len(texts))) - found.keys() - set(exact.repeated.tolist()))
    hits = aligned(genome, [texts[row] for row in left])
    found |= {row: places[0] for row, places in zip(left, hits, strict=True) if len(places) == 1}
    several = exact.several + sum(len(places) > 1 for places in hits)
    by_alignment = len(found) - len(exact.rows)
    note = (
        f"{len(texts):,} sequences looked for on {genome.path.name}: {len(exact.rows):,} found exactly, "
        f"{by_alignment:,} by alignment, {several:,} at several places, {len(texts) - len(found) - several:,} nowhere"
    )
    return _with_places(examples, genome, {int(wanted[row]): each for row, each in found.items()}, note)


def aligned(genome: Genome, sequences: Sequence[str]) -> list[list[Place]]:
    """Return the places (contig, start, end, strand) at which each sequence aligns nearly whole.

    Contigs are indexed one after the other, so that memory is that of the longest.
    """
    import mappy

    places: list[set[Place]] = [set() for _ in sequences]
    for contig, name in enumerate(genome.names):
        if not sequences:
            break
        length = int(genome.lengths[contig])
        index = mappy.Aligner(seq=genome.contig(name).tobytes().decode("ascii"), preset="sr")
        for text, spots in zip(sequences, places, strict=True):
            for hit in index.map(text):
                if hit.q_en - hit.q_st < COVERED * len(text) or hit.mlen < IDENTICAL * hit.blen:
                    continue
                before, after = hit.q_st, len(text) - hit.q_en
                if hit.strand < 0:
                    before, after = after, before
                start, end = max(0, hit.r_st - before), min(length, hit.r_en + after)
                spots.add((contig, start, end, "+" if hit.strand > 0 else "-"))
    # A palindrome aligns to one place on both strands.
    return [sorted({(c, s, e): (c, s, e, strand) for c, s, e, strand in sorted(spots)}.values()) for spots in places]


def _with_places(examples: Examples, genome: Genome, found: dict[int, Place], note: str) -> Examples:
    contigs, strands = list(examples.contigs), list(examples.strands)
    starts, ends = examples.starts.copy(), examples.ends.copy()
    for row, (contig, start, end, strand) in found.items():
        contigs[row], starts[row], ends[row], strands[row] = genome.names[contig], start, end, strand
    return replace(
        examples,
        contigs=tuple(contigs),
        starts=starts,
        ends=ends,
        strands=tuple(strands),
        notes=(*examples.notes, note),
    )
