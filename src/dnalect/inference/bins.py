"""The tracks of a model along stretches of a genome: windows side by side, as they come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from dnalect.genome.fasta import Genome
from dnalect.inference.run import TOKENS, Batch, run
from dnalect.models.model import Ask, Model
from dnalect.tokens.bases import decode, encode

# Bases that are answered at once by a model that takes windows of any length.
ANSWERED = 1 << 14


@dataclass(frozen=True, eq=False)
class Bins:
    """Neighbouring bins: the first begins at `start`, the last may end beyond `end`. tracks: (bins, tracks)."""

    contig: int
    start: int
    end: int
    stride: int
    tracks: npt.NDArray[np.float32]

    @property
    def spans(self) -> Iterator[tuple[int, int]]:
        """Start and end of each bin, cut to the stretch."""
        for start in range(self.start, self.end, self.stride):
            yield start, min(start + self.stride, self.end)


def answered_bases(model: Model) -> int:
    """Return how many bases a window of a model of tracks answers."""
    tracks = model.can.tracks
    assert tracks is not None
    return tracks.bins(tracks.length) * tracks.stride if tracks.length else ANSWERED


def along(model: Model, genome: Genome, contig: int, start: int, end: int) -> Iterator[Bins | None]:
    """Yield the tracks of [start, end) of a contig, 0-based half-open, window by window, in order.

    Windows overlap by the crops of the model, so that their bins lie side by side; the first bin begins at `start`, and
    what lies beyond the contig is unknown bases. Of a window without a known base among those answered comes None.
    No gradient is kept; memory is that of one window.
    """
    tracks = model.can.tracks
    assert tracks is not None
    step = answered_bases(model)
    for low in range(start, end, step):
        high = min(low + step, end)
        # A window of any length ends with the last bin that begins in the stretch.
        inner = step if tracks.length else -(-(high - low) // tracks.stride) * tracks.stride
        codes = encode(genome.fetch(contig, low - tracks.crop, low + inner + tracks.crop).tobytes())
        middle = codes[tracks.crop : tracks.crop + high - low]
        if (middle > 3).all():
            yield None
            continue
        with torch.inference_mode():
            found = model.forward(model.encode([decode(codes)]), Ask(tracks=True)).tracks[0].cpu().numpy()
        yield Bins(contig, low, high, tracks.stride, found[: -(-(high - low) // tracks.stride)])


def of_windows(model: Model, windows: Sequence[str], tokens: int = TOKENS) -> npt.NDArray[np.float32]:
    """Return the tracks (n, bins, tracks) of windows of the model's own length. tokens: of a batch."""
    tracks = model.can.tracks
    assert tracks is not None
    assert tracks.length
    found = np.empty((len(windows), tracks.bins(tracks.length), len(tracks.names)), dtype=np.float32)

    def keep(batch: Batch) -> None:
        found[batch.windows] = batch.output.tracks.cpu().numpy()[batch.rows]

    run(model, windows, Ask(tracks=True), keep, tokens)
    return found
