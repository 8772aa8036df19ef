"""The page of the study, and its picture of the patterns."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dnalect.core import Figure, against_chance, against_rival, shown, write_text
from dnalect.models import Card
from dnalect.report import svg
from dnalect.why import sequence_of
from studies.motifs.sequence import Contig
from studies.motifs.sites import COVERED, ODDS, SHARE, SLACK

if TYPE_CHECKING:
    from studies.motifs.run import Known

# Pixels of a base, of 2 bits, between logos; logos in a row.
CELL, HIGH, GAP, ROW = 20, 70, 34, 3
SHOWN = 25
COLOURS = {"A": "#2e7d32", "C": "#1565c0", "G": "#ef6c00", "T": "#c62828"}
TOP = """<!-- Made by the command at its end. -->

# Motifs without labels

Does a model that only ever saw bases know the binding sites of yeast? Here {model} reads {contigs}
and says of every base what it expects there from all the others. *Seqlets* are stretches of 6 to 19 bases of free
sequence (neither coding, nor stable RNA, nor long repeats) where this says more, in bits beyond the
composition of free sequence, than in shuffled sequence with the same dinucleotides; at most 5% of them are expected
to be false. Nothing below was learned from labels; but which score stretches are called by was chosen on
chrXIV.

{counted}
"""


def draw_logos(patterns: Sequence[tuple[str, npt.NDArray[np.float64]]]) -> str:
    """Return logos as an SVG that stands by itself. patterns: title and probabilities (w, 4) of each."""
    wide = 16 + CELL * max((len(each) for _, each in patterns), default=1)
    width, lines = max(wide, 300), -(-len(patterns) // ROW)
    style = "".join(f".b{base}{{fill:{colour}}}" for base, colour in COLOURS.items())
    parts = [f"<style>{style}text{{font:13px sans-serif;fill:#24292f}}</style>"]
    for number, (title, p) in enumerate(patterns):
        x, y = (number % ROW) * width + 8, (number // ROW) * (HIGH + GAP) + 18
        parts.append(f'<text x="{x}" y="{y}">{escape(title)}</text>')
        bits = 2 + (p * np.log2(np.clip(p, 1e-9, 1))).sum(axis=1)
        for column, heights in enumerate(p * bits[:, None] / 2 * HIGH):
            parts += svg.stack(heights, x + column * CELL, y + 6 + HIGH)
    size = (ROW * width, lines * (HIGH + GAP) + 8)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" width="{size[0]}" '
        f'height="{size[1]}"><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def write_motifs_page(
    page: Path,
    card: Card,
    command: str,
    figures: Sequence[Figure],
    known: Sequence["Known"],
    counts: Mapping[str, int],
    null: tuple[int, int, int],
    fresh: Sequence[Contig],
) -> None:
    """Write the page whole. null: seqlets, named ones, and bases of shuffled sequence."""
    names = list(dict.fromkeys(each.name for each in fresh))
    held = sum(counts[name] for name in names)
    counted = (
        f"{sum(counts.values()):,} seqlets are called, {held:,} of them on chromosomes that the model never saw "
        f"({', '.join(names)}). Of {null[2]:,} other shuffled bases {null[0]:,} are called, and "
        f"{null[1]:,} of these are like a known motif."
    )
    counted = f"{counted}\n\n{_verdict(card.id, figures)}"
    named = [each for each in known if each.matches]
    parts = [
        TOP.format(model=f"{card.id} {card.revision}", contigs=", ".join(counts), counted=counted),
        "## Patterns\n\n![The most frequent patterns](images/motifs-patterns.svg)\n\nSeqlets that are alike are one "
        f"pattern: {len(known)} patterns of 20 seqlets or more, of which {len(named)} are like a motif of "
        "YeTFaSCo (TOMTOM, q up to 0.05). *Bound*: how many of a pattern's seqlets lie within 15 bases of a "
        "summit of the protein (Rossi 2021), and how many would if they lay anywhere in free sequence.\n\n"
        + _patterns(known),
        f"## Bound sites\n\n![Odds](images/motifs-odds.png)\n\nSummits of all proteins that have a motif (Rossi 2021), "
        "against other free places as far from a start of transcription and in as much GC. Everybody may name "
        f"stretches of {SHARE:.0%} of the free bases; one covers a site that it comes within {SLACK} bases of.\n\n"
        + _figures([each for each in figures if each.metric in (ODDS, COVERED)]),
        "## Bound motifs\n\nA motif's match says little of whether it is bound. Is a match expected more (bits of its "
        "informative bases) where its protein sits than where it does not, among matches that fit as well, in as much "
        "GC?\n\n" + _figures([each for each in figures if each.metric not in (ODDS, COVERED)]),
        f"## Again\n\n```console\n$ {command}\n```\n\nEvery row is in `results/motifs`.\n",
    ]
    write_text(page, "\n".join(parts))


def _patterns(known: Sequence["Known"]) -> str:
    lines = ["| seqlets | on unseen | pattern | like | q | bound | by chance |", "|---|---|---|---|---|---|---|"]
    for each in known[:SHOWN]:
        best = each.matches[0] if each.matches else None
        like, q = (best.motif.factor, f"{best.q:.1g}") if best else ("", "")
        bound = (f"{each.bound} ({each.protein.capitalize()})", f"{each.chance:.1f}") if each.protein else ("", "")
        text = sequence_of(each.pattern.probabilities)
        lines.append(
            f"| {len(each.pattern.members)} | {each.held_out} | `{text}` | {like} | {q} | {bound[0]} | {bound[1]} |"
        )
    return "\n".join([*lines, ""])


def _figures(figures: Sequence[Figure]) -> str:
    """A line for each of whom a figure is; below, what it is compared with."""
    lines = ["| what | of | who | sites | value [95%] | |", "|---|---|---|---|---|---|"]
    rows: dict[tuple[str, str, str], list[Figure]] = {}
    for each in figures:
        rows.setdefault((each.metric, each.part, each.who), []).append(each)
    below = []
    for (metric, part, who), mine in rows.items():
        said = against_chance(mine[0])
        lines.append(f"| {metric} | {part} | {who} | {mine[0].n:,} | {shown(mine[0].value)} | {said} |")
        if rivals := "; ".join(against_rival(each) for each in mine if each.against):
            below.append(f"- {who}, {metric}, {part}: {rivals}.")
    return "\n".join([*lines, "", *below, ""])


def _verdict(model: str, figures: Sequence[Figure]) -> str:
    """Say in a sentence whether the model finds bound sites, by its first figure."""
    own = next(each for each in figures if each.metric == ODDS and each.who == model)
    return (
        f"Does it find bound sites on what it never saw? Its stretches are {against_chance(own)}: log2 odds "
        f"{shown(own.value, 2)} against like places that nobody binds."
    )
