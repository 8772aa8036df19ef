"""Where the contigs of a reference come from, and what a model's card knows of such places."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from dnalect.genome.builds import SAME_ASSEMBLY, Build, build_of, builds_with
from dnalect.genome.fasta import Genome
from dnalect.genome.names import Slice, slice_of
from dnalect.models.card import Card


@dataclass(frozen=True)
class Origin:
    """Where each contig of a reference lies in its assembly.

    names, lengths: of the contigs. told: the assembly that somebody named; it is needed for slices.
    """

    names: tuple[str, ...]
    lengths: tuple[int, ...]
    told: Build | None = None

    @cached_property
    def slices(self) -> dict[int, Slice]:
        """Contigs whose names say which part of a chromosome they are, by number."""
        found = ((n, slice_of(*each)) for n, each in enumerate(zip(self.names, self.lengths, strict=True)))
        return {number: part for number, part in found if part}

    @cached_property
    def sliced(self) -> bool:
        """Whether the reference consists of such parts."""
        return sum(self.lengths[n] for n in self.slices) >= SAME_ASSEMBLY * max(1, sum(self.lengths))

    @cached_property
    def possible(self) -> list[Build]:
        """The assemblies that it can be of: one by its lengths, of slices those with such chromosomes."""
        if found := build_of(self.lengths):
            return [found]
        if not self.sliced:
            return []
        fitting = builds_with(list(self.slices.values()))
        return [each for each in fitting if self.told in (None, each)]

    @property
    def build(self) -> Build | None:
        """The assembly, None where it can't be told."""
        return self.possible[0] if len(self.possible) == 1 else None

    def place(self, contig: int) -> tuple[int, int] | None:
        """Return the length of the chromosome that a contig is of, and where in it the contig begins (0-based).

        None of a slice whose assembly is not known.
        """
        part = self.slices.get(contig)
        if part is None:
            return self.lengths[contig], 0
        length = self.build.length(part.contig) if self.build else None
        return None if length is None else (length, part.start)


def origin_of(genome: Genome, told: Build | None = None) -> Origin:
    """Return where the contigs of a reference come from. told: the assembly, where somebody names it."""
    return Origin(genome.names, tuple(int(length) for length in genome.lengths), told)


def origin_as(build: Build) -> Origin:
    """Return the origin of a whole assembly."""
    return Origin(tuple(build.contigs), tuple(build.contigs.values()))


def same_species(card: Card, build: Build) -> bool:
    """Whether a model learned from the species of an assembly."""
    return any(build.of_species(species) for species in [card.species, *(each.species for each in card.genomes)])


def saw(card: Card, origin: Origin, contig: int, start: int, end: int) -> bool | None:
    """Whether a model was trained on a base of [start, end) of a contig of the reference.

    None where that isn't known: in another assembly of a species that it learned from, in a slice
    of unknown assembly, and in a reference that is of no known one.
    """
    if (place := origin.place(contig)) is not None:
        length, offset = place
        if (found := card.saw(length, offset + start, offset + end)) is not None:
            return found
    told = [card.species, *(each.species for each in card.genomes)]
    foreign = origin.possible and all(told) and not any(same_species(card, each) for each in origin.possible)
    return False if foreign else None


def any_saw(cards: Sequence[Card], origin: Origin, contig: int, start: int, end: int) -> bool | None:
    """Whether any of the models was; None where one isn't known to have been and another may have been."""
    found = [saw(card, origin, contig, start, end) for card in cards]
    return True if True in found else None if None in found else False
