"""One set of variants, one question, many scores: AUROCs of the model's and of its rivals'."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dnalect.core import Estimate
from dnalect.genome import class_means, context_class, information
from dnalect.stats import Draws, estimate, quantiles_within
from studies.worth.collected import Collected
from studies.worth.snvs import FLANK, Features, Snvs

LLR = "LLR"
MARKOV = "Markov log-ratio"
MUTABILITY = "context mutability"
TSS = "distance to the TSS"
TYPE = "substitution type"

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.floating]


def oriented(known: Features, swap: Mask) -> Features:
    """Return the features with REF and ALT exchanged where `swap` (n,) says so."""
    snvs = known.snvs
    ref, alt = np.where(swap, snvs.alt, snvs.ref), np.where(swap, snvs.ref, snvs.alt)
    around = known.around.copy()
    around[:, FLANK] = ref
    count = np.where(swap, snvs.total - snvs.count, snvs.count)
    turned = Snvs(snvs.contig, snvs.position, ref, alt, count, snvs.total)
    return replace(known, snvs=turned, around=around)


def major_to_minor(known: Features) -> Features:
    """Return the features with the commoner allele as REF: a reference may carry the rarer one."""
    return oriented(known, known.snvs.frequency > 0.5)


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


def add_aurocs(
    table: Collected,
    group: str,
    positive: Mask,
    units: Numbers,
    own: dict[str, Scores],
    rivals: dict[str, Scores],
    seen: bool,
) -> dict[str, Estimate]:
    """Add the AUROC of every score to the table, the first of the model's own with the rivals beside it.

    positive: (n,) which should score higher. units: (n,) what is drawn whole. own, rivals: name -> scores (n,).
    Returns all values by name.
    """
    draws = Draws.of(units)
    samples = {name: draws.auroc(scores, positive) for name, scores in (own | rivals).items()}
    values = {name: estimate(each) for name, each in samples.items()}
    first = next(iter(own))
    beside = {name: estimate(samples[first] - samples[name]) for name in rivals}
    for name, value in values.items():
        table.add(
            *(f"AUROC of {name}", group, len(positive), value),
            seen=seen,
            chance=0.5,
            differences=beside if name == first else None,
            rival=name if name in rivals else "",
        )
    return values
