"""The view `attention`: who looks at whom at a place. What is looked at need not be what is used."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dnalect.core.errors import ConfigError
from dnalect.core.records import Codes
from dnalect.core.views import Track, View
from dnalect.genome.motifs import Motif, motif_sites
from dnalect.genome.regions import Region
from dnalect.genome.strata import LOWER_CASE, STRATA, covered, gene_strata
from dnalect.why.attention import (
    Attention,
    agreement,
    attention_of,
    beyond_distance,
    by_distance,
    preference,
    reach_of,
    received,
)
from dnalect.why.subject import Subject

# Bases on each side of a place that the model reads too, at most, and the farthest pairs of the curves.
FLANK, FARTHEST = 128, 60
# A run of one base of this length counts as a simple repeat.
RUN = 4
GC = np.array([False, True, True, False, False])
Mask = npt.NDArray[np.bool_]


def view(subject: Subject) -> View:
    """Return the view: the mean over heads, rollout, one head, attention by distance, and a row of the table a head.

    The head is `subject.head`, or the one whose attention departs most from what its distance alone would give.
    """
    codes, place = subject.window(FLANK)
    found = attention_of(subject.model, codes, place)
    layer, head = _head(subject, found)
    got = received(found.mean[None])[0]
    rollout = found.rollout * (1 - np.eye(len(found.rollout), dtype=np.float32))
    reach = min(FARTHEST, len(subject.place) - 1)
    curves = by_distance(found.maps, reach)
    tracks = (
        Track("line", "attention that a base gets from the others, mean over layers and heads (1: an even share)", got),
        Track("curves", "attention by distance, a line a layer", np.nan_to_num(curves.mean(axis=1))),
        Track("matrix", "attention, mean over layers and heads (rows look at columns)", found.mean),
        Track("matrix", "rollout: what is left of each base after all layers, itself left out", rollout),
        Track("matrix", f"layer {layer + 1}, head {head + 1}", found.maps[layer, head]),
    )
    text = (
        "Which bases each base looks at, and from how far. Attention is no mechanism: what a head looks at need not be "
        "what the model uses, and what it uses need not be what the cell does. Below stand the mean, rollout, and "
        f"{'the head that was asked for' if subject.head else 'the head that depends least on distance alone'}."
    )
    arrays = {
        "mean": found.mean,
        "rollout": found.rollout,
        "layers": found.maps.mean(axis=1),
        "head": found.maps[layer, head],
        "by_distance": curves.astype(np.float32),
    }
    strength = got.astype(np.float32)
    return View(
        "attention",
        "Attention",
        text,
        tracks,
        _table(found, subject),
        arrays,
        strength,
        "attention received, 1 for an even share",
    )


def settled(subject: Subject) -> Subject:
    """Return the subject with the head that its view shows, so that a null shows the same one."""
    layer, head = _head(subject, attention_of(subject.model, *subject.window(FLANK)))
    return replace(subject, head=(layer + 1, head + 1))


def beside(view: View, dependency: View) -> View:
    """Return the view of attention with a sentence on how it goes with the dependency map of the same place."""
    found = [agreement(view.arrays[each], np.nan_to_num(dependency.arrays["map"])) for each in ("mean", "rollout")]
    told = " and ".join(
        f"{name} {each.raw:.2f}, {each.within:.2f} among pairs equally far apart (p = {each.p:.2g})"
        for name, each in zip(("their mean", "rollout"), found, strict=True)
    )
    return replace(view, text=f"{view.text} How it goes with the dependency map, Spearman over pairs of bases: {told}.")


def labels_of(subject: Subject) -> dict[str, Mask]:
    """Return what is asked whether heads prefer it, a mask (L,) each.

    GC: G or C. runs: of one base. repeats: in lower case in the reference. motifs: in a site of a known one. coding,
    intergenic, promoter: by the annotation. The last four where motifs or an annotation were given.
    """
    codes, place = subject.codes, subject.place
    same = np.concatenate([[0], np.flatnonzero(np.diff(codes)) + 1, [len(codes)]])
    letters = subject.genome.fetch(place.contig, place.start, place.end)
    found = {"GC": GC[codes], "runs": np.repeat(np.diff(same) >= RUN, np.diff(same)), "repeats": letters >= LOWER_CASE}
    if subject.motifs:
        found["motifs"] = np.logical_or.reduce([_sites(each, codes) for each in subject.motifs])
    if subject.annotation is not None:
        nowhere = dict.fromkeys(STRATA, np.zeros(len(codes), dtype=bool))
        found |= nowhere | gene_strata(subject.genome, [place], subject.annotation)
    return found


def _sites(motif: Motif, codes: Codes) -> Mask:
    starts, _, _ = motif_sites(motif, codes)
    return covered(starts, starts + len(motif.probabilities), Region(0, 0, len(codes)))


def _head(subject: Subject, found: Attention) -> tuple[int, int]:
    layers, heads = found.maps.shape[:2]
    if subject.head is not None:
        layer, head = (each - 1 for each in subject.head)
        if not (0 <= layer < layers and 0 <= head < heads):
            raise ConfigError(
                f"{subject.model.card.id} has the layers 1 to {layers} with the heads 1 to {heads}, "
                f"no head {layer + 1}.{head + 1}"
            )
        return layer, head
    # Weighed by attention, so that what is all but zero doesn't count.
    apart = (found.heads * np.abs(beyond_distance(found.heads))).sum(axis=(1, 2)) / found.heads.sum(axis=(1, 2))
    layer, head = divmod(int(apart.argmax()), heads)
    return layer, head


def _table(found: Attention, subject: Subject) -> pa.Table:
    """A row a head: how far it looks, what goes to special tokens, what it prefers, with p over all heads together."""
    layers, heads = found.maps.shape[:2]
    columns: dict[str, object] = {
        "layer": np.repeat(np.arange(1, layers + 1), heads),
        "head": np.tile(np.arange(1, heads + 1), layers),
        "mean_distance": reach_of(found.heads).astype(np.float32),
        "special": found.special.reshape(-1),
    }
    for name, mask in labels_of(subject).items():
        liked = preference([found.heads], [mask])
        columns |= {name: liked.ratio.astype(np.float32), f"{name}_p": liked.p.astype(np.float32)}
    return pa.table(columns)
