"""A genome and a sequence -> the windows that are most like it: the whole of `dnalect similar`."""

from pathlib import Path

import numpy as np

from dnalect.alike.index import Hits, Index, index_of, kept_index, spelled, write_index
from dnalect.alike.likeness import Rival, notes_of, rivals_of
from dnalect.alike.spaces import How
from dnalect.core.errors import InputError
from dnalect.core.files import check_outputs, written_together
from dnalect.examples.sources import Tiling, fasta_source, known
from dnalect.genome.fasta import Genome, is_sequence, open_genome
from dnalect.genome.gff import open_annotation
from dnalect.genome.regions import parse_regions
from dnalect.jobs.selection import model_for
from dnalect.jobs.similar.options import Options
from dnalect.jobs.similar.outputs import NAMES, Found, written
from dnalect.models.backends import precision_of
from dnalect.models.load import load
from dnalect.models.model import Model
from dnalect.models.precision import use_threads
from dnalect.tokens.bases import decode, encode, opposite
from dnalect.why.nulls import shuffled

# Bases of a window where the query's length does not say it.
SHORTEST, LONGEST = 50, 2_000
NULLS = 20


def similar_windows(options: Options) -> Found:
    """Search, and write every output. Raises a DnalectError and leaves nothing behind where something is unusable."""
    use_threads(options.threads)
    inputs = (options.source, options.annotate, options.model, options.to)
    check_outputs([*options.outputs, options.index], [each for each in inputs if each != options.index])
    genome = open_genome(options.source)
    name, text, own = _query(options.to, genome)
    annotation = open_annotation(options.annotate) if options.annotate else None
    how = How(options.pool, options.layer, 1, options.batch, quiet=True)
    index, model = _index(options, genome, len(text), how)
    forward, backward = how(model, [text, opposite(text)])
    hits = index.search(forward, backward, options.space, options.top, own)
    texts = [
        spelled(genome, *place)
        for place in zip(*(each[hits.rows].tolist() for each in (index.contig, index.start, index.end)), strict=True)
    ]
    shuffles = _shuffled(text)
    null = index.best(how(model, shuffles), how(model, [opposite(each) for each in shuffles]), options.space)
    rivals = rivals_of(text, texts, genome, index)
    rows = []
    for at, (row, rival) in enumerate(zip(hits.rows.tolist(), rivals, strict=True)):
        contig, start, end = genome.names[index.contig[row]], int(index.start[row]), int(index.end[row])
        middle = (start + end) // 2
        gene, region, _ = annotation.annotate(contig, middle, middle + 1) if annotation else ("", "", None)
        rows.append((str(at + 1), contig, str(start), str(end), *_cells(hits, at, rival, len(index)), gene, region))
    found = Found(
        name, len(index), hits, NAMES, tuple(rows), notes_of(options.space, hits, null, rivals, len(index)), index.facts
    )
    with written_together() as files:
        for output in options.outputs:
            files.place(Path(output)).write_text("".join(written(output, found, options)), encoding="utf-8")
    return found


def _cells(hits: Hits, at: int, rival: Rival, windows: int) -> tuple[str, ...]:
    p, strand = float(hits.p[at]), "+" if hits.forward[at] else "-"
    aligned = f"{rival.aligned:.3f}" if rival.aligned else "0"
    return (
        strand,
        f"{hits.similarity[at]:.4f}",
        f"{p:.2g}",
        f"{p * windows:.3g}",
        f"{rival.words:.4f}",
        f"{rival.words_p:.2g}",
        aligned,
    )


def _query(given: str, genome: Genome) -> tuple[str, str, tuple[int, int, int] | None]:
    """Return the name of what is looked for, its bases, and where it lies on the genome."""
    if is_sequence(given):
        name, text, own = "the sequence", given.upper(), None
    elif Path(given).is_file():
        items = list(fasta_source(given, Tiling()).items)
        if len(items) != 1:
            raise InputError(f"{given} has {len(items):,} records, and one is looked for: give a FASTA of one")
        name, text, own = items[0].id, items[0].sequence.upper(), None
    else:
        region = parse_regions(genome, [given.replace(",", "")])[0]
        own = (region.contig, region.start, region.end)
        name, text = given, spelled(genome, *own)
    if len(text) < SHORTEST or not known(text):
        raise InputError(f"{name} has {len(text):,} bases; at least {SHORTEST} known ones are needed")
    return name, text, own


def _index(options: Options, genome: Genome, length: int, how: How) -> tuple[Index, Model]:
    """Return the index and the model that made it: the kept one, where it is of this genome, model and settings."""
    model = load(options.model or model_for(genome, None), options.device, options.dtype)
    window = options.window or min(max(length, SHORTEST), LONGEST)
    sizes = window, options.step or max(1, window // 2)
    told = _facts(options, genome, model)
    path = Path(options.index) if options.index else None
    if path and path.is_file():
        return kept_index(path, told, sizes if options.window else None, length), model
    index = index_of(genome, model, *sizes, how, told)
    if path:
        write_index(path, index)
    return index, model


def _shuffled(text: str) -> list[str]:
    """Return sequences with the same number of each pair of neighbours."""
    rng = np.random.default_rng(1)
    return [decode(shuffled(encode(text), rng)) for _ in range(NULLS)]


def _facts(options: Options, genome: Genome, model: Model) -> dict[str, str]:
    layer = model.language.can.layers if options.layer is None else options.layer
    return {
        "genome": f"{genome.path.name} {genome.checksum}",
        "model": f"{model.card.id} {model.card.sha256}",
        "pool": options.pool,
        "layer": str(layer) + (", normed" if options.layer is None else ""),
        "dtype": precision_of(model),
    }
