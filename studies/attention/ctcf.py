"""A substitution in the core of a CTCF site against the same substitution beside it: what moves?"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from dnalect import ConfigError, InputError, finetune, open_genome, torch_module
from dnalect.core import Codes, Figure, made_folder, say, track
from dnalect.genome import Motif, motif_sites, read_motifs
from dnalect.models import Model
from dnalect.stats import Draws, paired
from dnalect.tokens import decode, encode
from dnalect.why import attention_of, shuffled
from studies.data import file_of

CTCF, PU1, MOTIFS = "tasks/tfbs_ctcf_pu1/ctcf.fa.gz", "tasks/tfbs_ctcf_pu1/pu1.fa.gz", "motifs/HOCOMOCO_H13CORE.meme.gz"
# Chromosomes that nothing is learned from, and those that learning is stopped by.
TEST, TUNE = ("chr8",), ("chr9",)
TARGET, YES = "label", 1
# Bases between a motif and the base beside it, at least.
BESIDE = 8
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Site:
    """A CTCF site. codes: (W,). motif: [start, end). core, flank: two equal bases. alternate: what both become."""

    codes: Codes
    motif: tuple[int, int]
    core: int
    flank: int
    alternate: int

    def mutated(self, at: int) -> Codes:
        """The sequence with one base replaced."""
        codes = self.codes.copy()
        codes[at] = self.alternate
        return codes


def tuned(model: str, data: Path, out: Path, sites: int) -> Path:
    """Tune a model to tell CTCF sites from PU.1 sites and shuffled CTCF sites, half and half, and return its folder.

    chr8 is held out, chr9 tunes; a folder that is there is taken as it is.
    """
    folder = out / "ctcf-model"
    if (folder / "card.json").is_file():
        say(f"the CTCF model is {folder}, which is there")
        return folder
    parts: dict[str, list[tuple[str, int]]] = {"train": [], "dev": [], "test": []}
    rng = np.random.default_rng(1)
    for part, most in (("train", sites), ("dev", sites // 5), ("test", sites // 5)):
        positives, others = (_of_part(data, name, part, most) for name in (CTCF, PU1))
        negatives = others[: most // 2] + [
            decode(shuffled(encode(text), rng)) for text in positives[: most - most // 2]
        ]
        parts[part] = [(text, 1) for text in positives] + [(text, 0) for text in negatives]
    task = made_folder(out / "ctcf-task")
    for name, rows in parts.items():
        with (task / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("sequence", "label"), *rows])
    finetune(task, folder, model, method="lora", epochs=3, rivals=("words",))
    return folder


def sites_of(data: Path, most: int) -> list[Site]:
    """Return held-out sites whose best CTCF motif has a consensus base that stands beside the motif, too."""
    motif = next((each for each in read_motifs(file_of(data, MOTIFS)) if each.name.startswith("CTCF.")), None)
    if motif is None:
        raise InputError(f"{MOTIFS} has no motif whose name begins with CTCF.")
    found = [site for text in _of_part(data, CTCF, "test", 20 * most) if (site := _site(encode(text), motif))]
    return found[:most]


def _site(codes: Codes, motif: Motif) -> Site | None:
    starts, forward, bits = motif_sites(motif, codes)
    if not len(starts):
        return None
    best = int(bits.argmax())
    start, width = int(starts[best]), len(motif.probabilities)
    shares = motif.probabilities if forward[best] else motif.probabilities[::-1, ::-1]
    information = (shares * np.log2(shares + 1e-9)).sum(axis=1)
    for offset in np.argsort(-information).tolist():
        base = int(codes[start + offset])
        if base > 3 or base != int(shares[offset].argmax()):
            continue
        beside = [*range(5, start - BESIDE), *range(start + width + BESIDE, len(codes) - 5)]
        equal = [at for at in beside if codes[at] == base]
        if equal:
            near = min(equal, key=lambda at: abs(at - start - offset))
            return Site(codes, (start, start + width), start + offset, near, int(shares[offset].argmin()))
    return None


def ctcf_figures(models: dict[str, Model], sites: Sequence[Site], bare: Figure) -> list[Figure]:
    """Return how much a substitution moves attention and prediction, in the core and beside it, for models by name.

    Attention: the share of it that goes elsewhere, mean over the bases that did not change, and over heads; the part of
    it that the other bases of the motif lose. Prediction: log-odds of CTCF.
    """
    figures: list[Figure] = []
    for name, model in models.items():
        kept: dict[str, list[tuple[float, float]]] = {}
        for site in track(list(sites), f"CTCF sites, {name}", "sites"):
            for measure, pair in _moved(model, site).items():
                kept.setdefault(measure, []).append(pair)
        draws = Draws.of(np.arange(len(sites)))
        for measure, pairs in kept.items():
            core, flank = np.array(pairs).T
            told = replace(bare, task="CTCF site", part=name, n=len(pairs))
            samples = {"core": draws.mean(core), "beside": draws.mean(flank)}
            figures += paired(replace(told, metric=measure), samples)
            larger = (np.abs(core) > np.abs(flank)) + (np.abs(core) == np.abs(flank)) / 2
            more = paired(replace(told, metric=f"{measure}: larger in the core"), {"core": draws.mean(larger)})
            figures += [replace(each, chance=0.5) for each in more]
    return figures


def _moved(model: Model, site: Site) -> dict[str, tuple[float, float]]:
    """Measure -> what the substitution in the core changes, and that beside it."""
    out: dict[str, tuple[float, float]] = {}
    if model.can.attentions:
        before = attention_of(model, site.codes).heads
        changes = [attention_of(model, site.mutated(at)).heads - before for at in (site.core, site.flank)]
        rows = [np.delete(each, at, axis=1) for each, at in zip(changes, (site.core, site.flank), strict=True)]
        core, flank = (float(np.abs(each).sum(axis=2).mean() / 2) for each in rows)
        out["attention that moves"] = core, flank
        # Not the base that became another one: it would be looked at otherwise wherever it stands.
        motif = np.setdiff1d(np.arange(*site.motif), [site.core])
        core, flank = (float(-each[:, :, motif].sum(axis=2).mean()) for each in rows)
        out["attention that the motif loses"] = core, flank
    if model.can.targets:
        module = torch_module(model, TARGET)
        codes = np.stack([site.codes, site.mutated(site.core), site.mutated(site.flank)])
        with torch.no_grad():
            logits = module(torch.eye(4)[torch.from_numpy(codes.astype(np.int64))].transpose(1, 2)).cpu().numpy()
        odds = logits[:, YES] - np.delete(logits, YES, axis=1)[:, 0]
        out["log-odds of CTCF, change"] = float(odds[1] - odds[0]), float(odds[2] - odds[0])
    return out


def _of_part(data: Path, name: str, part: str, most: int) -> list[str]:
    """Sequences of the chromosomes of a part without an unknown base, in a fixed random order."""
    genome = open_genome(file_of(data, name))
    kept = []
    for number in np.random.default_rng(2).permutation(len(genome)).tolist():
        chromosome = genome.names[number].partition(":")[0]
        own = "test" if chromosome in TEST else "dev" if chromosome in TUNE else "train"
        text = genome[genome.names[number]][:].upper() if own == part else "N"
        if set(text) <= set("ACGT"):
            kept.append(text)
        if len(kept) == most:
            break
    if not kept:
        raise ConfigError(f"{name} has no sequence for {part}")
    return kept
