"""Coding bases of a genome: every substitution in sound genes and what it does to the protein."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.examples import matched, strata
from dnalect.genome import (
    CONSEQUENCES,
    MISSENSE,
    NONSENSE,
    OTHER,
    SYNONYMOUS,
    CodingSequence,
    Region,
    every_substitution,
    own_name,
    read_coding,
    sound_genes,
)
from studies.worth.bench import Bench
from studies.worth.snvs import Snvs, make_snvs
from studies.worth.species import Species

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Coding:
    """Coding substitutions, sorted by contig and position.

    consequence, codon_position: as in genome.coding. change: number of the substitution on
    the coding strand. gene: number, unique over contigs. All (n,).
    """

    snvs: Snvs
    consequence: Numbers
    codon_position: Numbers
    change: Numbers
    gene: Numbers

    def __len__(self) -> int:
        return len(self.snvs)

    def take(self, at: Numbers | Mask) -> "Coding":
        """Return the entries `at`, numbers or a mask."""
        rest = {name: getattr(self, name)[at] for name in self.__dataclass_fields__ if name != "snvs"}
        return Coding(snvs=self.snvs.take(at), **rest)


def coding_substitutions(genes: Sequence[CodingSequence], codes: npt.NDArray[np.uint8], contig: int) -> Coding:
    """Return every substitution of the sound genes of one contig, start and stop codons left out."""
    every = every_substitution(list(genes), codes)
    every = every.take(every.consequence != OTHER)
    every = every.take(np.lexsort((every.alt, every.positions)))
    return Coding(
        make_snvs(contig, every.positions, every.ref, every.alt),
        every.consequence.astype(np.int64),
        every.codon_position.astype(np.int64),
        every.coding_ref.astype(np.int64) * 4 + every.coding_alt,
        every.gene.astype(np.int64) + contig * 100_000,
    )


def joined(parts: Sequence[Coding]) -> Coding:
    """Return the substitutions of several contigs, which must be in order, in one."""
    names = [name for name in Coding.__dataclass_fields__ if name != "snvs"]
    snvs = {n: np.concatenate([getattr(part.snvs, n) for part in parts]) for n in Snvs.__dataclass_fields__}
    return Coding(Snvs(**snvs), **{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})


def drawn_of(every: Coding, count: int) -> Coding:
    """Return up to `count` substitutions of each consequence, drawn with a seed."""
    rng = np.random.default_rng(0)
    kinds = [np.flatnonzero(every.consequence == kind) for kind in (SYNONYMOUS, MISSENSE, NONSENSE)]
    return every.take(np.sort(np.concatenate([rng.permutation(kind)[:count] for kind in kinds])))


def pairs(drawn: Coding) -> Iterator[tuple[str, Numbers, Mask]]:
    """Yield every kind of consequence against every other, matched by codon position and type.

    A name, the numbers (m,) of the substitutions that are compared, and which are of the milder kind.
    """
    for better, worse in ((SYNONYMOUS, NONSENSE), (SYNONYMOUS, MISSENSE), (MISSENSE, NONSENSE)):
        at = np.flatnonzero(np.isin(drawn.consequence, (better, worse)))
        stratum = strata(drawn.codon_position[at], drawn.change[at])
        at = at[matched(drawn.consequence[at] == better, stratum)]
        yield f"{CONSEQUENCES[better]} over {CONSEQUENCES[worse]}", at, drawn.consequence[at] == better


class Genes:
    """The sound genes of a genome, read when a contig is asked for."""

    def __init__(self, bench: Bench, species: Species):
        self._bench = bench
        self._coding = read_coding(bench.options.file(species.annotation))
        self._found: dict[int, tuple[list[CodingSequence], Counter[str]]] = {}

    def of(self, region: Region) -> list[CodingSequence]:
        """Return the genes of a whole contig that translate from ATG to a stop codon."""
        number = region.contig
        if number not in self._found:
            name = own_name(self._bench.genome.names[number], self._coding)
            self._found[number] = sound_genes(self._coding.get(name, []), self._bench.model.codes(region))
        return self._found[number][0]

    def every(self, regions: Sequence[Region]) -> list[Coding]:
        """Return all substitutions of the genes, a table for each region, in order."""
        return [
            coding_substitutions(self.of(region), self._bench.model.codes(region), region.contig)
            for region in sorted(regions)
        ]

    def note(self) -> str:
        """Say how many genes of the contigs asked for are sound, and what is wrong with the others."""
        faults = sum((each for _, each in self._found.values()), Counter[str]())
        told = ", ".join(f"{count} {fault}" for fault, count in faults.most_common())
        return (
            f"{sum(len(genes) for genes, _ in self._found.values()):,} annotated genes translate from ATG to a stop "
            f"codon and are used; {sum(faults.values())} do not{f' ({told})' if told else ''}."
        )
