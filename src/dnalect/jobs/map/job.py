"""Windows of a file, or their vectors -> a map of them, as pictures, a page and AnnData: the whole of `dnalect map`."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from dnalect import __version__
from dnalect.alike.clusters import check_clusters
from dnalect.alike.maps import Map, Settings, chosen, made
from dnalect.alike.projection import check_method
from dnalect.alike.spaces import RIVALS, How, how_of, rival_vectors
from dnalect.alike.vectors import Vectors, check_anndata, holds_vectors, read_vectors
from dnalect.core.errors import FastaError, InputError, OutputError
from dnalect.core.files import check_outputs
from dnalect.core.reporter import say
from dnalect.examples.items import cells_of, sampled
from dnalect.examples.sources import known
from dnalect.genome.fasta import open_genome
from dnalect.genome.gff import open_annotation
from dnalect.jobs.embed.job import Opened, open_windows
from dnalect.jobs.map.options import Options
from dnalect.jobs.map.outputs import write_maps
from dnalect.models.load import load
from dnalect.models.model import Model

OUTPUTS = (".html", ".png", ".svg", ".h5ad")
# A FASTA of records that are longer is a genome: it is cut into windows of the model's own size.
LONG = 10_000


def make_map(options: Options) -> Map:
    """Embed what is to be drawn, unless it is vectors, map it beside its rivals, and write every output.

    Raises a DnalectError and leaves nothing behind where an input or output is unusable.
    """
    for output in options.outputs:
        check_output(output)
    check_outputs(options.outputs, (options.source, options.reference, options.annotate, options.rename, options.model))
    check_method(options.method or "pca")
    check_clusters(options.clusters or "none")
    vectors, model, who = _read(options) if holds_vectors(options.source) else _embedded(options)
    if options.annotate:
        vectors = vectors.annotated(open_annotation(options.annotate))
        if set(vectors.columns["region"]) == {""}:
            raise InputError(f"{options.annotate} has no contig that the windows of {options.source} lie on")
    labels = list(options.colours) or [*(["region"] if options.annotate else []), *vectors.labels][:1]
    for label in labels:
        vectors.column(label)
    rivals = _rivals(options, vectors, model)
    found = made(vectors, who, rivals, labels, _settings(options, len(vectors)))
    found = replace(found, vectors=replace(found.vectors, facts=_facts(options, found)))
    for note in found.notes:
        say(note)
    write_maps(options.outputs, found)
    return found


def check_output(output: str) -> None:
    """Raise OutputError for a suffix that is none of a map's, or for h5ad without anndata."""
    if not output.endswith(OUTPUTS):
        raise OutputError(f"the output {output} has none of the suffixes {', '.join(OUTPUTS)}")
    if output.endswith(".h5ad"):
        check_anndata(Path(output))


def _settings(options: Options, rows: int) -> Settings:
    """What is asked for, or what is installed. Raises ConfigError where a library is missing."""
    method, clusters = chosen(options.method, options.clusters, rows)
    told = options.resolution, options.count, options.neighbours, options.apart, options.permutations, options.seed
    return Settings(tuple(dict.fromkeys([method, "pca"])), clusters, *told)


def _read(options: Options) -> tuple[Vectors, Model | None, str]:
    """Return the vectors of a file, with the sequences of their places where a reference is given."""
    vectors = read_vectors(options.source)
    if len(vectors) > options.sample:
        say(f"{options.sample:,} of {len(vectors):,} vectors, at random (--sample)")
        rows = np.random.default_rng(options.seed).choice(len(vectors), options.sample, replace=False)
        vectors = vectors.take(np.sort(rows))
    who = vectors.facts.get("model", "") or "vectors"
    if not options.reference:
        return vectors, None, who
    vectors = vectors.spelled(open_genome(options.reference))
    model = load(options.model or who, options.device, options.dtype) if "untrained" in options.rivals else None
    return vectors, model, who


def _embedded(options: Options) -> tuple[Vectors, Model, str]:
    """Return the vectors of the windows of a file, of more than `sample` some at random."""
    found = _opened(options)
    items, total = sampled((item for item in found.source.items if known(item.sequence)), options.sample, options.seed)
    if not items:
        raise InputError(f"{options.source} holds nothing to draw")
    if total > len(items):
        say(f"{len(items):,} of {total:,} windows, at random (--sample)")
    texts = [item.sequence for item in items]
    how = How(options.pool, options.layer, options.ways, options.batch)
    facts = {**found.facts, "notes": "; ".join(found.source.notes)}
    vectors = Vectors(how(found.model, texts), cells_of(items, found.source.columns), facts, tuple(texts))
    return vectors, found.model, found.model.card.id


def _opened(options: Options) -> Opened:
    """Open the windows; of a genome that nobody asked to cut, those of the model's own size."""
    found = open_windows(options)
    if found.kind != "fasta" or options.window:
        return found
    try:
        longest = int(open_genome(options.source).lengths.max())
    except FastaError:  # names that repeat: sequences, and no genome
        return found
    if longest <= LONG:
        return found
    size = found.model.language.card.window
    say(f"{Path(options.source).name} is a genome: windows of {size:,} bases (--window)")
    return open_windows(replace(options, window=size, model=found.model))


def _rivals(options: Options, vectors: Vectors, model: Model | None) -> dict[str, np.ndarray]:
    names = [name for name in dict.fromkeys(options.rivals) if name != "none"]
    if names and not vectors.sequences:
        say(f"{options.source} holds no sequences, so no rivals are beside it: give the genome with --reference")
        return {}
    how = how_of(vectors.facts, How(options.pool, options.layer, options.ways, options.batch))
    return {RIVALS[name]: rival_vectors(name, model, vectors.sequences, how, options.seed) for name in names}


def _facts(options: Options, found: Map) -> dict[str, str]:
    settings, facts = found.settings, found.vectors.facts
    own = {
        "version": __version__,
        "command": options.command,
        "map_methods": ", ".join(settings.methods),
        "clusters": settings.clusters,
        "resolution": f"{settings.resolution:g}",
        "neighbours": f"{settings.neighbours}, by cosine of 50 principal components of standardised channels",
        "purity": f"neighbours within {settings.apart:,} bases left out; {settings.permutations:,} turns of the labels",
        "seed": str(settings.seed),
    }
    return {**facts, **own}
