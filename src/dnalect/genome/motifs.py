"""Motifs in: position weight matrices of a MEME file, as HOCOMOCO, JASPAR and SwissRegulon give them."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError, InputError
from dnalect.genome.streams import open_lines

# Sites that a matrix counts as made from, where the file does not say.
SITES = 20.0
# A match is a site if one strand of a random place matches as well with at most this probability.
P_VALUE = 1e-4
# Parts of a bit in which the distribution of random matches is counted.
_PARTS = 50
UNIFORM = (0.25, 0.25, 0.25, 0.25)
# What begins the name of a part of JASPAR, in place of a file.
JASPAR = "jaspar:"
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Motif:
    """probabilities: (w, 4) of A, C, G, T at each position, rows summing to 1. sites: it was made from.

    other: its second name, "" where the file has none.
    """

    name: str
    probabilities: Floats
    sites: float = SITES
    background: tuple[float, ...] = UNIFORM
    other: str = ""

    @property
    def factor(self) -> str:
        """What people call it: JASPAR's second name, else the name without the numbers of HOCOMOCO and YeTFaSCo."""
        return self.other or re.sub(r"\.H\d+[A-Z]+\..*$|_\d+$", "", self.name)

    def log_odds(self) -> Floats:
        """Return ln(p / background) (w, 4), with one site of background added, so that none is infinite."""
        background = np.array(self.background)
        smooth = (self.probabilities * self.sites + background) / (self.sites + 1)
        return np.asarray(np.log(smooth / background))

    def bits(self) -> Floats:
        """Return the log-odds (w, 4) in bits."""
        return np.asarray(self.log_odds() / np.log(2))


def motif_sites(motif: Motif, codes: Codes, p_value: float = P_VALUE) -> tuple[Positions, Mask, Floats]:
    """Return a motif's sites in a sequence of base codes (L,): starts (m,), whether forward (m,), and bits (m,).

    Starts are 0-based and sorted; where both strands match, the better one counts. A site with
    an unknown base is none. See `threshold` for what is a site.
    """
    width, table = len(motif.probabilities), motif.bits().astype(np.float32)
    places = max(0, len(codes) - width + 1)
    found = []
    for each in (table, table[::-1, ::-1]):
        lookup = np.concatenate([each, np.full((width, 1), -np.inf, np.float32)], axis=1)
        total = np.zeros(places, dtype=np.float32)
        for column in range(width):
            total += lookup[column][codes[column : column + places]]
        found.append(total)
    best = np.maximum(*found)
    at = np.flatnonzero(best >= threshold(motif, p_value))
    return at, found[0][at] >= found[1][at], best[at].astype(np.float64)


@dataclass(frozen=True)
class Chances:
    """How likely a motif's matches are in random bases of its background, in steps of 1 / 50 bit.

    steps: (w, 4) of each base, the least of a row 0. least: what a match of 0 steps has, in steps. p: (S,) how often a
    random place has as many steps or more, exactly.
    """

    steps: Positions
    least: int
    p: Floats

    @classmethod
    def of(cls, motif: Motif) -> Self:
        """Add up the distribution of a motif's matches, base by base."""
        steps = np.round(motif.bits() * _PARTS).astype(np.int64)
        steps -= (lowest := steps.min(axis=1))[:, None]
        shares = np.ones(1)
        for row in steps:
            longer = np.zeros(len(shares) + row.max())
            for step, share in zip(row, motif.background, strict=True):
                longer[step : step + len(shares)] += share * shares
            shares = longer
        return cls(steps, int(lowest.sum()), np.minimum(np.cumsum(shares[::-1])[::-1], 1.0))


def threshold(motif: Motif, p_value: float = P_VALUE) -> float:
    """Return the bits that a random place reaches with at most this probability, and at least half of the best match.

    Random bases have the motif's background. Where even the best match is
    likelier, as that of short motifs is, the best match alone is a site.
    """
    chances = Chances.of(motif)
    rare = np.flatnonzero(chances.p <= p_value)
    # Rounding must not shut the best match itself out.
    best = float(motif.bits().max(axis=1).sum()) - 1e-4
    return max(min(float(rare[0] + chances.least) / _PARTS, best) if len(rare) else best, best / 2)


def read_motifs(path: str | Path) -> list[Motif]:
    """Read the motifs of a MEME file, plain or gzipped, in its order; or those of JASPAR: see `jaspar_motifs`.

    Raises InputError where it cannot be read, has no motif, another alphabet than ACGT, or a
    matrix whose rows are no four probabilities or are not as many as it says.
    """
    if str(path).startswith(JASPAR):
        return jaspar_motifs(str(path))
    with open_lines(str(path), "motifs") as lines:
        return _motifs(path, (line.decode("utf-8", "replace").strip() for line in lines))


def _motifs(path: str | Path, lines: Iterator[str]) -> list[Motif]:
    found: list[Motif] = []
    background: tuple[float, ...] = UNIFORM
    name, other, line = "", "", next(lines, None)
    while line is not None:
        following = None
        if line.startswith("ALPHABET") and line.partition("=")[2].strip() not in ("", "ACGT"):
            raise InputError(f"{path}: motifs of DNA have the alphabet ACGT, not {line.partition('=')[2].strip()!r}")
        if line.startswith("Background letter frequencies"):
            background = _background(path, next(lines, ""))
        elif line.startswith("MOTIF"):
            name, other = [*line.split()[1:3], "", ""][:2]
            if not name:
                raise InputError(f"{path}: a MOTIF line has no name")
        elif line.startswith("letter-probability matrix"):
            rows, following = _rows(lines)
            found.append(_motif(path, name, other, line, rows, background))
        line = next(lines, None) if following is None else following
    if not found:
        raise InputError(f"{path} holds no motif; give a file in MEME's format (letter-probability matrix)")
    return found


def _rows(lines: Iterator[str]) -> tuple[list[list[str]], str | None]:
    """The numbers that follow, and the first line that is none."""
    rows: list[list[str]] = []
    for line in lines:
        cells = line.split()
        if not cells and not rows:
            continue
        if not cells or not re.fullmatch(r"[-+.\deE]+", cells[0]):
            return rows, line
        rows.append(cells)
    return rows, None


def _motif(
    path: str | Path, name: str, other: str, head: str, rows: list[list[str]], background: tuple[float, ...]
) -> Motif:
    told = dict(re.findall(r"(\w+)\s*=\s*([^\s=]+)", head))
    try:
        table = np.array([[float(cell) for cell in row] for row in rows])
        sites = float(told.get("nsites", SITES))
        wanted = int(told.get("w", len(rows)))
    except ValueError as error:
        raise InputError(f"{path}: the matrix of {name or 'a motif'} holds what is no number: {error}") from error
    if table.ndim != 2 or table.shape[1] != 4 or len(table) != wanted:
        raise InputError(f"{path}: the matrix of {name or 'a motif'} must have {wanted} rows of four probabilities")
    if not (np.isfinite(table).all() and table.min() >= 0 and np.abs(table.sum(axis=1) - 1).max() < 0.02):
        raise InputError(f"{path}: the rows of {name or 'a motif'} are no probabilities: they must sum to 1")
    other = "" if other == "NA" else other
    return Motif(name, table / table.sum(axis=1, keepdims=True), sites if sites > 0 else SITES, background, other)


def _background(path: str | Path, line: str) -> tuple[float, ...]:
    cells = line.split()
    try:
        told = {base: float(share) for base, share in zip(cells[::2], cells[1::2], strict=True)}
        shares = [told[base] for base in "ACGT"]
    except (ValueError, KeyError) as error:
        raise InputError(f"{path}: the background must be A, C, G and T with their shares, not {line!r}") from error
    if min(shares) <= 0:
        raise InputError(f"{path}: the background shares must be above 0, not {line!r}")
    return tuple(share / sum(shares) for share in shares)


def jaspar_motifs(name: str) -> list[Motif]:
    """Return the CORE motifs of JASPAR's newest release in pyjaspar, which downloads nothing.

    name: `jaspar:fungi`, `jaspar:vertebrates` or another of JASPAR's groups, or a species by its number in NCBI's
    taxonomy, such as `jaspar:9606`. Raises ConfigError without pyjaspar, InputError where JASPAR has none of it.
    """
    try:
        from pyjaspar import jaspardb
    except ImportError as error:
        raise ConfigError(f"{name} needs pyjaspar: pip install 'dnalect[jaspar]'; or name a MEME file") from error
    what = name.removeprefix(JASPAR).strip().lower()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        database = jaspardb()
        wanted = {"species": [what]} if what.isdigit() else {"tax_group": [what]}
        found = database.fetch_motifs(collection="CORE", **wanted) if what else []
    if not found:
        raise InputError(
            f"{database.release} has no motifs of {what!r}: name a group, such as jaspar:vertebrates or jaspar:fungi, "
            "or a species by its number in NCBI's taxonomy, such as jaspar:9606"
        )
    return [_of_counts(each) for each in found]


def _of_counts(given: Any) -> Motif:
    counts = np.array([given.counts[base] for base in "ACGT"], dtype=np.float64).T
    totals = counts.sum(axis=1, keepdims=True)
    return Motif(given.matrix_id, counts / totals, float(totals.max()), other=given.name)
