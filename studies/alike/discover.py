"""Elements of S. cerevisiae and of human chromosome 20, found in other genomes, against their annotations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dnalect.alike import RIVALS, How, Tiles, holding, judged, lifted, parts_of, rival_vectors, scored, tiles_of
from dnalect.core import Figure, made_folder, say, write_figures, write_text
from dnalect.jobs import tuned_chances
from dnalect.models import Model, language_model, use_threads
from studies.alike.discovered_page import page
from studies.alike.partners import partners
from studies.alike.species import (
    BOUND,
    CTCF,
    HUMAN,
    HUMAN_X,
    OTHERS,
    PROMOTERS,
    YEAST,
    Elements,
    Kind,
    bound_sites,
    ctcf_peaks,
    near,
)
from studies.data import file_of
from studies.options import Discover

WINDOW = 500
# Windows with and without an element that a probe needs to learn from, and to be tuned on.
FEWEST = 10
ALIGNMENT = "alignment (minimap2)"
FINETUNED = "fine-tuned"
Chances = Callable[[Sequence[str]], npt.NDArray[np.float64]]
Singles = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Read:
    """A genome's windows: their vectors by everybody, and what elements there are."""

    kind: Kind
    tiles: Tiles
    vectors: Mapping[str, Singles]
    elements: Mapping[str, Elements]


def run(options: Discover) -> list[Figure]:
    """Measure, and write OUT/figures.tsv, and the page where one is named."""
    use_threads(options.threads)
    made_folder(options.out)
    figures: list[Figure] = []
    figures += _across(language_model(options.yeast, options.device), YEAST, OTHERS, options)
    if options.human:
        figures += _across(language_model(options.human, options.device), HUMAN, (HUMAN_X,), options)
    if options.pairs:
        figures += partners(language_model(options.yeast, options.device), options)
    found = [replace(each, command=options.command) for each in figures]
    write_figures(options.out / "figures.tsv", found)
    if options.page:
        write_text(options.page, page(found, options.command))
    return found


def _across(model: Model, home: Kind, others: tuple[Kind, ...], options: Discover) -> list[Figure]:
    labelled = _read(model, home, options.labelled, options)
    part = parts_of(labelled.tiles)
    held = part == 2
    truths = {name: holding(labelled.tiles, each) for name, each in labelled.elements.items()}
    few = [name for name, truth in truths.items() if _fewest(truth, part) < FEWEST]
    for name in few:
        say(f"{name} of {home.name}: too few windows hold one, so they are left out (--labelled)")
        del truths[name]
    tuned = _tuned(home, labelled, truths, part, options)
    out: list[Figure] = []
    for other in others:
        searched = _read(model, other, options.searched, options)
        fasta = str(file_of(options.data, other.fasta))
        for name in (each for each in truths if each in searched.elements):
            found = scored(model.card.id, truths[name], part, labelled.vectors, searched.vectors)
            elements = labelled.elements[name]
            if name in tuned:
                found.other[FINETUNED] = tuned[name](searched.tiles.texts)
            found.other[ALIGNMENT] = lifted(searched.tiles, labelled.tiles, elements, truths[name], fasta)
            truth = holding(searched.tiles, searched.elements[name])
            told = f"{other.name} ({other.apart})"
            out += judged(f"{name} of {home.name}", told, searched.tiles, truth, found.other)
    for name, truth in truths.items():
        own = scored(model.card.id, truth, part, labelled.vectors, labelled.vectors).own
        own |= {FINETUNED: tuned[name](labelled.tiles.texts)} if name in tuned else {}
        kept = {who: score[held] for who, score in own.items()}
        told = f"{home.name} ({home.apart})"
        out = judged(f"{name} of {home.name}", told, labelled.tiles.take(held), truth[held], kept) + out
    return out


def _tuned(
    home: Kind, labelled: Read, truths: Mapping[str, Mask], part: Numbers, options: Discover
) -> dict[str, Chances]:
    """A model for each kind of element, whose layers learned it; {} where that is not asked for."""
    if not options.finetune or home is not YEAST:
        return {}
    texts = labelled.tiles.texts
    named = {name: language_model(options.yeast, options.device) for name in truths}
    return {name: tuned_chances(named[name], texts, truth, part, options.finetune) for name, truth in truths.items()}


def _fewest(truth: Mask, part: Numbers) -> int:
    counts = [int((truth[part == number] == held).sum()) for number in (0, 1) for held in (True, False)]
    return min(counts)


def _read(model: Model, kind: Kind, most: int, options: Discover) -> Read:
    genome = kind.genome(options.data)
    how, elements = How(), kind.elements(options.data, genome)
    regions = near(genome, elements[PROMOTERS]) if kind.refseq == "human" else []
    tiles = tiles_of(genome, WINDOW, WINDOW, regions, most)
    say(f"{model.card.id} reads {len(tiles):,} windows of {kind.name}")
    if kind is YEAST:
        elements[BOUND] = bound_sites(options.data, genome)
    if kind in (HUMAN, HUMAN_X):
        elements[CTCF] = ctcf_peaks(options.data, genome)
    vectors = {model.card.id: how(model, tiles.texts)}
    vectors |= {RIVALS[name]: rival_vectors(name, model, tiles.texts, how) for name in ("words", "gc", "untrained")}
    return Read(kind, tiles, vectors, elements)
