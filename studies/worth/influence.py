"""Study: is what a variant changes elsewhere worth more than its log-ratio? Within the substitution type, too."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import Genome
from dnalect.core import Variant
from dnalect.examples import matched, strata
from dnalect.genome import Region, context_class
from dnalect.inference import scorer_for
from dnalect.models import language_model
from dnalect.stats import Draws, auroc, quantiles_within, spearman
from studies.cases.haplotypes import variant_on
from studies.cases.measured import Measured, read_measured
from studies.cases.paired import read_pairs
from studies.worth.bench import Bench, Findings, Options, Panel, Plot
from studies.worth.collected import Collected
from studies.worth.compare import TYPE, Scores, judged, major_to_minor, ranked_within, type_share
from studies.worth.human import WITHIN
from studies.worth.promoter_bases import CONTIGS, read_promoters
from studies.worth.promoters import common_and_single
from studies.worth.reporter import SIGNIFICANT, read_effects
from studies.worth.snvs import Features, Snvs, features
from studies.worth.species import HUMAN, YEAST

NAME = "influence"
SUM, MAX, NEAR, SIZE = "influence (sum)", "influence (max)", "influence (16 bases on each side)", "|LLR|"
CAPTION = "influences (teal) and the size of the log-ratio with other rivals (grey), 95% intervals; dashed: chance."
NOTE = (
    "By definition the sum over the whole window is *the* influence: the one that is compared with the rivals. The "
    "largest change and the sum over 16 bases on each side stand beside it, so that none is chosen by these figures."
)
# Variants that two lengths of window are compared on.
AGREED, SEED = 64, 1
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def scores_of(options: Options, folder: Path, genome: Genome, variants: Sequence[Variant]) -> dict[str, Scores]:
    """Return the influences and the size of the log-ratio (n,) that a model gives to variants."""
    flank = options.window // 2 if options.window else None
    scorer = scorer_for(language_model(folder, options.device, options.dtype), genome, flank)
    found = np.array([each[:3] for each in scorer.influences(variants)]).reshape(-1, 3)
    ratios = np.abs([score.value or 0.0 for score in scorer.score(variants)])
    return {SUM: found[:, 1], MAX: found[:, 0], NEAR: found[:, 2], SIZE: ratios}


def run_human(options: Options) -> Findings:
    """Measure influences on the regulatory elements of CAGI5, and on the pairs of alleles of CAGI4 (Tewhey 2016)."""
    bench = Bench(options, HUMAN.reference)
    table, notes = bench.table(NAME, HUMAN.name), [NOTE]
    folder = bench.model.member(Region(0, 0, 0)).folder
    panels = [*_elements(options, folder, table), *_pairs(options, folder, table)]
    return Findings(table.rows, [Plot.forest(f"{NAME}-human-{bench.model.name}", CAPTION, panels)], notes)


def _elements(options: Options, folder: Path, table: Collected) -> list[Panel]:
    """Significant against other variants of 15 elements: means over elements, which are drawn with replacement."""
    found = read_measured(options.data)
    scores = scores_of(options, folder, found.genome, found.variants) | dict(found.tracks)
    kind, names = strata(context_class(found.ref[:, None], found.alt, 0)), list(dict.fromkeys(found.element.tolist()))
    draws = Draws.of(np.array([name.split("-")[0] for name in names]))
    panels = []
    for label, typed in (("", None), (WITHIN, kind)):
        values = {name: _by_element(found, each, names, typed) for name, each in scores.items()}
        for column, (measure, chance) in enumerate((("AUROC", 0.5), ("Spearman", 0.0))):
            samples = {name: draws.mean(each[:, column]) for name, each in values.items()}
            told = (table, f"{len(names)} elements{label}", len(kind), samples, [SUM], _rivals(samples))
            panel = judged(*told, f"mean {measure} of {{}} over elements", chance, False)
            panels += [panel] if measure == "AUROC" else []
    return panels


def _by_element(found: Measured, scores: Scores, names: Sequence[str], kind: Numbers | None) -> Floats:
    """Return AUROC and Spearman of each element (E, 2). kind: rank scores and effects within it first, None: don't."""
    out = []
    for name in names:
        own = np.flatnonzero(found.element == name)
        score, effect = np.asarray(scores[own], dtype=float), np.abs(found.effect[own])
        if kind is not None:
            score, effect = (quantiles_within(each, kind[own]) for each in (score, effect))
        out.append((auroc(score, found.significant[own]), spearman(score, effect)))
    return np.array(out)


def _pairs(options: Options, folder: Path, table: Collected) -> list[Panel]:
    """Alleles that differ in a reporter, among all measured pairs and among active elements."""
    pairs = read_pairs(options.data)
    scores = scores_of(options, folder, pairs.genome, pairs.variants)
    single = np.array([variant.kind == "snv" for variant in pairs.variants])
    bases = [(int(v.ref[0]), int(v.alt[0])) if v.kind == "snv" else (0, 1) for v in pairs.variants]
    ref, alt = np.array(bases, dtype=np.uint8).T
    kind = strata(context_class(ref[:, None], alt, 0))
    panels = []
    for group, part, typed in (
        ("pairs of alleles", np.ones(len(single), dtype=bool), False),
        (f"pairs of alleles{WITHIN}", single, True),
        ("pairs of alleles, active elements", pairs.active, False),
        (f"pairs of alleles, active elements{WITHIN}", single & pairs.active, True),
    ):
        some = {name: each[part] for name, each in scores.items()}
        some = ranked_within(some, kind[part]) if typed else some
        panels.append(_compared(table, group, some, pairs.significant[part], pairs.group[part], False))
    return panels


def run_yeast(options: Options) -> Findings:
    """Measure influences on common against rare promoter variants, and on effects in a reporter (Renganaath 2020)."""
    bench = Bench(options, YEAST.reference)
    regions = bench.regions(CONTIGS)
    table, panels = bench.table(NAME, YEAST.name), []
    found = read_promoters(bench, regions)
    known = major_to_minor(features(bench, found.snvs, regions))
    common, single = common_and_single(known.snvs)
    at = chosen(common, single, context_class(known.around, known.snvs.alt, 0), options.sample)
    # What is common should change little.
    told = {name: -each for name, each in _on_genome(bench, known.snvs.take(at)).items()}
    panels += _both(bench, table, "common over singletons", known.take(at), told, common[at], found.number[at], regions)
    effects = read_effects(bench, regions)
    known, positive = features(bench, effects.snvs, regions), effects.adjusted < SIGNIFICANT
    told = _on_genome(bench, effects.snvs)
    group = "significant over other measured variants"
    panels += _both(bench, table, group, known, told, positive, effects.snvs.block, regions)
    notes = [NOTE, f"{int(common[at].sum()):,} of {int(common.sum()):,} common variants were asked of."]
    if options.window:
        few = effects.snvs.take(np.sort(np.random.default_rng(SEED).permutation(len(effects.snvs))[:AGREED]))
        whole = Bench(replace(options, window=None), YEAST.reference)
        same = spearman(_on_genome(bench, few)[SUM], _on_genome(whole, few)[SUM])
        notes.append(
            f"Windows of {options.window:,} bases are read. Over {len(few)} of the measured variants, drawn at random, "
            f"the sum has a rank correlation of {same:.2f} with that over all that the model can reach."
        )
    return Findings(table.rows, [Plot.forest(f"{NAME}-yeast-{bench.model.name}", CAPTION, panels)], [" ".join(notes)])


def chosen(common: Mask, single: Mask, kind: Numbers, sample: int | None) -> Numbers:
    """Return the sorted numbers of common variants and of singletons of the same substitution types (n,).

    sample: common variants, drawn at random, with a singleton each. None: all, with as many singletons as tell most.
    """
    if sample is not None:
        drawn = np.random.default_rng(SEED).permutation(np.flatnonzero(common))[:sample]
        common = np.isin(np.arange(len(common)), drawn)
    at = np.flatnonzero(common | single)
    asked = common[at], strata(kind[at])
    return at[matched(*asked) if sample is None else matched(*asked, most=1)]


def _on_genome(bench: Bench, snvs: Snvs) -> dict[str, Scores]:
    """Return the scores (n,) of substitutions, each by the model that may judge its contig."""
    out: dict[str, Scores] = {name: np.zeros(len(snvs)) for name in (SUM, MAX, NEAR, SIZE)}
    for number in np.unique(snvs.contig).tolist():
        at = np.flatnonzero(snvs.contig == number)
        letters = [["ACGT"[code] for code in each[at]] for each in (snvs.ref, snvs.alt)]
        variants = [
            variant_on(bench.genome, number, int(place), ref, alt)
            for place, ref, alt in zip(snvs.position[at], *letters, strict=True)
        ]
        member = bench.model.member(Region(number, 0, int(bench.genome.lengths[number])))
        for name, each in scores_of(bench.options, member.folder, bench.genome, variants).items():
            out[name][at] = each
    return out


def _both(
    bench: Bench,
    table: Collected,
    group: str,
    known: Features,
    scores: dict[str, Scores],
    positive: Mask,
    units: Numbers,
    regions: Sequence[Region],
) -> list[Panel]:
    """Compare scores as they are, and within the substitution type."""
    kind, seen = context_class(known.around, known.snvs.alt, 0), bench.seen(regions)
    plain = scores | {TYPE: type_share(known, positive)}
    return [
        _compared(table, group, plain, positive, units, seen),
        _compared(table, f"{group}{WITHIN}", ranked_within(scores, kind), positive, units, seen),
    ]


def _compared(
    table: Collected, group: str, scores: Mapping[str, Scores], positive: Mask, units: Numbers, seen: bool
) -> Panel:
    draws = Draws.of(units)
    samples = {name: draws.auroc(np.asarray(each, dtype=float), positive) for name, each in scores.items()}
    return judged(table, group, len(positive), samples, [SUM], _rivals(samples), "AUROC of {}", 0.5, seen)


def _rivals(samples: Mapping[str, object]) -> list[str]:
    return [name for name in samples if name not in (SUM, MAX, NEAR)]
