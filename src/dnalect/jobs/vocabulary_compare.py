"""What a vocabulary costs and gives on a real genome: k-mers of several k beside byte pairs of several sizes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dnalect.core.errors import ConfigError
from dnalect.core.files import check_outputs, made_folder
from dnalect.core.tables import write_tsv
from dnalect.jobs.options import CompareOptions
from dnalect.jobs.vocabulary import Letters, sequences_of
from dnalect.report import plots
from dnalect.tokens.bases import UNKNOWN, encode
from dnalect.tokens.bpe import SPECIAL
from dnalect.tokens.merging import train_byte_pairs

LONGEST_KMER = 13
RARE = 10
COLUMNS = (
    *("vocabulary", "words", "tokens", "bases", "seen", "seen_in_random", "once", "rare", "mean_count", "compression"),
)
TABLE, PICTURE = "vocabulary.tsv", "vocabulary.png"
_BLOCK = 1 << 22
_COLOURS = {"k-mers": plots.SECOND, "byte pairs": plots.MODEL}


@dataclass(frozen=True, slots=True)
class Cost:
    """One vocabulary on one genome.

    kind: "k-mers" or "byte pairs". label: "k = 6", or "4096". words: without special ones.
    tokens: on the whole genome; k-mers overlap. bases: mean length of a token. seen, once,
    rare: shares of the words that occur at all, exactly once, fewer than 10 times. seen_in_random:
    share that would occur among as many tokens drawn evenly; None for byte pairs. mean_count:
    occurrences of a word that occurs. compression: bases of the genome for each token.
    """

    kind: str
    label: str
    words: int
    tokens: int
    bases: float
    seen: float
    seen_in_random: float | None
    once: float
    rare: float
    mean_count: float
    compression: float

    @property
    def name(self) -> str:
        """k-mers with their k, byte pairs with their size."""
        return f"{self.label.removeprefix('k = ')}-mers" if self.kind == "k-mers" else f"BPE {self.label}"

    def cells(self) -> list[str]:
        """The row as text, in the order of COLUMNS."""
        random = "" if self.seen_in_random is None else f"{self.seen_in_random:.6f}"
        shares = [f"{self.seen:.6f}", random, f"{self.once:.6f}", f"{self.rare:.6f}"]
        return [
            *(self.name, str(self.words), str(self.tokens), f"{self.bases:.4f}", *shares),
            *(f"{self.mean_count:.2f}", f"{self.compression:.4f}"),
        ]


def compare(options: CompareOptions) -> list[Cost]:
    """Count k-mers and byte pairs on FASTA files; write vocabulary.tsv and vocabulary.png to the folder `out`.

    All byte-pair vocabularies are learned on the same sequences, in one training. Raises ConfigError for other k, and
    OutputError where the folder can't be made or a file there is an input.
    """
    references, regions, out = options.references, options.regions, options.out
    if strange := [k for k in options.kmers if not 1 <= k <= LONGEST_KMER]:
        raise ConfigError(f"k-mers are counted for k from 1 to {LONGEST_KMER}, not {strange[0]}")
    if out is not None:
        made_folder(out)
        check_outputs([out / TABLE, out / PICTURE], [*references, *regions])
    contigs = list(sequences_of(references, regions))
    rows = [_kmer_cost(contigs, k) for k in sorted(set(options.kmers))]
    rows += _byte_pair_costs(contigs, sorted(set(options.sizes)))
    if out is not None:
        write_tsv(out / TABLE, [COLUMNS, *(row.cells() for row in rows)])
        draw(rows, out / PICTURE)
    return rows


def count_kmers(contigs: Iterable[Letters], k: int) -> npt.NDArray[np.int64]:
    """Return how often each k-mer occurs at any place (4**k,), A, C, G, T order, first base slowest.

    k-mers with N are left out.
    """
    counts = np.zeros(4**k, dtype=np.int64)
    for letters in contigs:
        # Long contigs block by block: the numbers take eight times the room of the bases.
        for low in range(0, len(letters) - k + 1, _BLOCK):
            codes = encode(letters[low : low + _BLOCK + k - 1])
            width = len(codes) - k + 1
            numbers, known = np.zeros(width, dtype=np.int32), np.ones(width, dtype=np.bool_)
            for offset in range(k):
                part = codes[offset : offset + width]
                known &= part != UNKNOWN
                numbers *= 4
                numbers += part & 3
            counts += np.bincount(numbers[known], minlength=len(counts))
    return counts


def _kmer_cost(contigs: Sequence[Letters], k: int) -> Cost:
    counts = count_kmers(contigs, k)
    random = 1 - np.exp(-counts.sum() / len(counts))
    return _cost("k-mers", f"k = {k}", counts, np.full(len(counts), k), contigs, float(random))


def _byte_pair_costs(contigs: Sequence[Letters], sizes: Sequence[int]) -> list[Cost]:
    if not sizes:
        return []
    largest = train_byte_pairs(contigs, max(sizes))
    rows = []
    for size in sizes:
        if size > len(largest.words):
            continue
        tokenizer = largest.first(size)
        counts = np.zeros(size, dtype=np.int64)
        for letters in contigs:
            counts += np.bincount(tokenizer.encode([letters], special=False).input_ids[0], minlength=size)
        lengths = np.array([len(word) for word in tokenizer.words])
        first = len(SPECIAL)
        rows.append(_cost("byte pairs", str(size), counts[first:], lengths[first:], contigs, None))
    return rows


def _cost(
    kind: str,
    label: str,
    counts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    contigs: Sequence[Letters],
    random: float | None,
) -> Cost:
    tokens, seen = int(counts.sum()), int((counts > 0).sum())
    known = sum(int((encode(letters) != UNKNOWN).sum()) for letters in contigs)
    return Cost(
        kind=kind,
        label=label,
        words=len(counts),
        tokens=tokens,
        bases=float((counts * lengths).sum() / max(tokens, 1)),
        seen=seen / len(counts),
        seen_in_random=random,
        once=float((counts == 1).mean()),
        rare=float((counts < RARE).mean()),
        mean_count=tokens / max(seen, 1),
        compression=known / max(tokens, 1),
    )


def table(rows: Sequence[Cost]) -> list[list[str]]:
    """Return the rows for people, their header first."""
    lines = [["vocabulary", "words", "tokens", "bases", "words seen", "once", f"under {RARE}", "mean count"]]
    for row in rows:
        seen = f"{row.seen:.2%}" + ("" if row.seen_in_random is None else f" (random: {row.seen_in_random:.2%})")
        counts = [f"{row.once:.2%}", f"{row.rare:.2%}", f"{row.mean_count:,.1f}"]
        lines.append([row.name, f"{row.words:,}", f"{row.tokens:,}", f"{row.bases:.2f}", seen, *counts])
    return lines


def draw(rows: Sequence[Cost], picture: Path) -> None:
    """Draw length, use and counts of the words against the size of the vocabulary."""
    # Value, axis, title, and where the labels of each kind stand: across and up from their points, -1 or 1.
    shown: tuple[tuple[Callable[[Cost], float], str, str, dict[str, tuple[int, int]]], ...] = (
        (lambda row: row.bases, "bases a token", "What a token covers", {"k-mers": (-1, 1), "byte pairs": (1, -1)}),
        (lambda row: 100 * row.rare, f"% of words seen fewer than {RARE} times", "Words too rare", {"k-mers": (-1, 1)}),
        (
            lambda row: row.mean_count,
            "mean count of a word that occurs",
            "Examples",
            {"k-mers": (1, 1), "byte pairs": (-1, -1)},
        ),
    )

    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, 3)
        for axes, (value, label, title, sides) in zip(panels, shown, strict=True):
            plots.clean(axes)
            for kind, colour in _COLOURS.items():
                mine = [row for row in rows if row.kind == kind]
                axes.plot(
                    [row.words for row in mine], [value(row) for row in mine], "o-", color=colour, ms=5, label=kind
                )
                for row in mine if kind in sides else []:
                    _name(axes, row.label, (row.words, value(row)), sides[kind], colour)
            axes.set(xscale="log")
            axes.set_xlabel("words in the vocabulary", fontsize=9, color=plots.INK)
            axes.set_ylabel(label, fontsize=9, color=plots.INK)
            axes.set_title(title, fontsize=9.5, loc="left", color=plots.INK)
            axes.margins(x=0.2, y=0.14)
            axes.grid(color=plots.LINE, lw=0.5)
        panels[2].set_yscale("log")
        panels[0].legend(frameon=False, fontsize=8, loc="upper left")

    plots.save(picture, 9.6, 3.4, paint)


def _name(axes: Axes, text: str, at: tuple[float, float], side: tuple[int, int], colour: str) -> None:
    """Write a label beside its point, on the side that its line leaves free."""
    across, up = side
    axes.annotate(
        text,
        at,
        xytext=(5 * across, 4 * up),
        textcoords="offset points",
        ha="left" if across > 0 else "right",
        va="bottom" if up > 0 else "top",
        fontsize=7.5,
        color=colour,
    )
