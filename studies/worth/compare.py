"""One set of variants, one question, many scores: AUROCs of the model's and of its rivals'."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dnalect.genome import class_means, context_class, information
from dnalect.report import plots
from dnalect.stats import Draws, estimate, quantiles_within
from studies.worth.bench import Bench, Panel
from studies.worth.collected import Collected
from studies.worth.snvs import FLANK, Features, tss_distance
from studies.worth.species import Species

LLR = "LLR"
MARKOV = "Markov log-ratio"
MUTABILITY = "context mutability"
TSS = "distance to the TSS"
TYPE = "substitution type"

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]


def oriented(known: Features, swap: Mask) -> Features:
    """Return the features with REF and ALT exchanged where `swap` (n,) says so."""
    snvs = known.snvs
    ref, alt = np.where(swap, snvs.alt, snvs.ref), np.where(swap, snvs.ref, snvs.alt)
    around = known.around.copy()
    around[:, FLANK] = ref
    count = np.where(swap, snvs.total - snvs.count, snvs.count)
    polarity = np.where(swap, -snvs.polarity, snvs.polarity)
    turned = replace(snvs, ref=ref, alt=alt, count=count, polarity=polarity)
    return replace(known, snvs=turned, around=around)


def major_to_minor(known: Features) -> Features:
    """Return the features with the commoner allele as REF: a reference may carry the rarer one."""
    return oriented(known, known.snvs.frequency > 0.5)


def ancestral_to_derived(known: Features, sure: bool = True) -> Features:
    """Return the features of the substitutions whose ancestral allele is known, with it as REF.

    sure: leave out those that the file is not sure of.
    """
    known = known.take(np.abs(known.snvs.polarity) >= (2 if sure else 1))
    return oriented(known, known.snvs.polarity < 0)


def alternatives(known: Features) -> dict[str, Scores]:
    """Return every score (n,) that may tell common from rare variants, higher for common; the LLR first."""
    rows = np.arange(len(known.snvs))
    llr, bits = known.llr(), information(known.model)
    kind, near = (context_class(known.around, known.snvs.alt, flank) for flank in (0, 1))
    return {
        "LLR": llr,
        "LLR within its substitution type": quantiles_within(llr, kind),
        "ln p(ALT)": known.model[rows, known.snvs.alt],
        "-ln p(REF)": -known.model[rows, known.snvs.ref],
        "LLR less its trinucleotide's mean": llr - class_means(near, llr, near),
        "LLR less the Markov log-ratio": llr - known.markov_llr(),
        "LLR times the information": llr * bits,
        "-|LLR|": -np.abs(llr),
        "-information": -bits,
        "-information within 10 bp": -known.near_information,
        "excess surprise within 10 bp": known.near_surprise,
        "LLR within its type + excess surprise": quantiles_within(llr, kind)
        + quantiles_within(known.near_surprise, np.zeros_like(kind)),
    }


def type_share(known: Features, positive: Mask) -> Scores:
    """Return the share of positives among the variants of each one's bare substitution type (n,).

    Read off the same variants, which favours this rival; matched groups leave it nothing.
    """
    _, kind = np.unique(context_class(known.around, known.snvs.alt, 0), return_inverse=True)
    return np.asarray(np.bincount(kind, positive) / np.bincount(kind))[kind]


def ranked_within(scores: dict[str, Scores], stratum: Numbers) -> dict[str, Scores]:
    """Return every score as its place within the stratum (n,), so that only items of one stratum are compared."""
    return {name: quantiles_within(each, stratum) for name, each in scores.items()}


def variant_rivals(
    bench: Bench, known: Features, positive: Mask, log_rates: Scores, species: Species
) -> dict[str, Scores]:
    """Return the scores (n,) of the rivals of every set of variants. log_rates: of the context mutability (n,)."""
    return {
        MARKOV: known.markov_llr(),
        MUTABILITY: log_rates,
        TSS: tss_distance(bench, known.snvs, bench.options.file(species.tss)),
        TYPE: type_share(known, positive),
    }


def add_aurocs(
    table: Collected,
    group: str,
    positive: Mask,
    units: Numbers,
    own: dict[str, Scores],
    rivals: dict[str, Scores],
    seen: bool,
    count: str = "",
) -> Panel:
    """Add the AUROC of every score, and return its panel: see `judged`.

    positive: (n,) which should score higher. units: (n,) what is drawn whole. own, rivals: name -> scores (n,).
    """
    draws = Draws.of(units)
    samples = {name: draws.auroc(scores, positive) for name, scores in (own | rivals).items()}
    return judged(table, group, len(positive), samples, [*own][:1], rivals, "AUROC of {}", 0.5, seen, count)


def judged(
    table: Collected,
    group: str,
    n: int,
    samples: Mapping[str, Floats],
    beside: Collection[str],
    rivals: Collection[str],
    measure: str,
    chance: float,
    seen: bool,
    count: str = "",
) -> Panel:
    """Add a figure for every score, those of `beside` with their differences to the rivals; return them as a panel.

    samples: name -> (R + 1,), the value and those of the resamples. measure: what is measured, {} for the score.
    count: how many items, in words, where that is not n.
    """
    values = {name: estimate(each) for name, each in samples.items()}
    for name, value in values.items():
        told = {rival: estimate(samples[name] - samples[rival]) for rival in rivals} if name in beside else None
        rival = name if name in rivals else ""
        table.add(measure.format(name), group, n, value, seen=seen, chance=chance, differences=told, rival=rival)
    bars = [plots.Bar(name, value, name in rivals) for name, value in values.items()]
    return f"{group} (n = {count or f'{n:,}'})", bars
