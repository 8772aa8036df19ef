"""Promoters alike without alignment: does cosine find a promoter's partner in a relative where minimap2 does not?

Each promoter of S. cerevisiae is looked for among the promoters of the same genes in a relative (by gene name), at
falling identity; and among its own with random substitutions, which keep nothing but the resemblance.
"""

import gzip
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import Genome, open_genome
from dnalect.alike import RIVALS, How, aligned_shares, centred, rival_vectors
from dnalect.core import NOTHING, Figure, say
from dnalect.genome import parse_attributes, read_gff
from dnalect.models import Model
from dnalect.stats import Draws, estimate, paired
from dnalect.tokens import BASES, opposite
from studies.data import file_of
from studies.options import Discover

UPSTREAM = 500
RELATIVES = (("S. paradoxus", "CBS432", "all_feature"), ("S. arboricola", "Sarb", "protein_coding_gene"))
# Shares of bases that are the same, from which a bin begins; and those of random substitutions.
EDGES = (0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 1.01)
KEPT = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
FEWEST = 10
TASK, FOUND = "partners of promoters", "partner comes first"
ALIGNMENT, CHANCE = "alignment (minimap2)", "shuffled pairs"
Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


def partners(model: Model, options: Discover) -> list[Figure]:
    """Return how often a promoter's partner is the most like it of all, by bins of identity, for everybody."""
    data = options.data
    genome = open_genome(file_of(data, "genomes/yeast_S288C.fa.gz"))
    own = promoters(genome, file_of(data, "genomes/yeast_S288C.gff.gz"), "locus_tag")
    out: list[Figure] = []
    for species, strain, kind in RELATIVES:
        folder = f"genomes/saccharomyces/{strain}"
        other = open_genome(file_of(data, f"{folder}.genome.fa.gz"))
        theirs = promoters(other, file_of(data, f"{folder}.{kind}.gff.gz"), "Name")
        names = sorted(own.keys() & theirs.keys())
        names = [names[at] for at in np.random.default_rng(1).permutation(len(names))[: options.pairs]]
        say(f"{len(names):,} promoters of S. cerevisiae, looked for in {species}")
        texts = [[spelled(genome, own[name]) for name in names], [spelled(other, theirs[name]) for name in names]]
        same = kept_shares(
            genome, file_of(data, f"alignment/{strain}.on_S288C.diff.fa.gz"), [own[name] for name in names]
        )
        ranks = _first(model, *texts)
        for low, high in pairwise(EDGES):
            out += _figures(
                f"{species}, {low:.0%}-{min(high, 1):.0%} of bases kept", ranks, (same >= low) & (same < high)
            )
    rng = np.random.default_rng(2)
    base = texts[0]
    for share in KEPT:
        ranks = _first(model, base, [mutated(text, 1 - share, rng) for text in base])
        out += _figures(f"random substitutions, {share:.0%} of bases kept", ranks, np.ones(len(base), dtype=bool))
    return out


def promoters(genome: Genome, path: Path, key: str) -> dict[str, tuple[int, int, int, bool]]:
    """Return name -> contig, start, end and strand of the 500 bases before each gene; no name twice."""
    found: dict[str, tuple[int, int, int, bool]] = {}
    twice: set[str] = set()
    for row in read_gff(path):
        name = parse_attributes(row.attributes).get(key, "")
        if row.kind != "gene" or row.contig not in genome.index or name in ("", "NA"):
            continue
        contig, forward = genome.index[row.contig], row.strand != "-"
        low, high = (row.start - UPSTREAM, row.start) if forward else (row.end, row.end + UPSTREAM)
        if low >= 0 and high <= int(genome.lengths[contig]):
            twice |= {name} & found.keys()
            found[name] = contig, low, high, forward
    return {name: each for name, each in found.items() if name not in twice}


def spelled(genome: Genome, place: tuple[int, int, int, bool]) -> str:
    """Return the bases of a place on its strand."""
    contig, low, high, forward = place
    text = genome.fetch(contig, low, high).tobytes().decode("ascii").upper()
    return text if forward else opposite(text)


def kept_shares(genome: Genome, path: Path, places: Sequence[tuple[int, int, int, bool]]) -> Floats:
    """Return the share of bases (n,) that a relative has, too, of the genome-wide alignment; none where it has none."""
    with gzip.open(path, "rt", encoding="ascii") as file:
        records = {genome.index[name]: np.frombuffer(text.encode(), dtype=np.uint8) for name, text in _records(file)}
    return np.array([(records[contig][low:high] == ord(".")).mean() for contig, low, high, _ in places])


def _records(file: object) -> Iterator[tuple[str, str]]:
    name, parts = "", list[str]()
    for line in file:  # type: ignore[attr-defined]
        if line.startswith(">"):
            if name:
                yield name, "".join(parts)
            name, parts = line[1:].split()[0], []
        else:
            parts.append(line.strip())
    yield name, "".join(parts)


def mutated(text: str, share: float, rng: np.random.Generator) -> str:
    """Return a text with so many of its bases replaced by others, at random."""
    letters = np.array(list(text))
    at = rng.permutation(len(letters))[: round(share * len(letters))]
    for place in at.tolist():
        letters[place] = rng.choice([base for base in BASES if base != letters[place]])
    return "".join(letters)


def _first(model: Model, texts: Sequence[str], others: Sequence[str]) -> dict[str, Floats]:
    """Who -> 1 where the partner is the most like it of all, else 0 (n,)."""
    how = How()
    readers: dict[str, Callable[[Sequence[str]], Singles]] = {
        model.card.id: lambda each: how(model, each),
        RIVALS["words"]: lambda each: rival_vectors("words", None, each, how),
        RIVALS["untrained"]: lambda each: rival_vectors("untrained", model, each, how),
    }
    out = {who: _best(centred(read(texts)) @ centred(read(others)).T) for who, read in readers.items()}
    return {**out, ALIGNMENT: _best(_aligned(texts, others))}


def _best(likeness: npt.NDArray[np.floating]) -> Floats:
    """1 where the own column of a row is higher than all others."""
    own = np.diag(likeness).copy()
    rest = likeness.copy()
    np.fill_diagonal(rest, -np.inf)
    return np.asarray(own > rest.max(axis=1), dtype=np.float64)


def _aligned(texts: Sequence[str], others: Sequence[str]) -> Floats:
    """Share (n, n) of each of the others that minimap2 aligns to each text, 0 where it finds no alignment."""
    return np.array([aligned_shares(other, texts) for other in others]).T


def _figures(part: str, ranks: dict[str, Floats], rows: npt.NDArray[np.bool_]) -> list[Figure]:
    if rows.sum() < FEWEST:
        return []
    count = len(rows)
    draws = Draws.of(np.arange(int(rows.sum())))
    bare = Figure(TASK, part, "", FOUND, int(rows.sum()), NOTHING, chance=1 / count, chance_name=CHANCE)
    samples = {who: draws.mean(each[rows]) for who, each in ranks.items()}
    model, missed = next(iter(ranks)), ranks[ALIGNMENT][rows] == 0
    out = paired(bare, samples)
    if missed.sum() >= FEWEST:
        own = ranks[model][rows][missed]
        metric = f"{FOUND}, where minimap2 does not find it"
        for who in (each for each in ranks if each != ALIGNMENT):
            values = Draws.of(np.arange(len(own))).mean(ranks[who][rows][missed])
            out.append(
                Figure(TASK, part, who, metric, len(own), estimate(values), chance=1 / count, chance_name=CHANCE)
            )
    return out
