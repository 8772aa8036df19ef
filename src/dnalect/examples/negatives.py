"""Background for positives: windows of the genome that look like them and are none of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.core.examples import Examples, Floats, Numbers, Target
from dnalect.examples.loci import spelled
from dnalect.genome.bed import Intervals
from dnalect.genome.fasta import Genome
from dnalect.genome.names import own_name
from dnalect.genome.regions import Region
from dnalect.tokens.bases import UNKNOWN, encode

TARGET = Target("positive", "classes", ("background", "positive"))
# Windows that are drawn for a positive before it counts as one without a match.
DRAWS = 20_000
# Bases that are looked at together.
BLOCK = 1 << 22
# Share of the positives that may be left out for want of background.
UNMATCHED = 0.1
_GC = np.array([0, 1, 1, 0, 0], dtype=np.uint8)

Folders = Examples | Mapping[str, Intervals] | Sequence[Region]


@dataclass(frozen=True)
class Likeness:
    """How much a background window may differ from its positive.

    gc: in the share of G and C among its known bases. repeats: in the share of lower-case
    (soft-masked) bases.
    """

    gc: float = 0.02
    repeats: float = 0.1


@dataclass
class _Contig:
    """The wanted and the taken of one contig: taken (length,) is True where no window may lie."""

    number: int
    taken: npt.NDArray[np.bool_]
    rows: list[int] = field(default_factory=list)


def background(
    positives: Folders,
    genome: Genome,
    per_positive: int = 1,
    seed: int = 1,
    exclude: Folders = (),
    likeness: Likeness | None = None,
) -> Examples:
    """Return background windows, all of them labelled 0 of the target `positive`.

    Every positive gets `per_positive` windows of its own length, contig, strand and part, with
    about its GC and repeats (likeness). They hold no N, share no base with a positive, an
    excluded interval or each other, and spell no positive. positives, exclude: examples with
    places, intervals of a BED by contig, or regions. The same seed gives the same windows.

    Raises InputError where positives have no place, lie beyond the genome, or cannot be
    matched: the message says which GC and repeats are short of windows.
    """
    wanted, starts = _drawn(positives, genome, per_positive, seed, exclude, likeness or Likeness())
    if (starts < 0).any():
        raise InputError(_short(wanted, genome, starts, likeness or Likeness()))
    return _windows(wanted, genome, starts)


def _drawn(
    positives: Folders, genome: Genome, per_positive: int, seed: int, exclude: Folders, like: Likeness
) -> tuple[Examples, Numbers]:
    """Return the positives as the genome spells them, and the starts of their windows (n, per_positive), -1: none."""
    wanted, forbidden = _within(_examples(positives, genome), genome), _examples(exclude, genome)
    if not len(wanted):
        raise InputError("there are no positives to find background for")
    if per_positive < 1:
        raise InputError(f"{per_positive} background windows for a positive are too few; give 1 or more")
    starts = np.full((len(wanted), per_positive), -1, dtype=np.int64)
    known = set(wanted.sequences)
    for contig in _contigs(wanted, forbidden, genome):
        rng = np.random.default_rng([seed, contig.number])
        for turn in range(per_positive):
            starts[contig.rows, turn] = _matches(contig, wanted, genome, like, known, rng)
    return wanted, starts


def with_background(
    examples: Examples,
    genome: Genome,
    per_positive: int = 1,
    seed: int = 1,
    exclude: Folders = (),
    likeness: Likeness | None = None,
) -> Examples:
    """Return examples as positives with their background: one target of two classes.

    Their own labels are left aside. Of positives that lack background up to a tenth (UNMATCHED) are
    left out, with a note; more are an error, as those that remain would be others than were asked
    for. The parameters are those of `background`.
    """
    wanted, starts = _drawn(examples, genome, per_positive, seed, exclude, likeness or Likeness())
    short = np.flatnonzero((starts < 0).any(axis=1))
    if lacking := len(short):
        told = _short(wanted, genome, starts, likeness or Likeness())
        if lacking > UNMATCHED * len(wanted):
            raise InputError(told)
        keep = np.setdiff1d(np.arange(len(wanted)), short)
        examples, wanted, starts = examples.take(keep), wanted.take(keep), starts[keep]
        examples = replace(examples, notes=(*examples.notes, f"left out: {told.partition(';')[0]}"))
    drawn = _windows(wanted, genome, starts)
    contigs = tuple(own_name(name, genome.index) for name in examples.contigs)
    note = f"{len(drawn):,} background windows for {len(examples):,} positives, seed {seed}"
    labels = np.concatenate([np.ones((len(examples), 1)), np.zeros((len(drawn), 1))]).astype(np.float32)
    return Examples(
        sequences=examples.sequences + drawn.sequences,
        targets=(TARGET,),
        labels={TARGET.name: labels},
        ids=examples.ids + drawn.ids,
        contigs=contigs + drawn.contigs,
        starts=np.concatenate([examples.starts, drawn.starts]),
        ends=np.concatenate([examples.ends, drawn.ends]),
        strands=examples.strands + drawn.strands,
        parts=examples.parts + drawn.parts,
        notes=(*examples.notes, note, *drawn.notes),
    )


def _examples(places: Folders, genome: Genome) -> Examples:
    """Return places of any kind as examples that call the contigs as the genome does."""
    if isinstance(places, Examples):
        examples = places
        if absent := int((~examples.placed).sum()):
            raise InputError(
                f"{absent:,} of {len(examples):,} examples have no place on the genome; place them, or leave them out"
            )
    else:
        spans = list(_spans(places, genome))
        examples = Examples.of(["" for _ in spans], (), {})
        contigs, starts, ends, strands = zip(*spans, strict=True) if spans else ((), (), (), ())
        numbers = np.array([starts, ends], dtype=np.int64).reshape(2, -1)
        examples = replace(examples, contigs=contigs, starts=numbers[0], ends=numbers[1], strands=strands)
    return replace(examples, contigs=tuple(own_name(name, genome.index) for name in examples.contigs))


def _within(examples: Examples, genome: Genome) -> Examples:
    """Return examples as the genome spells them; InputError where one does not lie within it."""
    names = examples.contigs
    for name, start, end in zip(names, examples.starts.tolist(), examples.ends.tolist(), strict=True):
        if name not in genome.index or not 0 <= start < end <= int(genome.lengths[genome.index[name]]):
            raise InputError(
                f"{name}:{start}-{end} is empty or does not lie within {genome.path}; give the genome of the positives"
            )
    texts = zip(names, examples.starts.tolist(), examples.ends.tolist(), examples.strands, strict=True)
    sequences = tuple(spelled(genome, genome.index[name], *rest) for name, *rest in texts)
    return replace(examples, sequences=sequences)


def _spans(places: Mapping[str, Intervals] | Sequence[Region], genome: Genome) -> Iterator[tuple[str, int, int, str]]:
    if isinstance(places, Mapping):
        for name, found in places.items():
            for start, end, forward in zip(found.starts, found.ends, found.forward, strict=True):
                yield name, int(start), int(end), "+" if forward else "-"
    else:
        for region in places:
            yield genome.names[region.contig], region.start, region.end, "+"


def _contigs(wanted: Examples, forbidden: Examples, genome: Genome) -> Iterator[_Contig]:
    """Yield the contigs of the positives one by one, in the order of the genome."""
    for number, name in enumerate(genome.names):
        rows = [row for row, each in enumerate(wanted.contigs) if each == name]
        if not rows:
            continue
        taken = np.zeros(int(genome.lengths[number]), dtype=np.bool_)
        for examples in (wanted, forbidden):
            for each, start, end in zip(examples.contigs, examples.starts, examples.ends, strict=True):
                if each == name:
                    taken[start:end] = True
        yield _Contig(number, taken, rows)


def _matches(
    contig: _Contig, wanted: Examples, genome: Genome, like: Likeness, known: set[str], rng: np.random.Generator
) -> Numbers:
    """Return the start of a window for each positive of a contig, -1 where there is none; takes their bases."""
    found = dict.fromkeys(contig.rows, -1)
    lengths = (wanted.ends - wanted.starts).astype(np.int64)
    looks = {row: _look(genome, contig.number, wanted.starts[[row]], int(lengths[row]))[0] for row in contig.rows}
    left, drawn, draws = list(contig.rows), 0, 16
    while left and drawn < DRAWS:
        for row in left:
            length = int(lengths[row])
            starts = rng.integers(0, len(contig.taken) - length + 1, draws)
            for low in range(0, draws, most := max(1, BLOCK // length)):
                fits = _alike(_look(genome, contig.number, starts[low : low + most], length), looks[row], like)
                some = starts[low : low + most][fits].tolist()
                start = next(
                    (each for each in some if _free(contig, genome, each, length, wanted.strands[row], known)), -1
                )
                if start >= 0:
                    contig.taken[start : start + length] = True
                    found[row] = start
                    break
        left = [row for row in left if found[row] < 0]
        drawn, draws = drawn + draws, min(2 * draws, DRAWS - drawn - draws)
    return np.array([found[row] for row in contig.rows], dtype=np.int64)


def _look(genome: Genome, contig: int, starts: Numbers, length: int) -> Floats:
    """Return share of G and C, of lower case, and of N of windows (n, 3)."""
    letters = genome.windows(np.full(len(starts), contig, dtype=np.int64), starts, length)
    codes = encode(letters)
    unknown = (codes == UNKNOWN).sum(axis=1)
    gc = _GC[codes].sum(axis=1, dtype=np.int64) / np.maximum(length - unknown, 1)
    return np.stack([gc, (letters >= ord("a")).mean(axis=1), unknown / length], axis=1).astype(np.float32)


def _alike(looks: Floats, positive: Floats, like: Likeness) -> npt.NDArray[np.bool_]:
    distance = np.abs(looks[:, :2] - positive[:2])
    return np.asarray((distance <= (like.gc + 1e-6, like.repeats + 1e-6)).all(axis=1) & (looks[:, 2] == 0))


def _free(contig: _Contig, genome: Genome, start: int, length: int, strand: str, known: set[str]) -> bool:
    if contig.taken[start : start + length].any():
        return False
    return spelled(genome, contig.number, start, start + length, strand) not in known


def _windows(wanted: Examples, genome: Genome, starts: Numbers) -> Examples:
    """Return the windows (positives, turns) as examples, those of a positive together."""
    rows = np.repeat(np.arange(len(wanted)), starts.shape[1])
    ids = tuple(f"{wanted.ids[row]}_background" if wanted.ids[row] else "" for row in rows.tolist())
    at = starts.ravel()
    drawn = replace(wanted.take(rows), starts=at, ends=at + (wanted.ends - wanted.starts)[rows], ids=ids)
    texts = zip(drawn.contigs, at.tolist(), drawn.ends.tolist(), drawn.strands, strict=True)
    used = [genome.contig(name) for name in dict.fromkeys(wanted.contigs)]
    unmasked = not any((bases >= ord("a")).any() for bases in used)
    return replace(
        drawn,
        sequences=tuple(spelled(genome, genome.index[name], *rest) for name, *rest in texts),
        targets=(TARGET,),
        labels={TARGET.name: np.zeros((len(rows), 1), dtype=np.float32)},
        notes=("the genome has no soft-masked bases: background is not matched by repeats",) if unmasked else (),
    )


def _short(wanted: Examples, genome: Genome, starts: Numbers, like: Likeness) -> str:
    """Say which positives have too few windows."""
    rows = np.flatnonzero((starts < 0).any(axis=1)).tolist()
    row = rows[0]
    name, start, end = wanted.contigs[row], int(wanted.starts[row]), int(wanted.ends[row])
    gc, repeats, _ = _look(genome, genome.index[name], wanted.starts[[row]], end - start)[0]
    return (
        f"{len(rows):,} of {len(wanted):,} positives lack background, first {name}:{start}-{end}: {DRAWS:,} random "
        f"windows of {name} hold none that is free, without N, of {end - start:,} bases with GC {gc:.2f} +- "
        f"{like.gc:g} and repeats {repeats:.2f} +- {like.repeats:g}; take fewer windows for a positive, leave "
        "such positives out, exclude less, or allow more difference (likeness)"
    )
