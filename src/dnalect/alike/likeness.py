"""What simple measures say of windows that a model finds alike: words, and alignment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.alike.index import Hits, Index, p_values, spelled
from dnalect.alike.neighbours import unit
from dnalect.alike.spaces import LENGTHS
from dnalect.baselines.kmers import sequence_words
from dnalect.core.figures import plain as plain_number
from dnalect.genome.fasta import Genome

# Random windows that words are centred on.
SAMPLE = 1_000
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Rival:
    """words: cosine of word shares less those of random windows; words_p: share of these that are as like the query.

    aligned: share of the query's bases that an alignment matches, 0 where minimap2 finds none.
    """

    words: float
    words_p: float
    aligned: float


def rivals_of(query: str, windows: Sequence[str], genome: Genome, index: Index, seed: int = 1) -> list[Rival]:
    """Return what words of 3-5 bases (both strands) and minimap2 say of each window beside the query."""
    rows = np.random.default_rng(seed).permutation(len(index))[:SAMPLE]
    places = zip(*(each[rows].tolist() for each in (index.contig, index.start, index.end)), strict=True)
    random = sequence_words([spelled(genome, *place) for place in places], LENGTHS)
    centre = random.mean(axis=0)
    own = unit(sequence_words([query], LENGTHS) - centre)[0]
    chance = np.sort(unit(random - centre) @ own).astype(np.float64)
    cosine = (unit(sequence_words(windows, LENGTHS) - centre) @ own).astype(np.float64)
    shares = aligned_shares(query, windows)
    told = zip(cosine.tolist(), p_values(cosine, chance).tolist(), shares, strict=True)
    return [Rival(*each) for each in told]


def aligned_shares(query: str, windows: Sequence[str]) -> list[float]:
    """Return the share of the query's bases that the best alignment to each window matches, by minimap2 (sr)."""
    import mappy

    index = mappy.Aligner(seq=query, preset="sr")
    return [max((hit.mlen for hit in index.map(text)), default=0) / len(query) for text in windows]


def notes_of(
    space: str, hits: Hits, null: npt.NDArray[np.float64], rivals: Sequence[Rival], windows: int
) -> tuple[str, ...]:
    """Say what the numbers of windows that are alike mean.

    null: the highest similarity of each of some shuffled queries. windows: of the index.
    """
    kinds = {"centred": "less the mean of all windows", "whitened": "whitened over all windows", "raw": "as they are"}
    unlike = sum(not rival.aligned for rival in rivals)
    plain = sum(rival.words_p > 0.01 for rival in rivals)
    above = int((hits.similarity > null.max()).sum())
    return (
        f"Similarity: the cosine of vectors {kinds[space]}, of the better strand; p: the share of random pairs of "
        f"windows that are as alike; expected: p times the {windows:,} windows.",
        f"{len(null)} shuffled copies of it (the same dinucleotides) find nothing above {plain_number(null.max(), 4)}; "
        f"{above} of the {len(rivals)} windows are.",
        f"Of {len(rivals)} windows {unlike} have no alignment to it (minimap2), and {plain} are not among the 1% that "
        "are most like it in words of 3-5 bases.",
    )
