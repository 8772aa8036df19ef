"""Elements of one genome -> candidates in another, ranked and calibrated: the whole of `dnalect discover`."""

from pathlib import Path

from dnalect.alike.discovery import ALIGNMENT, Floats, Mask, Numbers, Scores, Singles, distinct, judged, lifted, scored
from dnalect.alike.elements import Tiles, holding, median_length, parts_of, read_elements, tiles_of
from dnalect.alike.spaces import RIVALS, How, rival_vectors
from dnalect.core.errors import InputError
from dnalect.core.figures import Figure
from dnalect.core.files import check_outputs, written_together
from dnalect.core.reporter import say
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import read_regions
from dnalect.jobs.discover.options import Options
from dnalect.jobs.discover.outputs import Found, written
from dnalect.jobs.discover.tuned import FINETUNED, tuned_chances
from dnalect.jobs.selection import model_for
from dnalect.models.load import load
from dnalect.models.model import Model
from dnalect.models.pooled import READINGS, Reading
from dnalect.models.precision import use_threads


def discover_elements(options: Options) -> Found:
    """Learn the elements, look for them, measure both, and write every output.

    Raises a DnalectError and leaves nothing behind where something is unusable.
    """
    use_threads(options.threads)
    check_outputs(options.outputs, (options.source, options.like, options.reference, options.known, options.model))
    genome, target = open_genome(options.reference), open_genome(options.source)
    elements = read_elements(options.like, genome)
    known = read_elements(options.known, target) if options.known else None
    window = options.window or median_length(elements)
    step = options.step or max(1, window // 2)
    labelled = tiles_of(genome, window, step, read_regions(genome, options.within), options.sample, options.seed)
    searched = tiles_of(target, window, step, read_regions(target, options.regions), options.sample, options.seed)
    say(f"{len(labelled):,} windows of {window:,} bases to learn from and to judge on, {len(searched):,} to search")
    truth, part = holding(labelled, elements), parts_of(labelled, options.seed)
    model = load(options.model or model_for(genome, None), options.device, options.dtype)
    scores = _scores(options, model, (labelled, searched), truth, part)
    held = part == 2
    if options.finetune:
        # It is what was asked for, so it comes first; the model is read anew, as it is changed.
        again = load(options.model or model_for(genome, None), options.device, options.dtype)
        who = f"{model.card.id}: {FINETUNED}"
        reading = Reading(options.pool if options.pool in READINGS else "mean", options.layer)
        told = truth, part, options.epochs, reading, options.seed, options.batch
        chances = tuned_chances(again, labelled.texts, *told)
        own, other = chances(labelled.texts), chances(searched.texts)
        scores = Scores({who: own} | scores.own, {who: other} | scores.other, scores.probes)
    if "alignment" in options.rivals:
        scores.other[ALIGNMENT] = lifted(searched, labelled, elements, truth, options.source)
    task = f"elements of {Path(options.like).name}"
    judged_here = {name: score[held] for name, score in scores.own.items()}
    here = labelled.take(held)
    figures = judged(task, f"{genome.path.name}, held out", here, truth[held], judged_here)
    if known is not None:
        figures += judged(task, target.path.name, searched, holding(searched, known), scores.other)
    found = _found(options, model, searched, scores, figures, truth[held], judged_here)
    with written_together() as files:
        for output in options.outputs:
            files.place(Path(output)).write_text("".join(written(output, found)), encoding="utf-8")
    return found


def _scores(options: Options, model: Model, tiles: tuple[Tiles, Tiles], truth: Mask, part: Numbers) -> Scores:
    how = How(options.pool, options.layer, 2, options.batch)
    own, other = dict[str, Singles](), dict[str, Singles]()
    for into, some in zip((own, other), tiles, strict=True):
        into[model.card.id] = how(model, some.texts)
        for name in (each for each in options.rivals if each in RIVALS):
            into[RIVALS[name]] = rival_vectors(name, model, some.texts, how, options.seed)
    return scored(model.card.id, truth, part, own, other)


def _found(
    options: Options,
    model: Model,
    tiles: Tiles,
    scores: Scores,
    figures: list[Figure],
    truth: Mask,
    own: dict[str, Floats],
) -> Found:
    who = next(iter(scores.other))
    rows = distinct(tiles, scores.other[who])[: options.top]
    if not len(rows):
        raise InputError(f"{options.source} has no candidate")
    chosen = {name: score[rows] for name, score in scores.other.items()}
    facts = {
        "command": options.command,
        "model": f"{model.card.id} {model.card.sha256}",
        "pool": options.pool,
        "layer": str(model.language.can.layers if options.layer is None else options.layer),
        "elements": options.like,
        "labelled genome": f"{Path(options.reference).name}",
        "window": f"{tiles.end[0] - tiles.start[0]:,} bases",
        "seed": str(options.seed),
    }
    title = f"Elements like those of {Path(options.like).name} in {tiles.genome.path.name}"
    return Found(title, len(tiles), tiles.take(rows), chosen, figures, truth, own[who], facts)
