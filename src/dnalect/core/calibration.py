"""From what a model gives to probabilities that hold: a calibration, fitted elsewhere on validation data."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ModelError
from dnalect.core.examples import Target

Floats = npt.NDArray[np.float64]
LARGEST = 1 << 16


@dataclass(frozen=True)
class Calibration:
    """How raw outputs become predictions; without any numbers, as a softmax, a sigmoid or as they are.

    temperatures: what the outputs are divided by: one for classes, one for each track, one for a signal.
    biases: of each class or track or of the signal, added after that. raw, fitted: instead, knots of a
    signal, raw rising and fitted never falling; values between two are interpolated, those outside get
    the nearest knot's.
    """

    temperatures: tuple[float, ...] = ()
    biases: tuple[float, ...] = ()
    raw: tuple[float, ...] = ()
    fitted: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in ("temperatures", "biases", "raw", "fitted"):
            values = tuple(float(each) for each in getattr(self, name))
            if len(values) > LARGEST or not all(map(math.isfinite, values)):
                raise ModelError(f"a calibration's {name} must be finite numbers, at most {LARGEST:,}")
            object.__setattr__(self, name, values)
        if any(each <= 0 for each in self.temperatures):
            raise ModelError("a calibration's temperatures must be above 0")
        rising = all(a < b for a, b in zip(self.raw, self.raw[1:], strict=False))
        level = all(a <= b for a, b in zip(self.fitted, self.fitted[1:], strict=False))
        if len(self.raw) != len(self.fitted) or not (rising and level):
            raise ModelError("a calibration's knots must be pairs of rising raw and never falling fitted values")

    def apply(self, target: Target, outputs: npt.NDArray[np.floating]) -> Floats:
        """Return probabilities of classes or tracks (n, K), or the signal in the shape of `outputs`.

        outputs: logits (n, K), or values of a signal (n,) or (n, 1). Raises ModelError where the
        calibration is one of another target.
        """
        values = np.asarray(outputs, dtype=np.float64)
        if target.kind == "signal" and self.raw:
            return np.interp(values, self.raw, self.fitted)
        scaled = self._scaled(target, values)
        if target.kind == "signal":
            return scaled
        if target.kind == "tracks":
            # The same as 1 / (1 + exp(-x)), without overflow.
            return np.asarray(0.5 * (1 + np.tanh(scaled / 2)))
        odds = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def log_odds(self, target: Target, outputs: npt.NDArray[np.floating]) -> Floats:
        """Return ln p - ln (1 - p) of every class or track (n, K), exact where p is near 0 or 1.

        outputs: logits (n, K). Raises ModelError where the calibration is one of another target.
        """
        if target.kind == "signal":
            raise ModelError(f"{target.name} is a signal, which has no odds")
        scaled = self._scaled(target, np.asarray(outputs, dtype=np.float64))
        if target.kind == "tracks":
            return scaled
        others = [np.logaddexp.reduce(np.delete(scaled, each, axis=1), axis=1) for each in range(scaled.shape[1])]
        return np.asarray(scaled - np.stack(others, axis=1))

    def _scaled(self, target: Target, values: Floats) -> Floats:
        width = len(target.outputs)
        allowed = (0, width) if target.kind == "tracks" else (0, 1)
        if len(self.temperatures) not in allowed or len(self.biases) not in (0, width) or self.raw:
            raise ModelError(f"this calibration is not one of {target.name}: {target.kind} of {width} outputs")
        return np.asarray(values / np.array(self.temperatures or (1.0,)) + np.array(self.biases or (0.0,)))

    def as_dict(self) -> dict[str, list[float]]:
        """Return what `from_dict` reads, for a card in JSON; what is empty is left out."""
        return {name: list(values) for name, values in asdict(self).items() if values}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> "Calibration":
        """Return the calibration of a card. Raises ModelError where fields are unknown or of the wrong kind."""
        try:
            return cls(**{name: tuple(values) for name, values in told.items()})
        except (AttributeError, TypeError, ValueError) as error:
            raise ModelError(f"the calibration has missing or wrong fields: {error}") from error
