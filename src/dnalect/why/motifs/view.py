"""The view `motifs`: stretches of a place that stand out, the known motifs that they are, and what a variant does."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dnalect.core.errors import InputError
from dnalect.core.records import Codes
from dnalect.core.views import Track, View
from dnalect.genome.fasta import genome_of
from dnalect.genome.regions import Region
from dnalect.genome.substitutions import information
from dnalect.tokens.bases import UNKNOWN, decode
from dnalect.why.gradient_view import number_of
from dnalect.why.gradients import first_order
from dnalect.why.motifs.effects import motif_effects
from dnalect.why.motifs.matching import Match, match_motifs
from dnalect.why.motifs.seqlets import RATE, WIDTHS, NullScores, Seqlet, call_seqlets
from dnalect.why.nulls import shuffled
from dnalect.why.soft import SoftWindow
from dnalect.why.subject import Subject
from dnalect.why.substitutions import Effects, effects_of

# Bases of shuffled sequence that the seqlets are called against: at least, and a place.
NULL, TIMES = 4_000, 20
# Bases on each side of a seqlet that are compared with motifs, too.
FLANK = 2
# Motifs of a seqlet that the table names; related factors have much the same.
NAMED = 3
SCHEMA = pa.schema(
    [
        *(("contig", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("bases", pa.string())),
        *(("score", pa.float64()), ("p", pa.float64()), ("q", pa.float64())),
        *(("motif", pa.string()), ("strand", pa.string()), ("match_p", pa.float64()), ("match_q", pa.float64())),
        ("others", pa.string()),
    ]
)
Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]


def view(subject: Subject) -> View:
    """Return the view `motifs`. Raises InputError for a place without so many known bases as the longest seqlet has."""
    found = _effects(subject)
    background = _background(subject)
    scores = scores_of(found, subject.codes, background)
    seqlets = call_seqlets(scores, _null(subject, background))
    p = _probabilities(found, subject, scores)
    queries = [p[max(0, each.start - FLANK) : each.end + FLANK] for each in seqlets]
    matches = match_motifs(queries, subject.motifs)
    inside = np.zeros(len(scores), dtype=np.bool_)
    for each in seqlets:
        inside[each.start : each.end] = True
    strength = np.where(np.isfinite(scores), np.where(inside, scores, 0.0), np.nan)
    measure = (
        "bits of information in seqlets" if found.log_probs is not None else "mean |effect| in seqlets, by gradients"
    )
    letters = Track("letters", f"seqlets ({measure})", p * np.nan_to_num(strength)[:, None])
    table = pa.Table.from_pylist(_rows(subject, seqlets, matches), SCHEMA)
    text = " ".join([_told(subject, seqlets, matches), *_of_variant(subject)])
    arrays = {
        "scores": scores,
        "seqlets": np.array([(each.start, each.end) for each in seqlets], float).reshape(-1, 2),
    }
    return View("motifs", "Motifs", text, (letters,), table, arrays, strength.astype(np.float32), measure)


def scores_of(found: Effects, codes: Codes, background: Doubles) -> Floats:
    """Return how much each base counts (L,); NaN at an N.

    That is its information in bits beyond the composition around the place, ln q (4,); of a predictor mean |effect|.
    """
    if found.log_probs is None:
        return np.asarray(np.abs(found.effects).sum(axis=1) / 3)
    return np.where(codes == UNKNOWN, np.nan, information(found.log_probs, background))


def _effects(subject: Subject) -> Effects:
    """Return what substitutions change; of a predictor that reads bases by its gradients, half a window at a time.

    One by one they would take three predictions a base, of a place and of all of its null.
    """
    card, place = subject.model.card, subject.place
    if not subject.model.can.targets or not SoftWindow(subject.model, "").by_base:
        return effects_of(subject)
    step = max(1, min(card.trained_length or card.window, subject.model.can.context_bases) // 2)
    found, unit = [], ""
    for low in range(place.start, place.end, step):
        part = Region(place.contig, low, min(low + step, place.end))
        number, inside = number_of(replace(subject, place=part, variant=None))
        found.append(first_order(number)[inside])
        unit = number.meaning
    effects = np.concatenate(found)
    effects[subject.codes == UNKNOWN] = np.nan
    return Effects(effects.astype(np.float32), unit)


def _background(subject: Subject) -> Doubles:
    """Return ln of the shares (4,) of the bases around a place, both strands, none of them 0."""
    counts = np.bincount(subject.around(subject.reach), minlength=5)[:4] + 1
    both = counts + counts[::-1]
    return np.asarray(np.log(both / both.sum()))


def _null(subject: Subject, background: Doubles) -> NullScores:
    """The same scores of the place in other orders, one behind the other."""
    rng, length = np.random.default_rng(subject.seed), len(subject.place)
    times = max(TIMES, -(-NULL // length))
    codes = np.concatenate([shuffled(subject.codes, rng) for _ in range(times)])
    genome = genome_of({"shuffled": decode(codes)})
    drawn = replace(subject, genome=genome, place=Region(0, 0, len(codes)), variant=None)
    try:
        return NullScores.of([scores_of(_effects(drawn), drawn.codes, background)])
    except ValueError as error:
        raise InputError(f"name a longer place: motifs need {max(WIDTHS)} known bases in a row") from error


def _probabilities(found: Effects, subject: Subject, scores: Floats) -> Floats:
    """What is expected at each base (L, 4); of a predictor its base, the surer the more it counts."""
    if found.log_probs is not None:
        return np.exp(found.log_probs.astype(np.float64))
    known = np.nan_to_num(scores)[:, None]
    sure = known / max(float(known.max()), 1e-9)
    return np.asarray(np.where(np.eye(5)[subject.codes][:, :4] > 0, 0.25 + 0.75 * sure, 0.25 * (1 - sure)))


def _rows(subject: Subject, seqlets: list[Seqlet], matches: list[Match]) -> list[dict[str, object]]:
    rows = []
    for number, each in enumerate(seqlets):
        mine = [match for match in matches if match.query == number]
        row: dict[str, object] = {
            "contig": subject.genome.names[subject.place.contig],
            "start": subject.place.start + each.start + 1,
            "end": subject.place.start + each.end,
            "bases": subject.bases[each.start : each.end],
            **{"score": each.score, "p": each.p, "q": each.q},
        }
        if mine:
            best = mine[0]
            others = ", ".join(match.motif.name for match in mine[1:NAMED])
            row |= {"motif": best.motif.name, "strand": "+" if best.forward else "-", "others": others}
            row |= {"match_p": best.p, "match_q": best.q}
        rows.append(row)
    return rows


def _told(subject: Subject, seqlets: list[Seqlet], matches: list[Match]) -> str:
    """Say what was found, in a few sentences."""
    if not seqlets:
        return f"No stretch stands out of shuffled sequence (false discovery rate {RATE:.0%})."
    count = f"{len(seqlets)} stretch{'es stand' if len(seqlets) > 1 else ' stands'} out of shuffled sequence"
    text = f"{count}: of these at most {RATE:.0%} are expected to be false."
    best: dict[int, Match] = {}
    for match in matches:
        best.setdefault(match.query, match)
    if best:
        places = []
        for number, match in best.items():
            low, high = (subject.place.start + each for each in (seqlets[number].start + 1, seqlets[number].end))
            places.append(f"{low:,}-{high:,} {match.motif.factor} (q {match.q:.1g})")
        return f"{text} Like known motifs are {', '.join(places)}."
    return f"{text} None is like one of {len(subject.motifs):,} known motifs." if subject.motifs else text


def _of_variant(subject: Subject) -> list[str]:
    """Return the sentence about the variant, where there is one, and motifs."""
    if subject.variant is None or not subject.motifs:
        return []
    score = None if subject.model.can.targets else subject.scorer.score([subject.variant])[0].value
    (effect,) = motif_effects(subject.motifs, subject.genome, [subject.variant], [score], seed=subject.seed)
    if effect is None:
        return ["The variant changes no site of a known motif more clearly than shuffled sequence has it."]
    return [f"The variant {effect.words} (q {effect.q:.1g})."]
