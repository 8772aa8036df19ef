"""Fine-tuning to tracks: a language model and a head learn the labels of bins. Shapes: B windows, N bins, K tracks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnalect.core.errors import InputError
from dnalect.examples.along import Along
from dnalect.genome.fasta import Genome
from dnalect.genome.regions import Region
from dnalect.models.lora import add_lora
from dnalect.models.track_head import TrackSizes, TrackSpec, deviances, mean_answers
from dnalect.models.track_predictor import Tracked
from dnalect.stats.ranking import auroc
from dnalect.tokens.bases import decode, encode, reverse_complement
from dnalect.training.finetune import batch_rows, learned
from dnalect.training.tuning import TuneConfig

# What knows nothing misses at least so much of a track, for tracks that training has next to nothing of.
LEAST = 1e-3
# Steps between two checks, at least.
APART = 20
Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows whose answered bases lie side by side, and their labels.

    sizes: of the window. places (n, 2): contig, and first answered base, which begins a bin.
    """

    genome: Genome
    labels: Along
    sizes: TrackSizes
    places: Numbers

    def __len__(self) -> int:
        return len(self.places)

    def texts(self, rows: Sequence[int] | Numbers) -> list[str]:
        """Return the sequences of some windows; beyond the ends of a contig is N."""
        crop, length = self.sizes.crop, self.sizes.length
        starts = [(int(contig), int(start) - crop) for contig, start in self.places[rows]]
        return [decode(encode(self.genome.fetch(contig, low, low + length))) for contig, low in starts]

    def truth(self, rows: Sequence[int] | Numbers) -> Singles:
        """Return the labels (n, N, K) of some windows, NaN where there is none."""
        found = [self.labels.of(int(contig), int(start), self.sizes.bins) for contig, start in self.places[rows]]
        return np.stack(found).astype(np.float32)

    def sample(self, share: float, seed: int) -> "Windows":
        """Return a random part of the windows, at least one; a smaller share of one seed is a part of a larger one."""
        order = np.random.default_rng(seed).permutation(len(self.places))
        kept = np.sort(order[: max(1, round(share * len(order)))])
        return Windows(self.genome, self.labels, self.sizes, self.places[kept])


def windows_in(genome: Genome, labels: Along, sizes: TrackSizes, regions: Sequence[Region]) -> Windows:
    """Return the windows whose answered bases fill regions, from the first bin that begins there.

    The last of a region may end beyond it only where the contig ends, too. Windows without a label are left out.
    """
    places = []
    inner = sizes.bins * sizes.stride
    for region in regions:
        if region.contig not in labels.contigs:
            continue
        low = -(-region.start // sizes.stride) * sizes.stride
        whole = region.end == int(genome.lengths[region.contig])
        last = region.end if whole else region.end - inner + 1
        for start in range(low, last, inner):
            if np.isfinite(labels.of(region.contig, start, sizes.bins)).any():
                places.append((region.contig, start))
    return Windows(genome, labels, sizes, np.array(places, dtype=np.int64).reshape(-1, 2))


def track_specs(labels: Along, windows_labels: npt.NDArray[np.floating]) -> tuple[TrackSpec, ...]:
    """Return what a head must know of each track, from the labels (n, K) of training.

    Raises InputError for a track that is the same everywhere there.
    """
    specs = []
    for number, (name, kind) in enumerate(zip(labels.names, labels.kinds, strict=True)):
        known = windows_labels[:, number]
        known = known[np.isfinite(known)].astype(np.float64)
        if not len(known) or not known.std() > 0:
            raise InputError(f"the track {name} is the same everywhere in the training part: there is nothing to learn")
        specs.append(TrackSpec(name, kind, float(known.mean()), float(known.std())))
    return tuple(specs)


def finetune_tracks(
    tracked: Tracked,
    train: Windows,
    judge: Callable[[], float],
    config: TuneConfig,
    folder: Path,
    data: Mapping[str, str],
) -> dict[str, Any]:
    """Train in place, end at the weights that were best on validation data, and return what the card says: see `fit`.

    judge: the validation figure, the higher the better. The loss is what the answers miss, as a share of what the means
    of training miss, so that every track counts alike.
    """
    torch.manual_seed(config.seed)
    if config.method == "lora":
        add_lora(tracked.network, config.lora)
    elif config.method == "probe":
        tracked.network.requires_grad_(False)
    a_pass = max(1, len(train) // config.batch)
    return learned(tracked, _Batches(tracked, train, a_pass, config), a_pass, judge, config, folder, data, APART)


Part = tuple[list[str], Tensor, float]


class _Batches:
    """Windows and labels of every step, which depend on seed and step alone, and what they cost."""

    def __init__(self, tracked: Tracked, train: Windows, a_pass: int, config: TuneConfig):
        self.tracked, self.train, self.a_pass, self.config = tracked, train, a_pass, config
        self.count = len(train)
        specs, device = tracked.heads.sizes.tracks, tracked.base.device
        labels = torch.from_numpy(train.truth(np.arange(len(train)))).flatten(0, 1)
        known = torch.isfinite(labels).sum(0).clamp(min=1)
        missed = deviances(specs, mean_answers(specs, labels), labels).sum(0) / known
        self.scale = 1 / missed.clamp(min=LEAST).to(device)

    def after(self, step: int) -> Iterator[Iterator[Part]]:
        """Return the batches after so many steps, in parts: texts, labels, and their share of the batch."""
        return (self._parts(number) for number in count(step))

    def _parts(self, step: int) -> Iterator[Part]:
        config = self.config
        rows = batch_rows(len(self.train), config.batch, step, self.a_pass, config.seed)
        turned = np.random.default_rng((config.seed, 3, step)).random(len(rows)) < 0.5
        turned &= config.reverse_complement and not self.tracked.heads.halves
        for part in np.array_split(np.arange(len(rows)), min(config.accumulate, len(rows))):
            texts, truth = self.train.texts(rows[part]), self.train.truth(rows[part])
            texts = [
                decode(reverse_complement(encode(text))) if flip else text
                for text, flip in zip(texts, turned[part], strict=True)
            ]
            truth[turned[part]] = truth[turned[part], ::-1]
            yield texts, torch.from_numpy(truth).to(self.tracked.base.device), len(part) / len(rows)

    def loss(self, part: Part) -> Tensor:
        """Return what a part adds to the loss of its batch."""
        texts, truth, share = part
        raw = self.tracked(self.tracked.base.encode(texts))
        missed = deviances(self.tracked.heads.sizes.tracks, raw, truth).sum((0, 1))
        known = torch.isfinite(truth).sum((0, 1)).clamp(min=1)
        return (missed / known * self.scale).mean() * share


def ranked(tracks: Sequence[TrackSpec], answers: Floats, labels: Floats) -> npt.NDArray[np.float64]:
    """Return how well the bins of each track are told apart (K,): AUROC of peaks, Pearson of counts and signals.

    answers, labels: (n, K), NaN where there is no label. NaN of a track that is the same everywhere.
    """
    found = np.full(len(tracks), np.nan)
    for number, each in enumerate(tracks):
        known = np.isfinite(labels[:, number])
        given, true = answers[known, number].astype(np.float64), labels[known, number].astype(np.float64)
        if each.kind == "peaks":
            found[number] = auroc(given, true > 0.5)
        elif len(true) and given.std() > 0 and true.std() > 0:
            found[number] = np.corrcoef(given, true)[0, 1]
    return found
