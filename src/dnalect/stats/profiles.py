"""Mean curves around landmarks, on their strands, with intervals over the landmarks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.stats.ranking import RESAMPLES, unit_draws

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def oriented_windows(values: npt.NDArray[np.floating], at: Numbers, forward: Mask, flank: int) -> Floats:
    """Return the values (n, 2 * flank + 1) around positions, turned to the landmark's strand.

    values: (L,) of a contig. at: (n,) 0-based. Beyond the contig's ends NaN.
    """
    padded = np.pad(np.asarray(values, dtype=np.float64), flank, constant_values=np.nan)
    found = padded[at[:, None] + np.arange(2 * flank + 1)]
    return np.asarray(np.where(forward[:, None], found, found[:, ::-1]))


@dataclass(frozen=True)
class Profile:
    """mean: (W,). samples: (resamples, W), the mean of every resample."""

    mean: Floats
    samples: Floats

    @property
    def low(self) -> Floats:
        """Lower end of the 95% interval (W,)."""
        return np.asarray(np.quantile(self.samples, 0.025, axis=0))

    @property
    def high(self) -> Floats:
        """Upper end of the 95% interval (W,)."""
        return np.asarray(np.quantile(self.samples, 0.975, axis=0))

    def contrast(self, core: Mask, rest: Mask | None) -> tuple[float, Floats]:
        """Return the mean over the offsets `core` minus that over `rest`, if any, and that of every resample."""
        if rest is None:
            return float(self.mean[core].mean()), self.samples[:, core].mean(axis=1)
        samples = self.samples[:, core].mean(axis=1) - self.samples[:, rest].mean(axis=1)
        return float(self.mean[core].mean() - self.mean[rest].mean()), samples


def profile(windows: Floats, resamples: int = RESAMPLES, seed: int = 0) -> Profile:
    """Return the mean of windows (n, W), NaN left out, with n landmarks drawn with replacement."""
    known = np.isfinite(windows)
    filled = np.where(known, windows, 0.0)
    draws = unit_draws(len(windows), resamples, seed)

    def mean(sums: Floats, counts: Floats) -> Floats:
        return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))

    return Profile(mean(filled.sum(0), known.sum(0).astype(float)), mean(draws @ filled, draws @ known.astype(float)))
