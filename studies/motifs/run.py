"""Which motifs of yeast a model knows without labels: stretches that stand out, their patterns, and who binds there."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dnalect import ModelError
from dnalect.core import NOTHING, Figure, made_folder, say, write_figures, write_tsv
from dnalect.genome import Motif, information, parse_regions, read_motifs
from dnalect.report import plots
from dnalect.why import (
    Match,
    NullScores,
    Pattern,
    Seqlet,
    around,
    call_seqlets,
    find_patterns,
    match_motifs,
    sequence_of,
)
from studies.motifs.page import draw_logos, write_motifs_page
from studies.motifs.sequence import (
    Contig,
    Scores,
    Twin,
    Words,
    composition,
    contigs_of,
    masked,
    rival_scores,
    shuffled_sequence,
)
from studies.motifs.sites import (
    ODDS,
    PEAKS,
    SHARE,
    best_stretches,
    bound_motifs,
    coverage,
    places,
    read_peaks,
)
from studies.options import Motifs as Asked
from studies.worth.bench import Bench, Options
from studies.worth.species import YEAST

TASK = "motifs"
NAMES, SITES = "motifs/yetfasco_all.meme.gz", "motifs/SwissRegulon_s_cer.meme.gz"
# Rossi's peaks are of these.
CONTIGS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV")
# Seqlets that are clustered, the clearest ones.
CLUSTERED = 6_000
# Bases between a member of a pattern and a summit of the protein that the pattern is named for.
NEAR = 15
HEAD = (
    *(
        "pattern",
        "seqlets",
        "held_out",
        "motif",
        "factor",
        "q",
        "others",
        "summits",
        "bound",
        "bound_by_chance",
        "protein",
    ),
)


@dataclass(frozen=True, eq=False)
class Known:
    """A pattern, the motifs that it is like (best first), and its members near summits of the first that Rossi has.

    held_out: members on chromosomes that the model did not see. protein: whose summits, "" where none was measured;
    summits: of it in free sequence; bound: members near one; chance: as many as would be, were members anywhere.
    """

    pattern: Pattern
    matches: list[Match]
    held_out: int
    protein: str = ""
    summits: int = 0
    bound: int = 0
    chance: float = float("nan")


def run(asked: Asked) -> list[Figure]:
    """Read, call, name and compare; write OUT/figures.tsv, OUT/patterns.tsv, pictures and the page."""
    options = Options(asked.data, asked.model, None, True, tuple(asked.contigs), asked.command, asked.dtype)
    bench = Bench(options, YEAST.reference)
    regions = parse_regions(bench.genome, asked.contigs or [f"chr{each}" for each in CONTIGS])
    contigs = contigs_of(bench, regions)
    fresh = [each for each in contigs if not bench.model.seen(each.region)]
    if not fresh:
        raise ModelError(f"{bench.model.name} saw all of {bench.told(regions)} in training: name other contigs")
    peaks = read_peaks(options.file(PEAKS))
    motifs = [each for each in read_motifs(options.file(SITES)) if each.factor.upper() in peaks]
    study = _Study(bench, contigs, fresh, peaks, motifs)
    command = asked.command.replace(str(asked.data), "DATA")
    figures = [replace(each, command=command) for each in study.figures()]
    seqlets, null = study.seqlets, study.false_seqlets()
    known = study.patterns(yetfasco(options.file(NAMES)))
    out = made_folder(asked.out)
    write_figures(out / "figures.tsv", figures)
    write_tsv(out / "patterns.tsv", [HEAD, *map(_cells, known)])
    counts = Counter[str]()
    for contig, found in zip(contigs, seqlets, strict=True):
        counts[contig.name] += len(found)
    images = made_folder(asked.page.parent / "images") if asked.page else out
    drawn = [(_title(each), each.pattern.probabilities) for each in known if each.matches][:12]
    (images / "motifs-patterns.svg").write_text(draw_logos(drawn), encoding="utf-8")
    panels = [
        (part, [plots.Bar(each.who, each.value, each.who != bench.model.name) for each in figures if each.part == part])
        for part in dict.fromkeys(each.part for each in figures if each.metric == ODDS)
    ]
    bars = [(part, [bar for bar, _ in _once(each)]) for part, each in panels]
    plots.forest(images / "motifs-odds.png", bars, ODDS, 0.0)
    if asked.page:
        write_motifs_page(asked.page, bench.model.members[0].card, command, figures, known, counts, null, fresh)
    say(f"{sum(counts.values()):,} seqlets, {len(known)} patterns; {null[0]} seqlets in {null[2]:,} shuffled bases")
    return figures


def yetfasco(path: Path) -> list[Motif]:
    """Return the motifs of the file, whose columns are A, T, G, C as in YeTFaSCo, though it says A, C, G, T."""
    return [replace(each, probabilities=each.probabilities[:, [0, 3, 2, 1]]) for each in read_motifs(path)]


def _once(bars: Sequence[plots.Bar]) -> list[tuple[plots.Bar, str]]:
    """Bars without those that stand there again for another rival or metric."""
    found: dict[str, plots.Bar] = {}
    for bar in bars:
        found.setdefault(bar.label, bar)
    return [(bar, label) for label, bar in found.items()]


def _title(known: Known) -> str:
    best = known.matches[0]
    return f"{len(known.pattern.members):,} seqlets, like {best.motif.factor} (q {best.q:.1g})"


def _cells(known: Known) -> list[str]:
    best = known.matches[0] if known.matches else None
    others = list(dict.fromkeys(match.motif.factor for match in known.matches))[1:5]
    named = [best.motif.name, best.motif.factor, f"{best.q:.2g}"] if best else ["", "", ""]
    chance = f"{known.chance:.2f}" if known.protein else ""
    counts = [str(known.summits), str(known.bound), chance, known.protein] if known.protein else ["", "", "", ""]
    members = known.pattern.members
    return [
        sequence_of(known.pattern.probabilities),
        str(len(members)),
        str(known.held_out),
        *named,
        ", ".join(others),
        *counts,
    ]


class _Study:
    """What is computed once: scores, nulls and seqlets of all chromosomes."""

    def __init__(
        self,
        bench: Bench,
        contigs: Sequence[Contig],
        fresh: Sequence[Contig],
        peaks: Mapping[str, Mapping[str, np.ndarray]],
        motifs: Sequence[Motif],
    ):
        self.bench, self.contigs, self.fresh, self.peaks, self.motifs = bench, contigs, fresh, peaks, motifs
        self.drawn = shuffled_sequence(fresh, 1)
        self.reading = bench.read_sequence(self.drawn)
        self.background = composition(contigs)
        self.null = NullScores.of([information(self.reading.model, self.background)])
        self.scores = [masked(information(each.log_probs, self.background), each) for each in contigs]
        self.seqlets: list[list[Seqlet]] = [call_seqlets(each, self.null) for each in self.scores]

    def false_seqlets(self) -> tuple[int, int, int]:
        """Return how many seqlets are called in other shuffled sequence, how many of these are named, and its bases."""
        other = self.bench.read_sequence(shuffled_sequence(self.fresh, 2))
        called = call_seqlets(information(other.model, self.background), self.null)
        queries = [np.exp(other.model[each.start : each.end]) for each in called]
        named = {match.query for match in match_motifs(queries, self.motifs)}
        return len(called), len(named), len(other.codes)

    def figures(self) -> list[Figure]:
        """Return bound sites covered, of held-out chromosomes beside the rivals, of the others alone; bound motifs."""
        words = Words([each for each in self.contigs if each not in self.fresh] or self.contigs)
        twin = Twin(self.bench.model.members[0].folder, self.bench.options.dtype)
        told = self.background, words, twin, self.motifs
        drawn = rival_scores(self.reading, self.drawn, *told)
        nulls = {who: NullScores.of([each]) for who, each in drawn.items()}
        readings = [self.bench.read(each.region) for each in self.fresh]
        parts = []
        for contig, reading in zip(self.fresh, readings, strict=True):
            rivals = rival_scores(reading, contig.codes, *told, contig.free)
            inside = {who: self._best(masked(each, contig), nulls[who]) for who, each in rivals.items()}
            own = self._own(contig)
            parts.append(places(contig, self._summits(contig), {self.bench.model.name: own, **inside}))
        part = "chromosomes that the model never saw"
        bare = Figure(TASK, part, self.bench.model.name, "", 0, NOTHING, species=YEAST.name, seen=False)
        found = coverage(bare, parts)
        found += bound_motifs(bare, self.fresh, readings, self.motifs, self.peaks)
        seen = [each for each in self.contigs if each not in self.fresh]
        if seen:
            others = []
            for contig in seen:
                own = self._own(contig)
                others.append(places(contig, self._summits(contig), {self.bench.model.name: own}))
            found += coverage(replace(bare, part="chromosomes that the model trained on", seen=True), others)
        return found

    def _own(self, contig: Contig) -> np.ndarray:
        return self._best(self.scores[self.contigs.index(contig)], self.null)

    def _best(self, scores: Scores, null: NullScores) -> np.ndarray:
        return best_stretches(scores, null, int(SHARE * np.isfinite(scores).sum()))

    def _summits(self, contig: Contig) -> np.ndarray:
        """Summits of all proteins that have a motif."""
        named = {each.factor.upper() for each in self.motifs}
        every = [self.peaks[name][contig.name] for name in sorted(named) if contig.name in self.peaks[name]]
        return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *every]))

    def patterns(self, names: Sequence[Motif]) -> list[Known]:
        """Return the patterns of the clearest seqlets, named, the most frequent first."""
        found = [(n, each) for n, seqlets in enumerate(self.seqlets) for each in seqlets]
        found = sorted(found, key=lambda each: (each[1].p, -each[1].score))[:CLUSTERED]
        windows = [around(self.contigs[n].log_probs, [each]) for n, each in found]
        patterns = find_patterns(np.concatenate(windows)) if windows else []
        matches = match_motifs([each.probabilities for each in patterns], names)
        fresh = {n for n, contig in enumerate(self.contigs) if contig in self.fresh}
        out = []
        for number, pattern in enumerate(patterns):
            members = [found[at] for at in pattern.members.tolist()]
            known = Known(
                pattern, [each for each in matches if each.query == number], sum(n in fresh for n, _ in members)
            )
            out.append(self._bound(known, members))
        return out

    def _bound(self, known: Known, members: Sequence[tuple[int, Seqlet]]) -> Known:
        protein = next(
            (each.motif.factor.upper() for each in known.matches if each.motif.factor.upper() in self.peaks), ""
        )
        if not protein:
            return known
        summits, bound, chance = 0, 0, 0.0
        for n, contig in enumerate(self.contigs):
            at = contig.within(self.peaks[protein].get(contig.name, np.zeros(0, dtype=np.int64)))
            at = at[contig.free[at]]
            near = np.zeros(len(contig.codes), dtype=np.bool_)
            for summit in at.tolist():
                near[max(0, summit - NEAR) : summit + NEAR + 1] = True
            middles = np.array([(each.start + each.end) // 2 for m, each in members if m == n], dtype=np.int64)
            summits, bound = summits + len(at), bound + int(near[middles].sum())
            chance += len(middles) * float(near[contig.free].mean())
        return replace(known, protein=protein, summits=summits, bound=bound, chance=chance)
