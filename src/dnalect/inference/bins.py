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


def windows_along(model: Model, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of what each window of [start, end) answers, 0-based half-open.

    Windows overlap by the crops of the model, so that their bins lie side by side; the first bin begins at `start`.
    """
    step = answered_bases(model)
    yield from ((low, min(low + step, end)) for low in range(start, end, step))


def bins_at(model: Model, genome: Genome, contig: int, low: int, high: int) -> Bins | None:
    """Return the tracks of one window of `windows_along`, None where it answers for no known base.

    What lies beyond the contig is unknown bases. No gradient is kept; memory is that of one window.
    """
    tracks = model.can.tracks
    assert tracks is not None
    # A window of any length ends with the last bin that begins in the stretch.
    inner = answered_bases(model) if tracks.length else -(-(high - low) // tracks.stride) * tracks.stride
    codes = encode(genome.fetch(contig, low - tracks.crop, low + inner + tracks.crop).tobytes())
    middle = codes[tracks.crop : tracks.crop + high - low]
    if (middle > 3).all():
        return None
    with torch.inference_mode():
        found = model.forward(model.encode([decode(codes)]), Ask(tracks=True)).tracks[0].cpu().numpy()
    return Bins(contig, low, high, tracks.stride, found[: -(-(high - low) // tracks.stride)])


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
