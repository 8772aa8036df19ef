"""What is explained: a model, and a place of a genome."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from dnalect.core.errors import ConfigError
from dnalect.core.records import Codes, Variant
from dnalect.genome.fasta import Genome, genome_of
from dnalect.genome.gff import Annotation
from dnalect.genome.motifs import Motif
from dnalect.genome.regions import Region
from dnalect.inference.change import outputs_of
from dnalect.inference.changes import Output
from dnalect.inference.likelihood import scorer_for
from dnalect.inference.scorer import ModelScorer
from dnalect.models.model import Model
from dnalect.tokens.bases import UNKNOWN, decode, encode

# Bases on each side that a place is surrounded by where a model reads all that it is given.
AROUND = 1024


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and a place, and the variant in it where there is one.

    output: of a predictor with several. batch: most windows of a forward, None for the model's own. seed: of whatever
    is drawn. motifs: that are known. head: the layer and head of attention to show, from 1. annotation: genes of
    the genome. hidden: whether dependency maps of a masked model hide each base that is asked for.
    """

    model: Model
    genome: Genome
    place: Region
    variant: Variant | None = None
    output: str | None = None
    batch: int | None = None
    seed: int = 1
    motifs: tuple[Motif, ...] = ()
    head: tuple[int, int] | None = None
    annotation: Annotation | None = None
    hidden: bool = False

    @cached_property
    def codes(self) -> Codes:
        """The bases of the place (L,)."""
        return encode(self.genome.fetch(self.place.contig, self.place.start, self.place.end))

    @property
    def bases(self) -> str:
        """The bases of the place, L letters."""
        return decode(self.codes)

    @cached_property
    def scorer(self) -> ModelScorer:
        """Of the language model. Raises ModelError for a model without likelihoods."""
        return scorer_for(self.model, self.genome, None, self.batch)

    @property
    def chosen_output(self) -> Output:
        """The output of a predictor that is asked for. Raises ConfigError where `output` doesn't say which one."""
        outputs = outputs_of(list(self.model.can.targets.values()))
        names, name = [each.name for each in outputs], self.model.card.id
        if self.output is None and len(names) > 1:
            raise ConfigError(f"{name} predicts {', '.join(names)}: choose one with output=")
        if self.output is not None and self.output not in names:
            raise ConfigError(f"{name} has no output {self.output!r}; it has {', '.join(names)}")
        return outputs[names.index(self.output or names[0])]

    @property
    def reach(self) -> int:
        """Bases on each side of the place that what is computed may depend on."""
        return self.model.can.reach or min(AROUND, self.model.can.context_bases // 2)

    @property
    def changed(self) -> tuple[int, int] | None:
        """[start, end) of what the variant changes, within the place."""
        if self.variant is None:
            return None
        return self.variant.start - self.place.start, self.variant.end - self.place.start

    def around(self, flank: int) -> Codes:
        """Return the bases of the place with `flank` more on each side, unknown ones beyond the contig."""
        place = self.place
        return encode(self.genome.fetch(place.contig, place.start - flank, place.end + flank))

    def window(self, flank: int) -> tuple[Codes, slice]:
        """Return the bases of the place with up to `flank` more on each side, and where it is in them.

        As many as the contig has, and as the model can read with it.
        """
        place, length = self.place, int(self.genome.lengths[self.place.contig])
        flank = max(0, min(flank, (self.model.can.context_bases - len(place)) // 2))
        low, high = min(flank, place.start), min(flank, length - place.end)
        codes = self.around(flank)
        return codes[flank - low : len(codes) - flank + high], slice(low, low + len(place))

    def drawn(self, draw: Callable[[Codes], Codes]) -> "Subject":
        """Return the subject in other sequence of the same length.

        draw: gives it for a stretch; the place and what lies on either side are drawn apart. The alleles of the variant
        stay as they are.
        """
        reach, length = self.reach, len(self.place)
        whole = self.around(reach)
        parts = [draw(part) for part in np.split(whole, [reach, reach + length])]
        new = np.concatenate(parts)
        new[whole == UNKNOWN] = UNKNOWN
        name, place, variant = self.genome.names[self.place.contig], Region(0, reach, reach + length), self.variant
        if variant is not None:
            shift = reach - self.place.start
            variant = replace(variant, contig=0, start=variant.start + shift, end=variant.end + shift)
            new[variant.start : variant.end] = variant.ref
        return replace(self, genome=genome_of({name: decode(new)}), place=place, variant=variant)

    def columns(self) -> dict[str, object]:
        """Return the columns that a table of its bases begins with: contig, position (from 1), ref."""
        return {
            "contig": [self.genome.names[self.place.contig]] * len(self.place),
            "position": np.arange(self.place.start + 1, self.place.end + 1),
            "ref": list(self.bases),
        }
