"""Study: a head on frozen features of variants, learned from labels of other chromosomes. Does it beat its parts?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect import InputError
from dnalect.genome import Region, context_class, information
from dnalect.inference import site_states
from dnalect.models import language_model
from dnalect.stats import Draws, quantiles_within, tuned_logistic
from studies.worth.bench import Bench, Findings, Options, Panel, Plot
from studies.worth.compare import LLR, MARKOV, TSS, Scores, judged, major_to_minor
from studies.worth.promoter_bases import CONTIGS, read_promoters
from studies.worth.promoters import common_and_single
from studies.worth.relatives import Relatives, read_relatives
from studies.worth.reporter import SIGNIFICANT, read_effects
from studies.worth.snvs import Features, Snvs, features, tss_distance
from studies.worth.species import YEAST

NAME = "effect"
MODEL_HEAD, BOTH_HEAD, RELATIVES_HEAD = "head of the model", "head of model and relatives", "head of relatives"
# Bases on each side of a variant whose states are read, and of those whose states are averaged.
FLANK, AROUND = 320, 8
# Chromosomes: one that is judged, one to tune on, one to learn from.
FEWEST = 3

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Labelled:
    """One question. known: of its variants (n,). positive: (n,) which should score higher. units: (n,) drawn whole.

    size: whether the size of a log-ratio counts, not its sign.
    """

    group: str
    known: Features
    positive: Mask
    units: Numbers
    size: bool


def run(options: Options) -> Findings:
    """Learn heads from natural variants and from measured effects, chromosome by chromosome from the others."""
    bench = Bench(options, YEAST.reference)
    regions = bench.regions(CONTIGS)
    relatives = read_relatives(bench, regions)
    table = bench.table(NAME, YEAST.name)
    panels: list[Panel] = []
    for asked in (_natural(bench, regions), _measured(bench, regions)):
        own, rivals = _scores(bench, relatives, asked)
        # The offset of a head differs from chromosome to chromosome, and types differ in what is common.
        strata = asked.known.snvs.contig * 16 + context_class(asked.known.around, asked.known.snvs.alt, 0)
        draws = Draws.of(asked.units)
        samples = {
            name: draws.auroc(quantiles_within(np.asarray(each, dtype=float), strata), asked.positive)
            for name, each in (own | rivals).items()
        }
        told = (table, asked.group, len(asked.positive), samples, list(own), list(rivals))
        panels.append(judged(*told, "AUROC of {}", 0.5, bench.seen(regions)))
    note = (
        "A head is a logistic regression, tuned on one chromosome and learned from the rest, for each chromosome that "
        "is judged. The model's: log-ratio, ln p of the four bases, information and surprise near by, and the states "
        f"of {2 * AROUND + 1} bases. The relatives': how many carry REF and ALT, and conservation within 10 bases. "
        "Scores are ranked within chromosome and substitution type."
    )
    caption = "Heads (teal) and their rivals (grey), each ranked within chromosome and type; dashed: chance."
    return Findings(table.rows, [Plot.forest(f"{NAME}-{bench.model.name}", caption, panels)], [note])


def _natural(bench: Bench, regions: Sequence[Region]) -> Labelled:
    found = read_promoters(bench, regions)
    known = major_to_minor(features(bench, found.snvs, regions))
    common, single = common_and_single(known.snvs)
    at = np.flatnonzero(common | single)
    return Labelled("common over singletons, within the type", known.take(at), common[at], found.number[at], size=False)


def _measured(bench: Bench, regions: Sequence[Region]) -> Labelled:
    found = read_effects(bench, regions)
    known = features(bench, found.snvs, regions)
    positive = found.adjusted < SIGNIFICANT
    return Labelled(
        "significant over other measured variants, within the type", known, positive, found.snvs.block, size=True
    )


def _scores(bench: Bench, relatives: Relatives, asked: Labelled) -> tuple[dict[str, Scores], dict[str, Scores]]:
    """Return the scores of the heads and those of the rivals, each (n,)."""
    known, snvs = asked.known, asked.known.snvs
    model, others = _of_model(bench, known), _of_relatives(bench, relatives, snvs)

    def head(*parts: Floats) -> Scores:
        return crossed(np.column_stack(parts), asked.positive, snvs.contig)

    log_ratios: dict[str, Scores] = {LLR: known.llr(), MARKOV: known.markov_llr()}
    if asked.size:
        log_ratios = {f"|{name}|": np.abs(each) for name, each in log_ratios.items()}
    near = -tss_distance(bench, snvs, bench.options.file(YEAST.tss))
    own = {MODEL_HEAD: head(model), BOTH_HEAD: head(model, others)}
    return own, log_ratios | {RELATIVES_HEAD: head(others), TSS: near}


def _of_model(bench: Bench, known: Features) -> Floats:
    llr = known.llr()
    columns = [llr, np.abs(llr), information(known.model), known.near_information, known.near_surprise]
    return np.column_stack([*columns, known.model, _states(bench, known.snvs)]).astype(np.float64)


def _states(bench: Bench, snvs: Snvs) -> Floats:
    """Return the mean states around each variant of the reference (n, C)."""
    parts = []
    for number in np.unique(snvs.contig):
        length = int(bench.genome.lengths[number])
        member = bench.model.member(Region(int(number), 0, length))
        model = language_model(member.folder, bench.options.device, bench.options.dtype)
        places, back = np.unique(snvs.position[snvs.contig == number], return_inverse=True)
        begins = np.maximum(0, places - FLANK)
        texts = [
            bench.genome.fetch(int(number), int(low), min(length, int(at) + FLANK + 1)).tobytes().decode("ascii")
            for low, at in zip(begins, places, strict=True)
        ]
        parts.append(site_states(model, texts, (places - begins).tolist(), AROUND)[back])
    return np.concatenate(parts)


def _of_relatives(bench: Bench, relatives: Relatives, snvs: Snvs) -> Floats:
    carried = [relatives.carrying(snvs, base) for base in (snvs.ref, snvs.alt)]
    return np.column_stack([*carried, relatives.near(bench, snvs)]).astype(np.float64)


def crossed(x: Floats, positive: Mask, contig: Numbers) -> Scores:
    """Return log-odds (n,) from a logistic regression that saw nothing of a variant's chromosome.

    x: (n, F). Its penalty is the best on the chromosome before, and it learned from the rest. Raises InputError where
    the variants are of less than three chromosomes.
    """
    out, numbers = np.zeros(len(positive)), np.unique(contig)
    if len(numbers) < FEWEST:
        raise InputError(
            f"a head learns from other chromosomes and is tuned on one more: variants of {FEWEST} are needed, not of "
            f"{len(numbers)}"
        )
    labels = positive.astype(np.int64)
    for number, before in zip(numbers, np.roll(numbers, 1), strict=True):
        own, tune = contig == number, contig == before
        learn = ~own & ~tune
        fit = tuned_logistic(x[learn], labels[learn], 2, (x[tune], labels[tune]))
        raw = fit(x[own])
        out[own] = raw[:, 1] - raw[:, 0]
    return out
