"""Models of any kind on the same held-out bases and variants of yeast: one table, one plot.

What a causal model says of a base is given those on one side: its bits stand apart, in both directions, beside Markov
models of one side, and are never set beside those of models that read the rest.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnalect import ConfigError, Genome, open_genome
from dnalect.baselines import MarkovModel
from dnalect.core import Estimate, Figure, Variant, track, write_figures
from dnalect.examples import free_bases, matched, shared_mask, strata
from dnalect.genome import Region, parse_regions
from dnalect.inference import scorer_for
from dnalect.models import Card, CorpusGenome, Model, language_model
from dnalect.report import plots
from dnalect.stats import MANY, Draws, block_of, estimate
from dnalect.tokens import UNKNOWN, encode
from studies.data import file_of, substitutions
from studies.worth.promoter_bases import LEAST_CALLED, VARIANTS
from studies.worth.species import YEAST

MARKOV, ONE_SIDED = "Markov, order 24, two-sided", "Markov, order 24, one-sided"
# The rival that others are set beside, by the sides that they read.
ONE = ", one side"
AGAINST = {"": f"{MARKOV}, interpolated", ONE: f"{ONE_SIDED}, interpolated"}
DIRECTIONS = ("left to right", "right to left")
COMMON = 0.05
BITS, FREE, RANKED = "bits per base", "homology-free", "common over singletons, by substitution type"
SIZE, MINUTES = "parameters", "core-minutes of training"
Numbers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]
Singles = npt.NDArray[np.float32]


class Sites(NamedTuple):
    """Bases to be predicted: contig numbers, 0-based positions, codes of the bases that are there, all (n,)."""

    contig: Numbers
    position: Numbers
    ref: Codes

    @property
    def block(self) -> Numbers:
        """Number of the 10-kb block (n,)."""
        return block_of(self.contig, self.position)


class Variants(NamedTuple):
    """Substitutions of which one half is common: sites, codes of the alternates and which are common (n,)."""

    sites: Sites
    alt: Codes
    common: npt.NDArray[np.bool_]


class Answer(NamedTuple):
    """What somebody says: ln p of the four bases at the sites (n, 4), scores of the variants (m,), None for none.

    side: "" where both sides of a base are read, else ONE.
    """

    who: str
    log_probs: Singles
    scores: Singles | None
    side: str = ""
    card: Card | None = None


def compare(
    folders: Sequence[str],
    data: Path,
    out: Path,
    sample: int = 4_000,
    most: int = 1_000,
    dtype: str = "float32",
    command: str = "",
) -> list[Figure]:
    """Measure models that share one split of yeast; write OUT/recipes.tsv and OUT/recipes.png.

    Figures of all test bases, of the homology-free ones among them and of variants, all of one model
    together, those with the fewest bits first; a trained model's parameters and core-minutes are two more.
    Those of causal models, in both directions, and of one-sided rivals come last, and their parts say so.

    folders: names or folders of models whose cards name the same training, validation and test
    regions. data: folder with genomes/ and variants/. sample: random bases of the first test
    region that stand for all of it, every one given all the others around it (leave-one-out,
    the same quantity for every tokenizer). most: common variants of the other test regions.
    dtype: of the weights; "bfloat16" is three times as fast on some CPUs.
    Raises ConfigError where the splits differ, InputError where a file is missing.
    """
    genome = open_genome(data / YEAST.reference)
    models = [language_model(folder, dtype=dtype) for folder in folders]
    told = _same_split([model.card for model in models])
    first, *others = parse_regions(genome, told.test)
    train, tune = (parse_regions(genome, part) for part in (told.train, told.validate))
    sites, free = _sampled(genome, first, train, sample)
    variants = _variants(genome, file_of(data, VARIANTS), others, most)
    answers = [
        each
        for side in ("", ONE)
        if not side or any(model.can.likelihood == "causal" for model in models)
        for each in _markov(genome, train, tune, sites, variants, side)
    ]
    for model in track(models, "models"):
        answers += _answers(model, genome, sites, variants)
    rivals = {each.side: _bits(each.log_probs, sites.ref) for each in answers if each.who in AGAINST.values()}
    draws, within = Draws.of(sites.block, MANY), Draws.of(sites.block[free], MANY)
    ranking = Draws.of(variants.sites.block)

    def figures(each: Answer) -> list[Figure]:
        bits = _bits(each.log_probs, sites.ref)
        minus = estimate(draws.mean(np.subtract(bits, rivals[each.side], dtype=np.float64)))
        bare = Figure("yeast", told.test[0] + each.side, each.who, BITS, len(bits), estimate(draws.mean(bits)))
        found = [
            replace(bare, against=AGAINST[each.side], difference=minus),
            replace(bare, part=FREE + each.side, n=int(free.sum()), value=estimate(within.mean(bits[free]))),
        ]
        if each.scores is not None:
            value = estimate(ranking.auroc(each.scores, variants.common))
            found.append(Figure("yeast", RANKED, each.who, "AUROC", len(each.scores), value, chance=0.5))
        if each.card is not None:
            told_of = {SIZE: each.card.parameters, MINUTES: each.card.core_minutes}
            found += [
                Figure("yeast", "training", each.who, metric, 1, Estimate(value, np.nan, np.nan))
                for metric, value in told_of.items()
                if value is not None
            ]
        return [replace(figure, command=command) for figure in found]

    groups = sorted(map(figures, answers), key=lambda group: (group[0].part.endswith(ONE), group[0].value.mean))
    found = [each for group in groups for each in group]
    _write(found, out)
    return found


def _same_split(cards: Sequence[Card]) -> CorpusGenome:
    told = [next((each for each in card.genomes if each.name == "yeast"), None) for card in cards]
    known = [each for each in told if each is not None]
    if len(known) < len(told) or not known:
        raise ConfigError("every model to compare must have learned from a genome called 'yeast'; see configs/recipes")
    for card, each in zip(cards, known, strict=True):
        if (each.train, each.validate, each.test) != (known[0].train, known[0].validate, known[0].test):
            raise ConfigError(f"{card.id} and {cards[0].id} were trained on other contigs: they can't be compared")
    if len(known[0].test) < 2:
        raise ConfigError("the models must hold out one region for bases and others for variants")
    return known[0]


def _codes(genome: Genome, region: Region) -> Codes:
    return encode(genome.fetch(region.contig, region.start, region.end))


def _sampled(
    genome: Genome, region: Region, train: Sequence[Region], sample: int
) -> tuple[Sites, npt.NDArray[np.bool_]]:
    """Random known bases of a region, sorted, and which lie in homology-free tiles."""
    codes = _codes(genome, region)
    known = np.flatnonzero(codes != UNKNOWN)
    chosen = np.sort(np.random.default_rng(0).choice(known, min(sample, len(known)), replace=False))
    free = free_bases(shared_mask(codes, [_codes(genome, each) for each in train]))
    return Sites(np.full(len(chosen), region.contig), region.start + chosen, codes[chosen]), free[chosen]


def _variants(genome: Genome, path: Path, regions: Sequence[Region], most: int) -> Variants:
    """Common variants and as many singletons of the same substitution type."""
    wanted = {region.contig for region in regions}
    rows = [
        (*each[:4], each.carriers != 1)
        for each in substitutions(path, genome)
        if each.contig in wanted and each.called >= LEAST_CALLED and (each.carriers == 1 or each.share > COMMON)
    ]
    contig, position, refs, alts, common = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    ups = np.random.default_rng(0).permutation(np.flatnonzero(common == 1))[:most]
    pool = np.sort(np.concatenate([ups, np.flatnonzero(common == 0)]))
    at = pool[matched(common[pool] == 1, strata((refs * 4 + alts)[pool]), most=1)]
    sites = Sites(contig[at], position[at], refs[at].astype(np.uint8))
    return Variants(sites, alts[at].astype(np.uint8), common[at] == 1)


def _markov(
    genome: Genome, train: Sequence[Region], tune: Sequence[Region], sites: Sites, variants: Variants, side: str
) -> list[Answer]:
    """The two strongest rivals. side: as `Answer` has it."""
    model = MarkovModel("one" if side else "two")
    model.fit(*([_codes(genome, region) for region in part] for part in (train, tune)))
    found: dict[str, list[Singles]] = {}
    for asked in (sites, variants.sites):
        parts = {kind: np.empty((len(asked.ref), 4), dtype=np.float32) for kind in ("interpolated", "mixed")}
        for contig in np.unique(asked.contig).tolist():
            own = asked.contig == contig
            for prediction in model.sweep(encode(genome.contig(genome.names[contig]))):
                if prediction.order == model.order and prediction.kind in parts:
                    parts[prediction.kind][own] = prediction.log_probs[asked.position[own]]
        for kind, part in parts.items():
            found.setdefault(kind, []).append(part)
    name = ONE_SIDED if side else MARKOV
    return [Answer(f"{name}, {kind}", here, _ratios(there, variants), side) for kind, (here, there) in found.items()]


def _answers(model: Model, genome: Genome, sites: Sites, variants: Variants) -> list[Answer]:
    """Return what a model says; of a causal one in each direction, the scores of variants with the first."""
    scorer: Any = scorer_for(model, genome)
    card = model.card
    if model.can.likelihood != "causal":
        here, there = (scorer.at_sites(each.contig, each.position) for each in (sites, variants.sites))
        return [Answer(card.id, here, _ratios(there, variants), card=card)]
    rows = zip(variants.sites.contig.tolist(), variants.sites.position.tolist(), strict=True)
    alleles = zip(variants.sites.ref[:, None], variants.alt[:, None], strict=True)
    asked = [Variant(contig, at, at + 1, ref, alt) for (contig, at), (ref, alt) in zip(rows, alleles, strict=True)]
    scores = np.array([each.value for each in scorer.score(asked)], dtype=np.float32)
    sides = scorer.sides_at_sites(sites.contig, sites.position)
    names = [f"{card.id}, {direction}" for direction in DIRECTIONS]
    return [
        Answer(names[0], sides[:, 0], scores, ONE, card),
        Answer(names[1], sides[:, 1], None, ONE),
    ]


def _ratios(log_probs: Singles, variants: Variants) -> Singles:
    rows = np.arange(len(variants.alt))
    return log_probs[rows, variants.alt] - log_probs[rows, variants.sites.ref]


def _bits(log_probs: Singles, ref: Codes) -> Singles:
    bits: Singles = -log_probs[np.arange(len(ref)), ref] / np.float32(np.log(2))
    return bits


def _write(figures: Sequence[Figure], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_figures(out / "recipes.tsv", figures)
    sizes = {each.who: each.value.mean for each in figures if each.metric == SIZE}

    def bars(part: str) -> list[plots.Bar]:
        mine = [each for each in figures if each.part == part]
        names = {who: f"{who}, {size / 1e6:.1f} M" for who, size in sizes.items()}
        return [plots.Bar(names.get(each.who, each.who), each.value, each.who.startswith("Markov")) for each in mine]

    first = figures[0].part
    panels = [
        ("bits per base on held-out sequence (lower is better)", bars(first)),
        ("the same, homology-free", bars(FREE)),
        ("given the bases on one side alone", bars(first + ONE)),
        ("the same, homology-free", bars(FREE + ONE)),
    ]
    panels = [panel for panel in panels if panel[1]]
    plots.forest(out / "recipes.png", panels, "bits per base", float("nan"))
    ranked = [("common over singletons, matched by substitution type", bars(RANKED))]
    plots.forest(out / "recipes-variants.png", ranked, "AUROC", 0.5)
