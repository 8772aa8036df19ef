"""Every region from a model that never saw it: the shipped one, or a fold of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import ConfigError, Genome, ModelError
from dnalect.core import say
from dnalect.genome import Region, format_region
from dnalect.inference import TILE, tiled_log_probs
from dnalect.models import Card, Model, language_model, model_folder, read_card
from dnalect.tokens import encode
from studies.worth.tables import Table, cached_table

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Member:
    """A model that may answer."""

    folder: Path
    card: Card


def fold_members(folds: Path | None, model: Card, names: Sequence[str]) -> list[Member]:
    """Return the folds of a model for a genome of these contigs: the folders in `folds` that learned from it.

    A fold's id begins with the model's.

    Raises ConfigError where `folds` is named and is no folder.
    """
    if folds is None:
        return []
    if not folds.is_dir():
        raise ConfigError(f"there is no folder of folds {folds}; make it with `make folds DATA=...`")
    found = [Member(path, read_card(path)) for path in sorted(folds.iterdir()) if (path / "card.json").is_file()]
    own = [member for member in found if member.card.id.startswith(f"{model.id}-")]
    return [member for member in own if any(set(names) & set(each.contigs) for each in member.card.genomes)]


def tile_of(reach: int) -> int:
    """Return the bases of a tile that make the flanks on its sides, which are read anew, a third of the work."""
    return max(TILE, 4 * reach)


class CrossFitted:
    """Log-probabilities of any region of a genome, from a model that was not trained on it.

    model: the shipped model, a name or a folder; it answers where it saw nothing of the
    region. folds: folder of models that were each trained on a part of its corpus; the first
    one that saw nothing answers for the rest. allow_seen: let the shipped model answer where
    all saw something; otherwise that is a ConfigError. dtype, device: that the networks compute in.
    """

    def __init__(
        self,
        genome: Genome,
        model: str,
        folds: Path | None = None,
        allow_seen: bool = False,
        dtype: str = "float32",
        device: str = "cpu",
    ):
        self.genome = genome
        folder = model_folder(model)
        shipped = Member(folder, read_card(folder))
        self.name = shipped.card.id
        self.members = [shipped, *fold_members(folds, shipped.card, genome.names)]
        self.allow_seen, self.dtype, self.device = allow_seen, dtype, device
        self._loaded: dict[Path, Model] = {}

    def _saw(self, member: Member, region: Region) -> bool:
        return bool(member.card.saw(int(self.genome.lengths[region.contig]), region.start, region.end))

    def seen(self, region: Region) -> bool:
        """Whether every model saw a base of the region in training."""
        return all(self._saw(member, region) for member in self.members)

    def member(self, region: Region) -> Member:
        """Return the model that answers for a region. ConfigError where all saw it, unless allowed."""
        for member in self.members:
            if not self._saw(member, region):
                return member
        if self.allow_seen:
            return self.members[0]
        text = format_region(region, self.genome.names, self.genome.lengths)
        models = ", ".join(each.card.id for each in self.members)
        raise ConfigError(
            f"{text} was seen in training by {models}: a figure from it would measure memory. Give --folds with models "
            "that did not see it (`make folds DATA=...`), or --allow-seen to have it all the same, marked as seen"
        )

    def usable(self, regions: Sequence[Region]) -> list[Region]:
        """Return the regions that may be asked for, in order; ConfigError where there is none."""
        found = [region for region in regions if self.allow_seen or not self.seen(region)]
        if not found and regions:
            self.member(regions[0])
        return found

    def codes(self, region: Region) -> Codes:
        """Return the base codes (L,) of a region."""
        return encode(self.genome.fetch(region.contig, region.start, region.end))

    def log_probs(self, region: Region) -> Table:
        """Return ln p(base | all other bases) (L, 4) of a region, A, C, G, T.

        The bases beside the region are read as context, up to the network's reach.
        """
        member = self.member(region)
        identity = f"{self._of(member)}\0{self.genome.checksum}\0{region}"
        return cached_table(identity, lambda: self._compute(member, region))

    def sequence_log_probs(self, codes: Codes) -> Table:
        """Return ln p (L, 4) of a sequence that is of no contig (L,), from the shipped model."""
        member = self.members[0]
        identity = f"{self._of(member)}\0{sha256(codes.tobytes()).hexdigest()}"
        model = self._model(member)
        tile = tile_of(model.can.reach or 0)
        return cached_table(identity, lambda: tiled_log_probs(model, codes, tile=tile))

    def _of(self, member: Member) -> str:
        return member.card.sha256 + ("" if self.dtype == "float32" else f" {self.dtype}")

    def _model(self, member: Member) -> Model:
        if member.folder not in self._loaded:
            model = language_model(member.folder, self.device, self.dtype)
            if model.can.likelihood != "leave_one_out":
                raise ModelError(f"{member.card.id}: the studies need a model that predicts every base from the rest")
            self._loaded = {member.folder: model}
        return self._loaded[member.folder]

    def _compute(self, member: Member, region: Region) -> Table:
        model = self._model(member)
        text = format_region(region, self.genome.names, self.genome.lengths)
        say(f"{member.card.id} reads {text} ({len(region):,} bases)")
        reach = model.can.reach or 0
        low = max(0, region.start - reach)
        high = min(int(self.genome.lengths[region.contig]), region.end + reach)
        table = tiled_log_probs(model, self.codes(Region(region.contig, low, high)), reach, tile_of(reach))
        return table[region.start - low : region.end - low]
