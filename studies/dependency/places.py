"""Where bases are known to go together: stems of tRNAs, splice sites of introns."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import Genome
from dnalect.genome import parse_attributes, read_gff
from dnalect.tokens import decode, encode, reverse_complement

_NAME = re.compile(r"t[A-Z][a-z]?\(([ACGUT]{3})\)")
_PAIRS = {"AT", "TA", "GC", "CG", "GT", "TG"}
# Pairs of a stem, and how many of them must be able to pair for the stem to be taken for what it is.
STEMS = {"acceptor": (7, 6), "D": (4, 3), "anticodon": (5, 4), "T": (5, 4)}
# Where the anticodon may begin, 0-based; the branch point of yeast, and how far before the 3' end it may lie.
ANTICODON, BRANCH, BEFORE = range(30, 42), "TACTAAC", 120
# Bases of a donor that are looked at, and those beside an intron.
DONOR, BESIDE = 6, 60


@dataclass(frozen=True)
class Stretch:
    """A part of a genome with what is known of it.

    family: what is drawn whole. contig: name. [start, end): 0-based. pairs: (k, 2) offsets in it, forward strand.
    """

    family: str
    contig: str
    start: int
    end: int
    pairs: npt.NDArray[np.int64]


def stems(mature: str, anticodon: str) -> dict[str, list[tuple[int, int]]]:
    """Return the base pairs of the four stems of a mature tRNA without CCA: the canonical cloverleaf.

    Acceptor and T stem are counted from the 3' end (T loop of 7 bases), the anticodon stem from the anticodon (loop of
    7), the D stem from both its neighbours. A stem that could not pair is left out.
    """
    last, text = len(mature), mature.upper().replace("U", "T")
    found = {
        "acceptor": [(k, last - 2 - k) for k in range(7)],
        "T": [(last - 25 + k, last - 9 - k) for k in range(5)],
    }
    begins = [p for p in ANTICODON if text[p : p + 3] == anticodon.upper().replace("U", "T")]
    arms = {p: [(p - 7 + k, p + 9 - k) for k in range(5)] for p in begins if p + 9 < last}
    if arms:
        p = max(arms, key=lambda each: _pairing(text, arms[each]))
        found["anticodon"], found["D"] = arms[p], [(9 + k, p - 9 - k) for k in range(4)]
    return {name: each for name, each in found.items() if _pairing(text, each) >= STEMS[name][1]}


def _pairing(text: str, pairs: Sequence[tuple[int, int]]) -> int:
    return sum(text[i] + text[j] in _PAIRS for i, j in pairs)


def read_trnas(path: Path, genome: Genome) -> list[Stretch]:
    """Return nuclear tRNAs with at least two stems of the cloverleaf. Those of one anticodon are a family."""
    parts: dict[tuple[str, str], list[tuple[int, int, bool]]] = {}
    for row in read_gff(path):
        name = parse_attributes(row.attributes).get("locus_tag", "")
        if row.kind == "tRNA" and _NAME.match(name) and row.contig in genome and "mito" not in row.contig.lower():
            parts.setdefault((row.contig, name), []).append((row.start, row.end, row.strand != "-"))
    found = []
    for (contig, name), exons in parts.items():
        exons.sort()
        at = np.concatenate([np.arange(start, end) for start, end, _ in exons])
        text = "".join(genome[contig][start:end] for start, end, _ in exons).upper()
        if not exons[0][2]:
            at, text = at[::-1], decode(reverse_complement(encode(text)))
        matched = _NAME.match(name)
        assert matched is not None
        pairs = [pair for each in stems(text, matched[1]).values() for pair in each]
        if len(pairs) >= 9:
            start, end = exons[0][0], exons[-1][1]
            found.append(Stretch(matched[0], contig, start, end, np.sort(at[np.array(pairs)] - start, axis=1)))
    return found


@dataclass(frozen=True)
class Intron:
    """An intron on its strand. blocks: (first, last) offsets in the stretch of donor, branch point and acceptor."""

    stretch: Stretch
    donor: tuple[int, int]
    branch: tuple[int, int]
    acceptor: tuple[int, int]


def read_introns(path: Path, genome: Genome, longest: int) -> list[Intron]:
    """Return the introns of coding genes that begin with GT, end with AG and have a branch point of TACTAAC."""
    genes: dict[tuple[str, str, bool], list[tuple[int, int]]] = {}
    for row in read_gff(path):
        if row.kind == "CDS" and row.contig in genome:
            name = parse_attributes(row.attributes).get("locus_tag", "")
            genes.setdefault((row.contig, name, row.strand != "-"), []).append((row.start, row.end))
    return [each for key, exons in genes.items() for each in _introns(genome, key, sorted(exons), longest)]


def _introns(
    genome: Genome, key: tuple[str, str, bool], exons: list[tuple[int, int]], longest: int
) -> Iterator[Intron]:
    contig, name, forward = key
    for (_, start), (end, _) in pairwise(exons):
        if not 40 <= end - start <= longest or start < BESIDE:
            continue
        text = genome[contig][start:end].upper()
        text = text if forward else decode(reverse_complement(encode(text)))
        branch = text.rfind(BRANCH, max(0, len(text) - BEFORE))
        if not text.startswith("GT") or not text.endswith("AG") or branch < DONOR:
            continue
        size = end - start
        blocks = [(0, DONOR), (branch, branch + len(BRANCH)), (size - 3, size)]
        if not forward:
            blocks = [(size - high, size - low) for low, high in blocks]
        moved = [(low + BESIDE, high + BESIDE) for low, high in blocks]
        nothing = np.empty((0, 2), dtype=np.int64)
        yield Intron(Stretch(name, contig, start - BESIDE, end + BESIDE, nothing), *moved)
