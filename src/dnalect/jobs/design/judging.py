"""What everybody says of designs and rivals: predictors, judges, a language model, known sequences, motifs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dnalect.baselines.kmers import padded, pieces, word_shares
from dnalect.core.figures import NOTHING, Figure, beside
from dnalect.core.records import Codes
from dnalect.core.reporter import phase
from dnalect.design.asked import Asked, Numbers
from dnalect.design.generation import own_bits
from dnalect.design.goals import Panel, outputs_of
from dnalect.design.rules import Motifs, changed
from dnalect.design.words import longest_runs
from dnalect.genome.motifs import Motif
from dnalect.inference.likelihood import strategy_for
from dnalect.inference.predictions import predictions
from dnalect.models.model import Model
from dnalect.models.predictor import Predictor
from dnalect.stats.draws import Draws, estimate, interval
from dnalect.tokens.bases import decode, encode

BITS, EDITS_AWAY, GC = "bits", "edits_from_known", "gc"
# Columns that are not those of a predictor: an output of one of these names is `predicted_NAME`.
OWN = frozenset(
    (*("name", "sequence", "origin", "from", "call", "edits", GC, "longest_run"), BITS, "nearest_known", EDITS_AWAY)
)
# Spreads of the labels from their mean, beyond which hardly an example lies.
FAR = 3.0
# Pairs of bases that are compared for the nearest known sequences; of more, those with most words in common.
CELLS, WORD = 20_000_000_000, 5
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Group:
    """Designs, or a rival. rows: of the best that were asked for."""

    name: str
    asked: Asked
    rows: Numbers

    @property
    def codes(self) -> Codes:
        """The best (n, L)."""
        return self.asked.take(self.rows)[0]


@dataclass(frozen=True)
class Known:
    """Sequences that are known, of any lengths."""

    names: tuple[str, ...]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, given: Sequence[tuple[str, str]]) -> Self:
        """Take names and texts."""
        return cls(tuple(name for name, _ in given), tuple(text for _, text in given))

    def nearest(self, codes: Codes) -> tuple[list[str], list[int]]:
        """Return the name of the nearest known sequence to each of some (n, L), and the edits between (n).

        Of very many only those are looked at that share the most words of five bases with a sequence.
        """
        from dnalect.design.distance_kernels import nearest

        known = [encode(text) for text in self.texts]
        names, away = list[str](), list[int]()
        alike = self._alike(codes)
        for row, text in enumerate(codes):
            rows = range(len(known)) if alike is None else alike[row].tolist()
            mine = [known[at] for at in rows]
            ((at, edits),) = nearest(text[None], np.concatenate(mine), np.cumsum([*map(len, mine)])).tolist()
            names.append(self.names[rows[at]])
            away.append(edits)
        return names, away

    def _alike(self, codes: Codes) -> Numbers | None:
        """Return the known sequences (n, m) that share the most words with each of some; None for all."""
        cells = codes.size * sum(map(len, self.texts))
        if cells <= CELLS:
            return None
        kept = max(1, int(len(self.texts) * CELLS / cells))
        theirs = np.concatenate([word_shares(padded(self.texts[part]), (WORD,), False) for part in pieces(self.texts)])
        mine = word_shares(codes, (WORD,), False)
        rows = [np.argsort(-np.minimum(each, theirs).sum(axis=1), kind="stable")[:kept] for each in mine]
        return np.sort(np.stack(rows), axis=1)


@dataclass(frozen=True)
class Jury:
    """Who is asked at the end. language: None for nobody. motifs: whose sites are counted."""

    panel: Panel
    judges: tuple[Predictor, ...]
    language: Model | None
    known: Known
    motifs: tuple[Motif, ...]
    batch: int | None = None


@dataclass(frozen=True)
class Content:
    """How many of n sequences of a group have a site of a motif."""

    motif: Motif
    shares: dict[str, float]


def judged(groups: Sequence[Group], jury: Jury) -> tuple[pa.Table, list[Figure], list[Content]]:
    """Return a row for each of the best of every group, figures of the groups side by side, and their motifs."""
    codes = np.concatenate([group.codes for group in groups])
    with phase("judging", len(codes), "sequences") as bar:
        columns = _columns(groups, codes)
        measured = _said(jury, [decode(row) for row in codes])
        columns |= measured
        if jury.known.texts:
            names, away = jury.known.nearest(codes)
            columns |= {"nearest_known": names, EDITS_AWAY: away}
        bar.update(len(codes))
    asked = [*measured, *([EDITS_AWAY] if jury.known.texts else []), GC]
    return pa.table(columns), _figures(groups, {name: columns[name] for name in asked}), _content(groups, jury.motifs)


def _columns(groups: Sequence[Group], codes: Codes) -> dict[str, list[Any]]:
    """Return what there is to say of the sequences themselves."""
    names, origins, begun, calls, edits = list[str](), list[str](), list[str](), list[int](), list[int]()
    for group in groups:
        problem = group.asked.problem
        origin = group.asked.take(group.rows)[1]
        names += [f"{group.name}_{number + 1}" for number in range(len(group.rows))]
        origins += [group.name] * len(group.rows)
        # Templates are numbered; one without a name is what was typed, or nothing.
        given = [problem.templates[number].name.rpartition("_")[0] for number in origin.tolist()]
        begun += ["" if name == "generated" else name for name in given]
        calls += [group.asked.at[row] for row in group.rows.tolist()]
        edits += changed(group.codes, problem.starts[origin]).tolist()
    return {
        "name": names,
        "sequence": [decode(row) for row in codes],
        "origin": origins,
        "from": begun,
        "call": calls,
        "edits": edits,
        GC: [round(float(each), 4) for each in ((codes == 1) | (codes == 2)).mean(axis=1)],
        "longest_run": longest_runs(codes).tolist(),
    }


def _said(jury: Jury, texts: Sequence[str]) -> dict[str, list[float]]:
    """Return what predictors, judges and the language model say: a column for each of their outputs."""
    found: dict[str, list[float]] = {}
    for predictors, before in ((jury.panel.predictors, ""), (jury.judges, "judge ")):
        answers = [predictions(each, texts, jury.batch) for each in predictors]
        for output in outputs_of(predictors):
            values = answers[output.model][output.target][:, output.column]
            whose = f"{predictors[output.model].card.id}:" if ":" not in output.name else ""
            found[f"{before}{whose}{output.name}" if before else column_of(output.name)] = _rounded(values)
    if jury.language is not None:
        found[BITS] = _rounded(np.array(own_bits(strategy_for(jury.language, jury.batch), texts)))
    return found


def beyond(panel: Panel, designs: Group) -> list[str]:
    """Say which designs are said to have values that no example had: a signal outside of FAR spreads of its labels.

    Calibration, which ends where its examples do, would hide that: it is left out here.
    """
    told = []
    for number, output in enumerate(panel.outputs):
        if output is None:
            continue
        spec = panel.predictors[output.model].can.targets[output.target]
        if spec.kind != "signal":
            continue
        values = np.array([designs.asked.values[row][number] for row in designs.rows.tolist()])
        far = np.abs(values - spec.centre) / spec.spread
        if (count := int((far > FAR).sum())) > 0:
            near = spec.centre + 2 * spec.spread * (1 if values.mean() > spec.centre else -1)
            told.append(
                f"{count:,} of {len(values):,} designs are said to have a {output.name} up to {far.max():.1f} standard "
                f"deviations from the mean of what the predictor learned from ({spec.centre:.3g}): it never saw the "
                f"like. A goal such as {output.name}={near:.3g} stays within what it did see"
            )
    return told


def column_of(name: str) -> str:
    """Return the column of an output of the predictors."""
    return f"predicted_{name}" if name in OWN else name


def _rounded(values: npt.NDArray[np.floating]) -> list[float]:
    return [float(f"{value:.5g}") for value in values.tolist()]


def _figures(groups: Sequence[Group], columns: dict[str, list[Any]]) -> list[Figure]:
    """Return means of the groups, with 95% intervals over sequences; the designs beside every rival."""
    ends = np.cumsum([0, *(len(group.rows) for group in groups)])
    figures = []
    for name, values in columns.items():
        drawn = {}
        for number, group in enumerate(groups):
            part = np.array(values[ends[number] : ends[number + 1]], dtype=np.float64)
            # Groups are drawn apart: their sequences are no pairs.
            drawn[group.name] = Draws.of(np.arange(len(part)), seed=number).mean(part)
        first, *others = drawn.items()
        size = {len(each) for each in drawn.values()}
        minus = {who: _difference(first[1], each) for who, each in others} if len(size) == 1 else {}
        bare = Figure("design", "best of each", "", name, len(groups[0].rows), NOTHING)
        told = beside(bare, {who: estimate(each) for who, each in drawn.items()}, minus)
        counts = {group.name: len(group.rows) for group in groups}
        figures += [replace(each, n=counts[each.who]) for each in told]
    return figures


def _difference(one: Floats, other: Floats) -> Any:
    return interval(float(one[0] - other[0]), (one - other)[1:])


def _content(groups: Sequence[Group], motifs: Sequence[Motif]) -> list[Content]:
    """Return how many of each group have a site of each motif, those first of which designs differ most."""
    if not motifs:
        return []
    rule = Motifs(tuple(motifs), False, "")
    shares = {group.name: (rule.best(group.codes) >= rule.least).mean(axis=0) for group in groups}
    first, *others = shares.values()
    apart = np.abs(first - np.mean(others, axis=0)) if others else first
    order = np.argsort(-apart, kind="stable").tolist()
    return [Content(motifs[at], {name: float(each[at]) for name, each in shares.items()}) for at in order]
