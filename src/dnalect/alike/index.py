"""An index over the windows of a genome: what is most like a sequence, on either strand, and how often by chance.

Raw cosines of a model's vectors crowd near 1, as all windows share most of a vector. Centred ones have the mean of the
windows taken off; whitened ones also have every direction in which windows vary brought to one spread. Shapes: N
windows, C channels, M windows that are known on both strands.
"""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.alike.neighbours import APART, Where, unit
from dnalect.alike.spaces import How
from dnalect.core.errors import InputError
from dnalect.core.files import written_whole
from dnalect.core.reporter import phase, say
from dnalect.examples.sources import Tiling, known
from dnalect.genome.fasta import Genome
from dnalect.models.model import Model
from dnalect.tokens.bases import opposite

SPACES = ("centred", "whitened", "raw")
# Windows whose reverse complement is embedded too, and with how many others each of them is paired.
BOTH, PARTNERS = 400, 500
CHUNK = 512
# Directions of less spread than this share of the mean one are not blown up.
FLOOR = 0.01
FORMAT = 1
Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Space:
    """How vectors are compared: as unit vectors of (vector - centre) @ turn. centre: (C,). turn: (C, K)."""

    centre: Singles
    turn: Singles

    def __call__(self, vectors: Singles) -> Singles:
        """Return unit vectors (n, K)."""
        return unit((vectors - self.centre) @ self.turn)


def space_of(vectors: Singles, kind: str = "centred") -> Space:
    """Return the space that vectors (N, C) make. kind: "raw", "centred" or "whitened"."""
    channels = vectors.shape[1]
    if kind == "raw":
        return Space(np.zeros(channels, np.float32), np.eye(channels, dtype=np.float32))
    centre = vectors.mean(axis=0, dtype=np.float64)
    if kind == "centred":
        return Space(centre.astype(np.float32), np.eye(channels, dtype=np.float32))
    away = vectors - centre
    spread, axes = np.linalg.eigh(away.T @ away / max(1, len(away) - 1))
    spread = np.maximum(spread, FLOOR * max(float(spread.mean()), 1e-12))
    return Space(centre.astype(np.float32), (axes / np.sqrt(spread)).astype(np.float32))


def centred(vectors: Singles) -> Singles:
    """Return unit vectors (n, C) of vectors less their mean."""
    return space_of(vectors)(vectors)


@dataclass(frozen=True, eq=False)
class Hits:
    """Windows like a query, the most alike first.

    rows: of the index. similarity: cosines. forward: whether on the strand that the index read. p: the share of random
    pairs of windows, 10 kb or another contig apart, that are as alike, their better strand counting, too.
    """

    rows: Numbers
    similarity: Floats
    forward: npt.NDArray[np.bool_]
    p: Floats


@dataclass(frozen=True, eq=False)
class Index:
    """Vectors of windows. values: (N, C), on the forward strand. contig, start, end: (N,), 0-based half-open.

    both: rows (M,) whose reverse complement was read too; opposite: their vectors (M, C). facts: how it was made.
    """

    values: Singles
    contig: Numbers
    start: Numbers
    end: Numbers
    both: Numbers
    opposite: Singles
    facts: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def where(self) -> Where:
        """Where the windows lie."""
        return Where(self.contig, (self.start + self.end) // 2)

    def similarities(self, forward: Singles, backward: Singles, space: Space) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Return the cosine (N,) of each window with the better strand of a query, and whether that is the forward one.

        forward, backward: the query's vectors on both strands (C,).
        """
        points = space(self.values)
        both = space(np.stack([forward, backward])) @ points.T
        return both.max(axis=0).astype(np.float64), both[0] >= both[1]

    def chance(self, space: Space, seed: int = 1) -> Floats:
        """Return the cosines of random pairs of windows, sorted: of each pair its better strand, as for a query."""
        rng, points = np.random.default_rng(seed), space(self.values)
        turned, out = space(self.opposite), []
        for row, back in zip(self.both.tolist(), turned, strict=True):
            others = rng.integers(len(self), size=PARTNERS)
            near = (self.contig[others] == self.contig[row]) & (
                np.abs(self.where.middle[others] - self.where.middle[row]) < APART
            )
            others = others[~near]
            out.append(np.maximum(points[others] @ points[row], points[others] @ back))
        return np.sort(np.concatenate([*out, np.zeros(0, np.float32)])).astype(np.float64)

    def best(self, forward: Singles, backward: Singles, kind: str = "centred") -> Floats:
        """Return the highest cosine (n,) that any window has with each of n queries. forward, backward: (n, C)."""
        space = space_of(self.values, kind)
        points = space(self.values)
        both = np.maximum(space(forward) @ points.T, space(backward) @ points.T)
        return np.asarray(both.max(axis=1), dtype=np.float64)

    def search(
        self,
        forward: Singles,
        backward: Singles,
        kind: str = "centred",
        most: int = 20,
        own: tuple[int, int, int] | None = None,
    ) -> Hits:
        """Return the windows most like a query that overlap neither each other nor the query.

        forward, backward: the query's vectors on both strands (C,). own: contig, start and end of the query, where it
        is of this genome. Raises InputError where the index holds too few windows to say what chance gives.
        """
        space = space_of(self.values, kind)
        chance = self.chance(space)
        if not len(chance):
            raise InputError("the index holds too few windows to say what chance gives: take a longer genome")
        cosine, ahead = self.similarities(forward, backward, space)
        kept: list[int] = []
        for row in np.argsort(-cosine, kind="stable").tolist():
            if len(kept) == most:
                break
            taken = [(int(self.contig[each]), int(self.start[each]), int(self.end[each])) for each in kept]
            if not any(self._overlaps(row, each) for each in (*taken, *([own] if own else []))):
                kept.append(row)
        rows = np.array(kept, dtype=np.int64)
        return Hits(rows, cosine[rows], ahead[rows], p_values(cosine[rows], chance))

    def _overlaps(self, row: int, place: tuple[int, int, int]) -> bool:
        contig, start, end = place
        return bool(self.contig[row] == contig and self.start[row] < end and self.end[row] > start)


def p_values(cosine: Floats, chance: Floats) -> Floats:
    """Return the share (n,) of sorted random cosines that are as high, at least one in all of them."""
    return np.asarray((1 + len(chance) - np.searchsorted(chance, cosine, side="left")) / (1 + len(chance)))


def index_of(
    genome: Genome, model: Model, window: int, step: int, how: How, facts: dict[str, str], seed: int = 1
) -> Index:
    """Embed all windows of a genome that hold a known base, on the forward strand. Raises InputError without any.

    how: its strands must be 1.
    """
    tiling, places = Tiling(window, step), list[tuple[int, int, int]]()
    for contig, length in enumerate(genome.lengths.tolist()):
        places += [(contig, start, end) for start, end in tiling.tiles(0, length)]
    values, held = list[Singles](), list[tuple[int, int, int]]()
    with phase("indexing", len(places), "windows") as bar:
        for low in range(0, len(places), CHUNK):
            some = [(place, text) for place in places[low : low + CHUNK] if known(text := spelled(genome, *place))]
            if some:
                values.append(how(model, [text for _, text in some]))
                held += [place for place, _ in some]
            bar.update(min(CHUNK, len(places) - low))
    if not held:
        raise InputError(f"{genome.path.name} holds no window with a known base")
    contig, start, end = np.array(held, dtype=np.int64).T
    rows = np.sort(np.random.default_rng(seed).permutation(len(held))[:BOTH])
    turned = how(model, [opposite(spelled(genome, *held[row])) for row in rows.tolist()])
    told = {**facts, "window": str(window), "step": str(step)}
    return Index(np.concatenate(values), contig, start, end, rows, turned, told)


def spelled(genome: Genome, contig: int, start: int, end: int) -> str:
    """Return the bases of [start, end), upper case."""
    return genome.fetch(contig, start, end).tobytes().decode("ascii").upper()


_ARRAYS = ("values", "contig", "start", "end", "both", "opposite")


def write_index(path: Path, index: Index) -> None:
    """Write an index as .npz, its vectors in half precision. Raises OutputError."""
    arrays = {name: getattr(index, name) for name in _ARRAYS}
    halves = {name: arrays[name].astype(np.float16) for name in ("values", "opposite")}
    told = np.array(json.dumps({"format": FORMAT, **index.facts}), dtype=np.str_)
    with written_whole(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **{**arrays, **halves}, facts=told)


def read_index(path: Path) -> Index:
    """Read what `write_index` wrote. Raises InputError for anything else."""
    try:
        with np.load(path, allow_pickle=False) as file:
            facts = json.loads(str(file["facts"]))
            arrays = {name: file[name] for name in _ARRAYS}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is no index that dnalect similar made: remove it, or name another file") from error
    if facts.pop("format", None) != FORMAT:
        raise InputError(f"{path} is an index of another version of dnalect: remove it, and it is made anew")
    singles = {name: arrays[name].astype(np.float32) for name in ("values", "opposite")}
    return Index(**{**arrays, **singles}, facts={str(key): str(value) for key, value in facts.items()})


def kept_index(path: Path, facts: dict[str, str], sizes: tuple[int, int] | None, length: int) -> Index:
    """Read an index that was made with these facts, and window and step where they are asked for.

    length: of the query. Raises InputError that names the first difference.
    """
    index = read_index(path)
    asked = {**facts, **({"window": str(sizes[0]), "step": str(sizes[1])} if sizes else {})}
    for name, value in asked.items():
        if (own := index.facts.get(name)) != value:
            raise InputError(
                f"{path} was made with another {name}: {own!r}, and here it is {value!r}; name another --index, or "
                "remove that one"
            )
    if not 0.5 <= (window := int(index.facts["window"])) / length <= 2:
        say(f"the windows of {path} have {window:,} bases and the query {length:,}: unlike lengths compare badly")
    return index
