"""Candidates out: a BED, a table, a page."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dnalect import __version__
from dnalect.alike.discovery import TARGET, Floats, Mask
from dnalect.alike.elements import Tiles
from dnalect.core.figures import Figure
from dnalect.report.discovered import candidates_page
from dnalect.stats.calibration import reliability


@dataclass(frozen=True, eq=False)
class Found:
    """What was found. title: for people. windows: that were searched. tiles: the candidates, the best first.

    scores: who -> a score of each candidate, the model's calibrated chance first. figures: how well everybody does.
    truth, held: which windows held out of the labelled genome hold an element, and the model's chance for them.
    """

    title: str
    windows: int
    tiles: Tiles
    scores: dict[str, Floats]
    figures: list[Figure]
    truth: Mask
    held: Floats
    facts: dict[str, str]

    def places(self) -> list[tuple[str, int, int]]:
        """Return contig, start and end (0-based, half-open) of each candidate."""
        names, tiles = self.tiles.genome.names, self.tiles
        spans = zip(tiles.contig.tolist(), tiles.start.tolist(), tiles.end.tolist(), strict=True)
        return [(names[contig], start, end) for contig, start, end in spans]


def written(output: str, found: Found) -> Iterator[str]:
    """Yield the text of an output: .bed, .tsv or .html."""
    chances = next(iter(found.scores.values()))
    if output.endswith(".bed"):
        for at, (contig, start, end) in enumerate(found.places()):
            yield f"{contig}\t{start}\t{end}\tcandidate{at + 1}\t{round(1000 * float(chances[at]))}\t.\n"
    elif output.endswith(".tsv"):
        yield "\t".join(["rank", "contig", "start", "end", *found.scores]) + "\n"
        for at, (contig, start, end) in enumerate(found.places()):
            cells = [f"{score[at]:.4f}" for score in found.scores.values()]
            yield "\t".join([str(at + 1), contig, str(start), str(end), *cells]) + "\n"
    else:
        lead = f"{len(found.tiles):,} candidates of {found.windows:,} windows, none overlapping a better one."
        places = [f"{contig}:{start + 1:,}-{end:,}" for contig, start, end in found.places()]
        bins = (
            reliability(TARGET, np.column_stack([1 - found.held, found.held]), found.truth.astype(np.float64), 8)
            if len(found.truth)
            else []
        )
        facts = {"version": __version__, **found.facts}
        yield candidates_page(found.title, lead, places, found.scores, found.figures, bins, facts)
