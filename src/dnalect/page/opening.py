"""Which head of attention the page opens with: the one that goes best with dependencies at its worked example."""

from functools import cache

import numpy as np
import numpy.typing as npt

from dnalect.genome.regions import Region
from dnalect.models.load import load
from dnalect.models.model import Model
from dnalect.page.assets import worked_example
from dnalect.why.attention import agreement, attention_of
from dnalect.why.dependency import dependencies
from dnalect.why.subject import Subject

# Whose dependency map stands beside attention there, and bases on each side that are attended to, as the page asks it.
BESIDE, FLANK = "duplex-human", 256


def opening_head(model: Model) -> tuple[int, int] | None:
    """Return layer and head, from 1; None of a model without attention, and of one that can't read the example.

    Of all heads the one whose attention at the page's CTCF site, made symmetric, has the highest Spearman correlation
    with the dependency map of duplex-human there, among pairs equally far apart (`why.agreement`, `within`).
    """
    (genome, place), longest = worked_example(), model.can.context_bases
    if not model.can.attentions or len(place) > longest:
        return None
    subject = Subject(model, genome, place)
    found = attention_of(model, *subject.window(FLANK))
    within = [agreement(each, _beside(), shifts=1).within for each in found.heads]
    layer, head = divmod(int(np.argmax(np.nan_to_num(within, nan=-1.0))), found.maps.shape[1])
    return layer + 1, head + 1


@cache
def _beside() -> npt.NDArray[np.float32]:
    genome, place = worked_example()
    return dependencies(Subject(load(BESIDE), genome, Region(place.contig, place.start, place.end)))
