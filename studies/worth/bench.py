"""What every study asks for: a genome's regions through the model and through its Markov rival."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from dnalect import ConfigError, Genome, open_genome
from dnalect.baselines import MarkovModel
from dnalect.core import Figure, say
from dnalect.genome import Region, first_bases, format_region, overlap, parse_regions, split_region, subtract
from dnalect.report import plots
from studies.data import file_of
from studies.worth.collected import Collected
from studies.worth.crossfit import CrossFitted
from studies.worth.tables import cached_table

# Order 8 (4 bases on each side) predicts unrepeated yeast as well as any order does; longer
# ones gain by copying repeats alone.
ORDER = 8
LARGEST_RIVAL = 24_000_000
TUNED = 1_000_000

Codes = npt.NDArray[np.uint8]
# A title, and a bar for each score.
Panel = tuple[str, list[plots.Bar]]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Options:
    """What a run of studies is given.

    data: folder of the data. model: name or folder. folds: folder of its folds. allow_seen:
    use the model on what it was trained on, marked. contigs: only these, where not empty.
    sample, window: common variants that influence is asked of, and bases that it is read in;
    None: all. command: as typed, for the rows. dtype, device: that the networks compute in.
    """

    data: Path
    model: str
    folds: Path | None = None
    allow_seen: bool = False
    contigs: tuple[str, ...] = ()
    command: str = ""
    dtype: str = "float32"
    device: str = "cpu"
    sample: int | None = None
    window: int | None = None

    def file(self, name: str) -> Path:
        """Return a file of the data folder. InputError where it is not there."""
        return file_of(self.data, name)


@dataclass(frozen=True)
class Plot:
    """A picture to be drawn: `draw` gets the path of the PNG. name: its file's, without .png."""

    name: str
    caption: str
    draw: Callable[[Path], None]

    @classmethod
    def forest(
        cls, name: str, caption: str, panels: Sequence[Panel], label: str = "AUROC", chance: float = 0.5
    ) -> Self:
        """Return a plot of panels of bars, one below the other."""
        return cls(name, caption, lambda path: plots.forest(path, panels, label, chance))


@dataclass
class Findings:
    """What a study of one model found. notes: sentences about the data, with their numbers."""

    rows: list[Figure]
    plots: list[Plot]
    notes: list[str]


@dataclass(frozen=True)
class Reading:
    """One region: base codes (L,), ln p of the model and of the Markov rival (L, 4)."""

    region: Region
    codes: Codes
    model: Singles
    markov: Singles


class Bench:
    """A genome, the model on it by cross-fitting, and the Markov model that trained on the same contigs.

    Where the model never trained on this species, the rival counts the contigs that no study
    of it asks for (`left_out`).
    """

    def __init__(self, options: Options, reference: str, left_out: Sequence[str] = ()):
        self.options = options
        self.genome: Genome = open_genome(options.file(reference))
        self.model = CrossFitted(
            self.genome, options.model, options.folds, options.allow_seen, options.dtype, options.device
        )
        self._left_out = left_out
        self._fitted: dict[str, MarkovModel] = {}

    def table(self, study: str, species: str) -> Collected:
        """Return an empty table of this model's rows."""
        return Collected(study, species, self.model.name, self.options.command)

    def regions(self, texts: Sequence[str], limit: int | None = None) -> list[Region]:
        """Return the regions that may be used, in order: those asked for, unseen, up to about `limit` bases."""
        wanted = parse_regions(self.genome, texts)
        if self.options.contigs:
            named = {self.genome.index.get(name) for name in self.options.contigs}
            wanted = [region for region in wanted if region.contig in named]
            if not wanted:
                raise ConfigError(f"--contig names none of the contigs that the study asks of {self.genome.path.name}")
        usable = self.model.usable(wanted)
        if limit is None:
            return usable
        before = np.cumsum([0, *(len(region) for region in usable)])[: len(usable)]
        return [region for region, start in zip(usable, before, strict=True) if start < limit]

    def seen(self, regions: Sequence[Region]) -> bool:
        """Whether the model that answers was trained on any of the regions."""
        return any(self.model.seen(region) for region in regions)

    def told(self, regions: Sequence[Region]) -> str:
        """Return the regions in words: `chrI, chrII and chrXIV`."""
        names = [format_region(region, self.genome.names, self.genome.lengths) for region in regions]
        return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))

    def read(self, region: Region) -> Reading:
        """Return a region through the model and its rival; both are computed once and cached."""
        train, tune = self._corpus(region)
        identity = f"markov {ORDER}\0{self.genome.checksum}\0{train}\0{tune}\0{region}"
        codes = self.model.codes(region)
        markov = cached_table(identity, lambda: self._markov(train, tune).log_probs(codes))
        return Reading(region, codes, self.model.log_probs(region), markov)

    def read_sequence(self, codes: Codes) -> Reading:
        """Return a sequence (L,) that is of no contig, through the shipped model and the rival of contig 0."""
        train, tune = self._corpus(Region(0, 0, 0))
        identity = f"markov {ORDER}\0{self.genome.checksum}\0{train}\0{tune}\0{sha256(codes.tobytes()).hexdigest()}"
        markov = cached_table(identity, lambda: self._markov(train, tune).log_probs(codes))
        return Reading(Region(-1, 0, len(codes)), codes, self.model.sequence_log_probs(codes), markov)

    def _markov(self, train: list[Region], tune: list[Region]) -> MarkovModel:
        key = f"{train} {tune}"
        if key not in self._fitted:
            say(f"Markov rival counts {sum(map(len, train)):,} bases")
            parts = ([self.model.codes(region) for region in each] for each in (train, tune))
            kept = dict(list(self._fitted.items())[-1:])  # two folds take turns; more would only fill the memory
            self._fitted = kept | {key: MarkovModel("two", ORDER).fit(*parts)}
        return self._fitted[key]

    def _corpus(self, region: Region) -> tuple[list[Region], list[Region]]:
        """What the rival counts and tunes on: the answering model's own corpus, less the region itself."""
        card = self.model.member(region).card
        told = next((each for each in card.genomes if set(self.genome.names) & set(each.contigs)), None)
        if told is None:
            train, tune = self._others, []
        else:
            train, tune = self._known(told.train), self._known(told.validate)
        train, tune = (
            first_bases(subtract(train, [region]), LARGEST_RIVAL),
            first_bases(subtract(tune, [region]), TUNED),
        )
        if tune and overlap(train, tune) is None:
            return train, tune
        tune = first_bases(list(reversed(train)), min(TUNED, sum(map(len, train)) // 10))
        return subtract(train, tune), tune

    def _known(self, texts: Sequence[str]) -> list[Region]:
        """Those regions of a card that lie on contigs of this file."""
        known = [text for text in texts if split_region(text, self.genome.index)[0] in self.genome.index]
        return parse_regions(self.genome, known)

    @cached_property
    def _others(self) -> list[Region]:
        return subtract(parse_regions(self.genome, self.genome.names), parse_regions(self.genome, self._left_out))
