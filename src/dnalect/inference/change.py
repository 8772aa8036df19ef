"""What a predictor makes of a variant: predicted alternate minus reference. Definition "change-1" (docs/scores.md)."""

import hashlib
import json
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.calibration import Calibration
from dnalect.core.errors import ConfigError
from dnalect.core.measures import Change
from dnalect.core.records import Variant
from dnalect.core.reporter import say, track
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.haplotypes import haplotype_window
from dnalect.inference.changes import Changes, Output, safe_names
from dnalect.inference.predictions import raw_predictions
from dnalect.models.heads import HeadSpec
from dnalect.models.predictor import Predictor, target_of
from dnalect.tokens.bases import opposite

DEFINITION = "change-1"
_VIEWS = {"forward": "the forward one only", "reverse": "the reverse one only", "both": "the mean over both"}
STRANDS = tuple(_VIEWS)
# Bases from one shifted window to the next; no multiple of 2, 3, 4 or 6, so that words begin elsewhere in each.
STEP = 5
SHORTEST = 16
# Variants whose windows are held at once: alternates of a record nearly always share a chunk.
CHUNK = 256
# What would end a text in the header of a VCF.
_UNQUOTABLE = re.compile(r'["\\\x00-\x1f]')
Floats = npt.NDArray[np.float64]


class ChangeScorer(Changes):
    """Turns variants into predicted changes; a change depends on reference and variant alone.

    predictor: fine-tuned. window: bases of a haplotype's window, None for the length that the
    predictor was trained on. strands: "forward", "reverse" or "both" (their mean), None for
    what it was trained on. shifts: windows whose mean is taken, an odd number, STEP bases from
    one to the next. batch: most windows of a forward.
    Raises ConfigError where they don't fit the predictor.
    """

    definition = DEFINITION

    def __init__(
        self,
        predictor: Predictor,
        genome: Genome,
        window: int | None = None,
        strands: str | None = None,
        shifts: int = 1,
        batch: int | None = None,
    ):
        self.predictor, self.genome, self.shifts = predictor, genome, shifts
        self.batch = batch
        self.window, self.strands = _window(predictor, window), _strands(predictor, strands)
        if shifts < 1 or shifts % 2 == 0 or STEP * (shifts // 2) > self.window // 4:
            most = 2 * (self.window // 4 // STEP) + 1
            raise ConfigError(
                f"--shifts must be an odd number up to {most}, so that windows of {self.window} bases keep the variant"
            )
        self.outputs = outputs_of(list(predictor.can.targets.values()))
        if predictor.can.signals:
            say(f"{predictor.card.id} reads signals beside the sequence: its changes are those from the sequence alone")

    @property
    def identity(self) -> str:
        """Names model and method: equal ones give equal numbers."""
        card = self.predictor.card
        told = hashlib.sha256(json.dumps(card.config, sort_keys=True).encode()).hexdigest()
        dtype = self.predictor.base.dtype
        return f"{card.sha256} {told} {DEFINITION} {self.window} {self.strands} {self.shifts} {dtype}"

    @property
    def reach(self) -> int:
        """Bases on each side of a variant that its change depends on, without shifts."""
        return self.window // 2

    @property
    def longest_allele(self) -> int:
        """Most bases of an allele: those of the window."""
        return self.window

    @property
    def facts(self) -> dict[str, str]:
        """What a reader needs to repeat the predictions, in the order to show."""
        shifted = f"the mean over {self.shifts} windows, {STEP} bases from one to the next"
        return self._facts(
            self.predictor.card,
            window=f"{self.window} bases",
            strands=_VIEWS[self.strands],
            shifts=shifted if self.shifts > 1 else "1, no shift",
        )

    def cost(self, variants: Sequence[Variant]) -> int:
        """Return about how many multiply-adds changes take: parameters times the bases that are read."""
        views = (self.strands == "both") + 1
        # The reference's windows are the same for all alternates of a site.
        windows = len(variants) + len({(v.contig, v.start, v.ref.tobytes()) for v in variants})
        return views * self.shifts * windows * self.window * self.predictor.base.card.parameters

    def changes(self, variants: Sequence[Variant]) -> list[tuple[Change, ...]]:
        """Return the changes of each variant, in order, one for each of `outputs`, without percentiles."""
        found: list[tuple[Change, ...]] = []
        for low in track(range(0, len(variants), CHUNK), "predicting changes", "chunks"):
            both = self._predictions(variants[low : low + CHUNK])
            # The mean of differences, so that swapped alleles give exactly the opposite.
            values = (both[:, :, 1] - both[:, :, 0]).mean(axis=1)
            for each, mean in zip(values.tolist(), both.mean(axis=1).tolist(), strict=True):
                found.append(self._named(list(zip(each, *mean, strict=True))))
        return found

    def _predictions(self, variants: Sequence[Variant]) -> Floats:
        """Return what is predicted (n, shifts, 2, K) of references and alternates."""
        offsets = [STEP * (number - self.shifts // 2) for number in range(self.shifts)]
        texts = [
            haplotype_window(variant, allele, self.genome, self.window, offset)
            for variant in variants
            for offset in offsets
            for allele in (variant.ref, variant.alt)
        ]
        # Each text is read once, in an order that does not depend on which allele is the reference.
        distinct = sorted(set(texts))
        rows = {text: row for row, text in enumerate(distinct)}
        found = self._read(distinct)[[rows[text] for text in texts]]
        return np.asarray(found.reshape(len(variants), self.shifts, 2, len(self.outputs)))

    def _read(self, texts: Sequence[str]) -> Floats:
        """Return all outputs (n, K) of n sequences, as one strand or both give them."""
        predictor = self.predictor
        views = [texts] if self.strands != "reverse" else []
        if self.strands == "reverse" or (self.strands == "both" and predictor.reading.strands == 1):
            views.append([opposite(text) for text in texts])
        found = [raw_predictions(predictor, view, self.batch) for view in views]
        values = {
            name: readout(spec, predictor.calibration.get(name), np.mean([each[name] for each in found], axis=0))
            for name, spec in predictor.can.targets.items()
        }
        return np.stack([values[output.target][:, output.column] for output in self.outputs], axis=1)


def readout(spec: HeadSpec, calibration: Calibration | None, raw: npt.NDArray[np.floating]) -> Floats:
    """Return a signal in its own unit, or calibrated log-odds of classes or tracks: (n, outputs).

    A signal's calibration is left out where it is a staircase: its steps are wider than most
    variants' effects and would turn these into zeros.
    """
    known = calibration or Calibration()
    if spec.kind == "signal":
        return np.asarray(raw, dtype=np.float64) if known.raw else known.apply(target_of(spec), raw)
    return known.log_odds(target_of(spec), raw)


def outputs_of(specs: Sequence[HeadSpec]) -> tuple[Output, ...]:
    """Return the numbers that heads give: of two classes the second only, as the first is its opposite."""
    found: list[tuple[str, str, int, str]] = []
    for spec in specs:
        name, outputs = spec.name, spec.outputs
        if spec.kind == "signal":
            found.append((name, name, 0, f"{name} in its own unit"))
        elif spec.kind == "classes" and len(outputs) == 2:
            found.append((name, name, 1, f"log-odds of {name} {outputs[1]} against {outputs[0]}"))
        else:
            against = " against all other classes" if spec.kind == "classes" else ""
            found += [(f"{name}_{o}", name, n, f"log-odds of {name} {o}{against}") for n, o in enumerate(outputs)]
    names = safe_names([each[0] for each in found])
    return tuple(
        Output(name, target, column, _UNQUOTABLE.sub("_", meaning))
        for name, (_, target, column, meaning) in zip(names, found, strict=True)
    )


def _window(predictor: Predictor, window: int | None) -> int:
    """The window as asked for, else the length that the predictor was trained on."""
    longest = predictor.can.context_bases
    if window is None:
        length = predictor.card.trained_length
        trained = length if length is not None and length >= SHORTEST else predictor.card.window
        return min(trained, longest)
    if not SHORTEST <= window <= longest:
        raise ConfigError(f"--window must lie between {SHORTEST} and {longest} bases, the longest that is read whole")
    return window


def _strands(predictor: Predictor, strands: str | None) -> str:
    both = predictor.reading.strands == 2
    if strands is None:
        return "both" if both else "forward"
    if strands not in STRANDS:
        raise ConfigError(f"--strands is one of {', '.join(STRANDS)}, not {strands!r}")
    if both and strands != "both":
        raise ConfigError(f"{predictor.card.id} was trained on both strands and reads both: leave --strands out")
    return strands
