"""Assemblies by the lengths of their chromosomes."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from dnalect.core.errors import ConfigError
from dnalect.core.nearest import did_you_mean
from dnalect.genome.names import Slice

# A reference may add a mitochondrion, alternative loci or decoys to an assembly, and stays that assembly.
SAME_ASSEMBLY = 0.9
_PATCH = re.compile(r"[._-]?p\d+$", re.IGNORECASE)


@dataclass(frozen=True)
class Build:
    """An assembly. also: other names of it. contigs: its primary chromosomes -> lengths in bases."""

    name: str
    species: str
    also: tuple[str, ...]
    contigs: dict[str, int]

    @property
    def title(self) -> str:
        """As people look for it, e.g. "GRCh37 (hg19)"."""
        return f"{self.name} ({self.also[0]})"

    def of_species(self, species: str) -> bool:
        """Whether a species, given by its Latin name and perhaps a strain, is this assembly's."""
        return bool(species) and self.species.split()[:2] == species.split()[:2]

    def length(self, contig: str) -> int | None:
        """Return the length of a chromosome, with or without "chr", None where there is none."""
        return next((size for name, size in self.contigs.items() if _bare(name) == _bare(contig)), None)


def _bare(name: str) -> str:
    return name.lower().removeprefix("chr")


@cache
def builds() -> tuple[Build, ...]:
    """Return the assemblies that are known, as builds.toml beside this file has them."""
    table: dict[str, Any] = tomllib.loads(files("dnalect.genome").joinpath("builds.toml").read_text(encoding="utf-8"))
    return tuple(Build(name, each["species"], tuple(each["also"]), each["contigs"]) for name, each in table.items())


def build_named(text: str) -> Build | None:
    """Return the assembly of a name, whatever its case and patch level; None for an unknown one."""
    plain = _PATCH.sub("", text.strip().strip('"')).lower()
    return next((each for each in builds() if plain in {name.lower() for name in (each.name, *each.also)}), None)


def the_build(text: str) -> Build:
    """Return the assembly of a name. Raises ConfigError that lists the known ones."""
    if found := build_named(text):
        return found
    every = [name for each in builds() for name in (each.name, *each.also)]
    raise ConfigError(
        f"there is no assembly {text!r}.{did_you_mean(text, every)} Known: {', '.join(each.title for each in builds())}"
    )


def build_of(lengths: Iterable[int]) -> Build | None:
    """Return the assembly that most of a reference's bases are of, by the lengths of its contigs; None of none.

    One whole chromosome is enough.
    """
    sizes = list(lengths)
    least, best = SAME_ASSEMBLY * sum(sizes), None
    for each in builds():
        mine = set(each.contigs.values())
        if (held := sum(size for size in sizes if size in mine)) and held >= least:
            least, best = held, each
    return best


def build_in(text: str) -> Build | None:
    """Return the assembly that a path or sentence names, e.g. file:///ref/hs37d5.fa; None where it names none."""
    words = re.split(r"[\s/\\,;:=<>\"]+", re.sub(r"\.(fa|fasta|fna|2bit)(\.gz|\.bgz)?\b", " ", text))
    return next((found for word in reversed(words) if word and (found := build_named(word))), None)


def builds_with(parts: Sequence[Slice]) -> list[Build]:
    """Return the assemblies that these parts can have been cut from: each has such chromosomes, long enough."""
    return [each for each in builds() if all((each.length(part.contig) or 0) >= part.end for part in parts)]
