"""A contig of a genome as people index it: like a str, from 0, half-open, read when it is sliced."""

from dataclasses import dataclass

from dnalect.genome.packed import Bases


@dataclass(frozen=True, repr=False, eq=False)
class Contig:
    """One contig. name: as in the FASTA. bases: of its genome; `length` of them from `start` on are its own."""

    name: str
    bases: Bases
    start: int
    length: int

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: int | slice) -> str:
        """Return bases as text, case as in the FASTA: [a:b] is 0-based half-open and ends at the contig's end."""
        chosen = range(self.length)[place]
        if isinstance(chosen, int):
            return chr(self.bases.span(self.start + chosen, self.start + chosen + 1)[0])
        if not chosen:
            return ""
        low, high = min(chosen[0], chosen[-1]), max(chosen[0], chosen[-1]) + 1
        found = self.bases.span(self.start + low, self.start + high)
        return found[:: chosen.step].tobytes().decode("ascii")

    def __str__(self) -> str:
        return self[:]

    def __repr__(self) -> str:
        return f"Contig({self.name!r}, {self.length:,} bases)"
