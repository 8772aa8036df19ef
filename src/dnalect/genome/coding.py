"""Coding sequences of a GFF and what every substitution in them does to the protein.

The standard genetic code: nuclear genes of yeast, fungi and animals, no mitochondria, no Candida.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.genome.gff import Row, parse_attributes, read_gff
from dnalect.tokens.bases import UNKNOWN, reverse_complement

# Amino acids of the 64 codons, first base slowest, A C G T; X for a codon with an unknown base.
AMINO_ACIDS = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLFX"
NO_CODON = 64
SYNONYMOUS, MISSENSE, NONSENSE, OTHER = 0, 1, 2, 3
CONSEQUENCES = ("synonymous", "missense", "nonsense", "other")
_KEYS = ("Parent", "transcript_id", "protein_id", "locus_tag", "name", "ID")

Codes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
_AMINO = np.frombuffer(AMINO_ACIDS.encode(), dtype=np.uint8)


@dataclass(frozen=True)
class CodingSequence:
    """The CDS of one transcript.

    positions: (n,) 0-based genome positions in the order of translation, from the first whole
    codon on. forward: whether on the + strand.
    """

    name: str
    forward: bool
    positions: Positions

    def bases(self, contig: Codes) -> Codes:
        """Return the base codes (n,) on the coding strand."""
        bases = contig[self.positions]
        return bases if self.forward else reverse_complement(bases)[::-1]

    def protein(self, contig: Codes) -> str:
        """Return the translation, `*` for a stop and `X` for a codon with an unknown base."""
        return translate(self.bases(contig))

    def fault(self, contig: Codes) -> str:
        """Return what is wrong with the gene as annotated: "" if it reads ATG ... stop and nothing else."""
        if len(self.positions) % 3:
            return "length is no multiple of 3"
        protein = self.protein(contig)
        faults = {
            "shorter than two codons": len(protein) < 2,
            "no start codon": not protein.startswith("M"),
            "no stop codon": not protein.endswith("*"),
            "stop codon inside": "*" in protein[:-1],
            "unknown base": "X" in protein,
        }
        return next((name for name, wrong in faults.items() if wrong), "")


def read_coding(path: str | Path) -> dict[str, list[CodingSequence]]:
    """Read the CDS lines of a GFF3 or GTF: contig -> its coding sequences, by position.

    Lines of one transcript (same Parent, transcript_id, protein_id, locus_tag, name or ID, the
    first that is there) are joined; the phase of the first in translation is cut off.
    Raises InputError where the file is no GFF or holds no CDS.
    """
    parts: dict[tuple[str, str, str], list[Row]] = {}
    for number, row in enumerate(read_gff(path)):
        if row.kind == "CDS":
            found = parse_attributes(row.attributes)
            name = next((found[key] for key in _KEYS if found.get(key)), f"CDS {number}")
            parts.setdefault((row.contig, name, row.strand), []).append(row)
    if not parts:
        raise InputError(f"{path} holds no CDS line: coding consequences need one")
    genes: dict[str, list[CodingSequence]] = {}
    for (contig, name, strand), rows in parts.items():
        genes.setdefault(contig, []).append(_joined(name, strand != "-", rows))
    return {
        contig: sorted(found, key=lambda gene: int(gene.positions.min(initial=0))) for contig, found in genes.items()
    }


def _start(gene: CodingSequence) -> int:
    return int(gene.positions.min(initial=0))


def _joined(name: str, forward: bool, rows: list[Row]) -> CodingSequence:
    rows = sorted(rows, key=lambda row: row.start, reverse=not forward)
    spans = [np.arange(row.start, row.end, dtype=np.int64) for row in rows]
    positions = np.concatenate(spans if forward else [span[::-1] for span in spans])
    phase = int(rows[0].phase) if rows[0].phase in ("1", "2") else 0
    return CodingSequence(name, forward, positions[phase:])


def sound_genes(genes: list[CodingSequence], contig: Codes) -> tuple[list[CodingSequence], Counter[str]]:
    """Return the genes that translate from ATG to a stop, and how many have which fault."""
    faults = [gene.fault(contig) for gene in genes]
    good = [gene for gene, fault in zip(genes, faults, strict=True) if not fault]
    return good, Counter(fault for fault in faults if fault)


def translate(bases: Codes) -> str:
    """Return the amino acids of base codes (n,) on the coding strand, `*` for a stop, `X` where a base is unknown.

    Bases after the last whole codon are left out.
    """
    return _AMINO[_codons(bases)].tobytes().decode("ascii")


def _codons(bases: Codes) -> npt.NDArray[np.int64]:
    """Codon numbers (n // 3,), 64 where a base is unknown."""
    triples = bases[: len(bases) // 3 * 3].reshape(-1, 3).astype(np.int64)
    numbers = triples @ np.array([16, 4, 1])
    return np.where((triples == UNKNOWN).any(axis=1), NO_CODON, numbers)


@dataclass(frozen=True)
class Substitutions:
    """All substitutions of some coding bases, one entry each (n,).

    positions: 0-based, on the contig. ref, alt: base codes on the + strand. coding_ref,
    coding_alt: on the gene's. codon_position: 0 to 2. consequence: SYNONYMOUS, MISSENSE,
    NONSENSE, or OTHER in a start or stop codon. gene: number of the gene.
    """

    positions: Positions
    ref: Codes
    alt: Codes
    coding_ref: Codes
    coding_alt: Codes
    codon_position: npt.NDArray[np.int8]
    consequence: npt.NDArray[np.int8]
    gene: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, at: Positions | npt.NDArray[np.bool_]) -> "Substitutions":
        """Return the entries `at`, numbers or a mask."""
        return Substitutions(**{name: getattr(self, name)[at] for name in self.__dataclass_fields__})


def every_substitution(genes: list[CodingSequence], contig: Codes) -> Substitutions:
    """Return the three substitutions of every base of sound genes that lies in one gene only.

    genes: of the contig, as `sound_genes` gives them. contig: (L,) base codes.
    """
    depth = np.zeros(len(contig), dtype=np.int32)
    for gene in genes:
        np.add.at(depth, gene.positions, 1)
    tables = [_of_gene(gene, contig, number) for number, gene in enumerate(genes)]
    joined = Substitutions(
        *(
            np.concatenate([np.zeros(0, dtype=kind), *(getattr(table, name) for table in tables)])
            for name, kind in _KINDS.items()
        )
    )
    return joined.take(depth[joined.positions] == 1)


_KINDS = {
    "positions": np.int64,
    **dict.fromkeys(("ref", "alt", "coding_ref", "coding_alt"), np.uint8),
    **dict.fromkeys(("codon_position", "consequence"), np.int8),
    "gene": np.int32,
}


def _of_gene(gene: CodingSequence, contig: Codes, number: int) -> Substitutions:
    bases = gene.bases(contig)
    codons = np.repeat(_codons(bases), 3)
    place = np.arange(len(bases)) % 3
    weight = np.array([16, 4, 1])[place]
    index = np.repeat(np.arange(len(bases)), 3)
    alt = ((bases[:, None] + np.arange(1, 4)) % 4).ravel().astype(np.uint8)
    changed = codons[index] + (alt.astype(np.int64) - bases[index]) * weight[index]
    before, after = _AMINO[codons[index]], _AMINO[changed]
    consequence = np.where(before == after, SYNONYMOUS, np.where(after == ord("*"), NONSENSE, MISSENSE))
    consequence[(index < 3) | (index >= len(bases) - 3)] = OTHER
    flip = 0 if gene.forward else 3
    return Substitutions(
        positions=gene.positions[index],
        ref=(bases[index] ^ flip).astype(np.uint8),
        alt=(alt ^ flip).astype(np.uint8),
        coding_ref=bases[index],
        coding_alt=alt,
        codon_position=place[index].astype(np.int8),
        consequence=consequence.astype(np.int8),
        gene=np.full(len(index), number, dtype=np.int32),
    )
