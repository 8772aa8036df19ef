"""Known answers: what a model says of 64 bases, in a file, so that any machine can tell whether it says the same."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ModelError
from dnalect.core.files import read_json, write_text
from dnalect.inference.run import once
from dnalect.models.model import LAST, LOGITS, Ask, Model
from dnalect.tokens.laid import lay

FORMAT = "dnalect known answer 1"
FILE = "known-answer.json"
# The beginning of the human gene of U6 RNA.
SEQUENCE = "GTGCTCGCTTCGGCAGCACATATACTAAAATTGGAACGATACAGAGAAGATTAGCATGGCCCCT"
# Numbers that are kept of each token: those of few words, of many some of them, evenly spaced.
KEPT = 16
# Largest difference between machines: of all numbers, as a share of the largest of them.
TOLERANCE = {"float32": 1e-4, "bfloat16": 5e-2}
Floats = npt.NDArray[np.float64]


class Compared(NamedTuple):
    """How far an answer is from the known one.

    what: "logits", "tracks", "targets" or "states". largest: difference. tolerance: the largest that may be. place: of
    it, in words. weights: whether the checksum is that of the known answer.
    """

    what: str
    largest: float
    tolerance: float
    place: str
    weights: bool

    @property
    def same(self) -> bool:
        """Whether all is as it was."""
        return self.weights and self.largest <= self.tolerance


def answer(model: Model, checksum: str) -> dict[str, Any]:
    """Return what a model says of SEQUENCE: logits, else tracks, else outputs of heads, else states of the last layer.

    checksum: of its weights. Of each token KEPT numbers are kept, of logits the log of their summed exponentials, too.
    """
    what, found = _said(model)
    columns = np.unique(np.linspace(0, found.shape[1] - 1, KEPT).round().astype(np.int64))
    kept = found[:, columns]
    if what == "logits":
        top = found.max(axis=1, keepdims=True)
        kept = np.concatenate([kept, top + np.log(np.exp(found - top).sum(axis=1, keepdims=True))], axis=1)
    return {
        "format": FORMAT,
        "model": model.card.id,
        "family": model.card.family,
        "weights": checksum,
        "sequence": SEQUENCE,
        "what": what,
        "shape": [*found.shape],
        "columns": columns.tolist(),
        "values": [[float(f"{value:.7g}") for value in row] for row in kept.tolist()],
    }


def _said(model: Model) -> tuple[str, Floats]:
    encoding = model.encode([SEQUENCE[: model.can.context_bases]])
    if model.can.relatives:
        # Each relative has the base of another place, so that what is said depends on all of them.
        ids = encoding.input_ids
        others = [np.roll(ids, number + 1, axis=1).astype(np.uint8) for number in range(len(model.can.relatives))]
        encoding = replace(encoding, input_ids=lay(ids, np.stack(others)))
    if model.can.likelihood is not None:
        return "logits", once(model, encoding, LOGITS).logits[0].double().cpu().numpy()
    if tracks := model.can.tracks:
        text = ("N" * tracks.crop + SEQUENCE + "N" * tracks.crop)[: tracks.length]
        bins = once(model, model.encode([text]), Ask(tracks=True)).tracks[0]
        return "tracks", bins[: max(1, len(SEQUENCE) // tracks.stride)].double().cpu().numpy()
    if model.can.targets:
        found = once(model, encoding, Ask(targets=True)).targets
        return "targets", np.concatenate([found[name].double().cpu().numpy() for name in sorted(found)], axis=1)
    return "states", once(model, encoding, LAST).states[-1][0].double().cpu().numpy()


def write_answer(path: Path, known: Mapping[str, Any]) -> None:
    """Write a known answer, a row a line. OutputError where it can't be written."""
    rows = ",\n  ".join(json.dumps(row) for row in known["values"])
    head = json.dumps({key: value for key, value in known.items() if key != "values"}, indent=1)
    write_text(path, f'{head[:-2]},\n "values": [\n  {rows}\n ]\n}}\n')


def read_answer(path: Path) -> dict[str, Any]:
    """Read a known answer. Raises ModelError where the file is none."""
    known = read_json(path)
    values = known.get("values") if known.get("format") == FORMAT else None
    if not isinstance(values, list) or not values or known.get("sequence") != SEQUENCE:
        raise ModelError(f"{path} is no known answer of this dnalect ({FORMAT!r}): make it again with --write")
    return known


def compared(model: Model, checksum: str, known: Mapping[str, Any]) -> Compared:
    """Return how far a model's answer is from the known one. checksum: of its weights."""
    mine, share = answer(model, checksum), TOLERANCE[str(model.dtype).removeprefix("torch.")]
    here = str(mine["what"])
    if here in ("targets", "tracks"):  # a head adds up what all channels are off by
        share *= 2
    try:
        there = np.array(known["values"], dtype=np.float64)
    except (ValueError, TypeError):
        there = np.empty(0)
    own = np.array(mine["values"])
    same = mine["weights"] == known.get("weights")
    if own.shape != there.shape or here != known.get("what"):
        return Compared(here, math.inf, share, f"{own.shape} numbers instead of {there.shape}", same)
    apart = np.abs(own - there)
    row, column = np.unravel_index(int(np.nan_to_num(apart, nan=np.inf).argmax()), apart.shape)
    largest = float(np.nan_to_num(apart, nan=np.inf).max())
    place = f"token {row + 1}, number {column + 1}: {own[row, column]:.6g} instead of {there[row, column]:.6g}"
    return Compared(here, largest, share * max(1.0, float(np.abs(there).max())), place, same)
