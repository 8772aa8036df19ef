"""p(base | the rest) from a leave-one-out model: one forward gives every base's probability at once."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.encoding import Encoding
from dnalect.core.records import Codes
from dnalect.core.reporter import Phase, phase
from dnalect.genome.windows.junctions import Joint
from dnalect.inference.likelihood.junctions import gains
from dnalect.inference.likelihood.strategy import substituted_one_by_one
from dnalect.inference.run import TOKENS, Batch, evaluating, memory_ended, run
from dnalect.inference.tiles import coded, tiled_log_probs, whole_log_probs
from dnalect.models.model import LOGITS, Ask, At, Model
from dnalect.tokens.bases import UNKNOWN, decode
from dnalect.tokens.laid import base_of

# Fewer rows than this may take another kernel, with other rounding: batches are filled up.
SMALLEST_BATCH, BATCH = 16, 32
INDELS = "insertions and deletions"
LogProbs = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Folders = npt.NDArray[np.int64]


class LeaveOneOut:
    """The likelihoods of a model of this kind: see `Strategy`. batch: most windows of a forward."""

    given: Literal["rest"] = "rest"
    whole = True

    def __init__(self, model: Model, batch: int | None = None):
        self.model, self.batch = model, batch
        self.reach = model.can.reach or model.can.context_bases // 2

    def log_probs(self, windows: Sequence[Codes], sites: Folders) -> LogProbs:
        """Return ln p (m, 4) at one site of each window; what is further away than `reach` is not read."""
        codes = np.full((len(windows), 2 * self.reach + 1), UNKNOWN, dtype=np.result_type(np.uint8, *windows))
        for row, (window, site) in enumerate(zip(windows, sites.tolist(), strict=True)):
            low = max(0, site - self.reach)
            seen = window[low : site + self.reach + 1]
            codes[row, self.reach - site + low :][: len(seen)] = seen
        return self.centers(codes)

    def centers(self, codes: Codes) -> LogProbs:
        """Return ln p (m, 4) at the middle of windows (m, 2 * reach + 1)."""
        out = np.empty((len(codes), 4), dtype=np.float32)

        def keep(batch: Batch) -> None:
            assert batch.output.logits is not None
            out[batch.windows] = torch.log_softmax(batch.output.logits, -1).cpu().numpy()[batch.rows]

        ask = Ask(logits=At(np.arange(len(codes)), np.full(len(codes), self.reach)))
        shown = phase("substitutions", len(codes), "windows")
        # Long windows, of which little is computed: as many as the network takes well, whatever their length.
        tokens = max(TOKENS, BATCH * codes.shape[1])
        run(self.model, coded(codes), ask, keep, tokens, self.batch, SMALLEST_BATCH, shown)
        return out

    def ratio(self, reference: Sequence[Codes], alternate: Sequence[Codes], background: Floats) -> Floats:
        """Return the differences (n,) of the pseudo-likelihoods, each base's beside that of the background."""
        logs = self._pairs(reference, alternate) or self._whole([*reference, *alternate])
        each = zip([*reference, *alternate], logs, strict=True)
        totals = np.array([(found - background[base_of(codes[_known(codes)])]).sum() for codes, found in each])
        return np.asarray(totals[len(reference) :] - totals[: len(reference)])

    def _whole(self, windows: Sequence[Codes]) -> list[Floats]:
        """Return ln p of the known bases of each window."""
        return self._own_logs(windows, [*map(_known, windows)], phase(INDELS, len(windows), "windows"))

    def _pairs(self, reference: Sequence[Codes], alternate: Sequence[Codes]) -> list[Floats] | None:
        """Return ln p of the known bases of each window, of pairs that begin and end alike; None: no shorter way."""
        found: list[list[Floats]] = [[], []]
        keys = [(one.tobytes(), other.tobytes()) for one, other in zip(reference, alternate, strict=True)]
        alike = {key: n for n, key in enumerate(keys)}
        order = sorted(alike.values(), key=lambda n: (max(len(reference[n]), len(alternate[n])), n))
        longest = max(map(len, (*reference, *alternate)))
        most = min(max(1, TOKENS // longest), self.batch or len(order))
        shown = phase(INDELS, len(order), "pairs of windows")
        with evaluating(self.model.network), torch.inference_mode(), shown as bar:
            for low in range(0, len(order), most):
                pairs = [[windows[n] for n in order[low : low + most]] for windows in (reference, alternate)]
                try:
                    said = self.model.pairs(*pairs)
                except (MemoryError, RuntimeError) as error:
                    if not memory_ended(error):
                        raise
                    said = None  # the loop of whole windows goes on in smaller batches
                if said is None:
                    return None
                for windows, logits, logs in zip(pairs, said, found, strict=True):
                    log_probs = torch.log_softmax(logits, -1).cpu().numpy().astype(np.float64)
                    at = [*map(_known, windows)]
                    each = zip(log_probs, at, windows, strict=True)
                    logs += [row[sites, base_of(codes[sites])] for row, sites, codes in each]
                bar.update(len(pairs[0]))
        place = {number: at for at, number in enumerate(order)}
        return [logs[place[alike[key]]] for logs in found for key in keys]

    def joined(self, joints: Sequence[Joint]) -> Floats:
        """Return what the kept bases on the left and the right of each joint gain (n, 2): all of them count."""
        return gains(joints, None, self._own_logs)

    def _own_logs(
        self, windows: Sequence[Codes], sites: Sequence[Folders], progress: Phase | None = None
    ) -> list[Floats]:
        """Return ln p of the bases that stand at some sites of each window."""
        found: list[Floats] = [np.empty(0)] * len(windows)

        def keep(batch: Batch) -> None:
            assert batch.output.logits is not None
            log_probs = torch.log_softmax(batch.output.logits, -1).cpu().numpy().astype(np.float64)
            for number, row in zip(batch.windows.tolist(), batch.rows.tolist(), strict=True):
                at = sites[number]
                found[number] = log_probs[row, at, base_of(windows[number][at])]

        laid = any(codes.dtype != np.uint8 for codes in windows)
        given = _padded(windows) if laid else [decode(codes) for codes in windows]
        run(self.model, given, LOGITS, keep, rows=self.batch, progress=progress)
        return found

    def every(self, codes: Codes, wanted: npt.NDArray[np.bool_]) -> LogProbs:
        """Return ln p (L, 4) of every base of a sequence of any length."""
        return tiled_log_probs(self.model, codes, self.reach)

    def substituted(self, codes: Codes, start: int, end: int, hidden: bool = False) -> LogProbs:
        """Return ln p (n, 4, n, 4) of the bases of [start, end), after each became each of four: [i, b, j, base]."""
        with evaluating(self.model.network), torch.inference_mode():
            logits = self.model.substituted(codes.astype(np.int64), start, end)
        if logits is not None:
            found: LogProbs = torch.log_softmax(logits, -1).cpu().numpy()
            return found
        return substituted_one_by_one(codes, start, end, self.reach, self._stretch)

    def _stretch(self, codes: Codes, sites: Folders) -> LogProbs:
        """Return ln p at neighbouring sites, which share one forward."""
        low, high = max(0, int(sites[0]) - self.reach), int(sites[-1]) + self.reach + 1
        found: LogProbs = whole_log_probs(self.model, codes[None, low:high])[0, sites - low]
        return found

    def within(self, windows: Codes) -> LogProbs:
        """Return ln p (n, L, 4) of every base of windows (n, L), each on its own."""
        self.model.encode([decode(windows[0])])  # which refuses what is longer than the context
        most = self.batch or len(windows)
        parts = (windows[low : low + most] for low in range(0, len(windows), most))
        return np.concatenate([whole_log_probs(self.model, part) for part in parts])


def _known(codes: Codes) -> Folders:
    return np.flatnonzero(base_of(codes) != UNKNOWN)


def _padded(windows: Sequence[Codes]) -> Encoding:
    """Windows of any lengths, with relatives laid on their bases, as one encoding."""
    ids = np.full((len(windows), max(map(len, windows))), UNKNOWN, dtype=np.int64)
    mask = np.zeros(ids.shape, dtype=np.bool_)
    for row, window in enumerate(windows):
        ids[row, : len(window)], mask[row, : len(window)] = window, True
    return Encoding(ids, mask, mask)
