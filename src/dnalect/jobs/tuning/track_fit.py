"""A language model and labelled windows of a genome -> a model of tracks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.errors import ConfigError, InputError
from dnalect.examples.along import Along
from dnalect.genome.fasta import Genome
from dnalect.genome.regions import Region
from dnalect.inference.bins import of_windows
from dnalect.models.lora import merge_lora
from dnalect.models.model import Model
from dnalect.models.precision import autocast
from dnalect.models.track_head import TrackSizes
from dnalect.models.track_predictor import Made, Tracked, TrackPredictor, track_predictor
from dnalect.training.tracks import Windows, finetune_tracks, ranked, track_specs, windows_in
from dnalect.training.tuning import TuneConfig

# Bases of a window, and channels of the head, where nobody says so.
WINDOW, HIDDEN = 2048, 128
# Of a window, this share on each side is read and not answered.
CROP = 8
# Tokens of a batch of answers, on a processor and elsewhere.
TOKENS = {"cpu": 1 << 14}
MANY = 1 << 17
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TrackParts:
    """Windows to learn from, to stop by and to test on, and the regions that they fill, by the name of the part."""

    windows: dict[str, Windows]
    regions: dict[str, list[Region]]


def parts_of(
    genome: Genome, labels: Along, regions: dict[str, list[Region]], length: int, layer: int | None = None
) -> TrackParts:
    """Return the windows of each part. regions: part ("train", "validate", "test") -> its regions. length: of a window.

    layer: of the language model, that is read.

    Raises InputError where a part has no labelled window, or training nothing to learn.
    """
    sizes = replace(sizes_of(labels, track_labels(labels, regions["train"]), length), layer=layer)
    windows = {part: windows_in(genome, labels, sizes, each) for part, each in regions.items()}
    if empty := [part for part, each in windows.items() if not len(each)]:
        inner = sizes.bins * sizes.stride
        raise InputError(
            f"the part to {empty[0]} has no labelled window of {inner:,} bases; name other regions, or a shorter "
            "--longest"
        )
    return TrackParts(windows, regions)


def track_labels(labels: Along, regions: Sequence[Region]) -> Singles:
    """Return the labels (n, K) of the bins of regions of contigs that have any."""
    return labels.within([each for each in regions if each.contig in labels.contigs]).astype(np.float32)


def sizes_of(labels: Along, known: Singles, length: int, hidden: int = HIDDEN) -> TrackSizes:
    """Return the sizes of a head for some tracks. known: their labels (n, K) in training."""
    crop = length // CROP // labels.stride * labels.stride
    if (length - 2 * crop) % labels.stride or length < labels.stride:
        raise ConfigError(f"a window of {length:,} bases holds no whole number of bins of {labels.stride:,}")
    return TrackSizes(labels.stride, crop, length, hidden, track_specs(labels, known))


def fit_tracks(
    base: Model,
    train: Windows,
    validate: Windows,
    config: TuneConfig,
    folder: Path,
    data: dict[str, str],
    name: str = "",
) -> tuple[TrackPredictor, dict[str, Any]]:
    """Tune a model on windows, stop by others, and return it with what the card says of the run.

    base: changed in place. config: `warm` and `reading` are left aside. folder: takes checkpoint and log; it must
    exist, and a run that was cut short there goes on. data: what is learned from -> checksum.
    """
    config = replace(config, warm=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        tracked = Tracked(base, train.sizes)
    truth = flat(validate.truth(np.arange(len(validate))))
    texts = validate.texts(np.arange(len(validate)))
    specs = train.sizes.tracks
    cheaply = autocast(base.device, config.precision)

    def judge() -> float:
        with cheaply:
            given = flat(answers_of(track_predictor(tracked, bare), texts))
        values = ranked(specs, given, truth)
        # What can't be told (a part without peaks, a constant answer) is left out.
        return float(np.nanmean(values)) if np.isfinite(values).any() else 0.0

    bare = Made("", "", config.method, {}, {})
    facts = finetune_tracks(tracked, train, judge, config, folder, data)
    if config.method == "lora":
        merge_lora(tracked.network)
    return track_predictor(tracked, replace(bare, name=name, base=base.source or base.card.id)), facts


def answers_of(model: Model, texts: Sequence[str]) -> Singles:
    """Return the tracks (n, bins, K) of windows."""
    return of_windows(model, texts, TOKENS.get(model.device.type, MANY))


def flat(values: Singles) -> Singles:
    """Return windows (n, bins, K) as bins (n * bins, K)."""
    return values.reshape(-1, values.shape[-1])
