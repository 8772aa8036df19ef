"""Windows of a file -> their embeddings in other files: the whole of `dnalect embed`, streaming."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pyarrow.parquet import read_table

from dnalect import __version__
from dnalect.core.engines import ENGINE, Worker
from dnalect.core.errors import ConfigError, FastaError, InputError, ModelError
from dnalect.core.files import check_outputs, sha256, written_together
from dnalect.core.kept import Form, facts_of_options, kept_beside
from dnalect.core.ray_pool import workers_of
from dnalect.core.reporter import phase, say
from dnalect.core.runs import packed, unpacked
from dnalect.core.shards import opened_shard
from dnalect.examples.items import VECTORS, Item, Source, chunks
from dnalect.examples.sources import (
    Tiling,
    check_file,
    kind_of,
    known,
    variant_source,
    windows_of,
)
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.names import ContigNames
from dnalect.inference.embed import embed, per_base
from dnalect.jobs.embed.map import matrix, plot_vectors
from dnalect.jobs.embed.options import PER_BASE, Options, Windows
from dnalect.jobs.embed.outputs import Floats, check_anndata, open_output, suffix_of
from dnalect.jobs.selection import model_for
from dnalect.jobs.workers import rests_on
from dnalect.models.backends import precision_of
from dnalect.models.catalogue import embedded_cards
from dnalect.models.load import load
from dnalect.models.model import Model, Named
from dnalect.models.pooled import Reading, check_reading
from dnalect.models.precision import use_threads

# Windows whose sequences and vectors are held at once, and the bases and bytes that they may have.
ROWS, BASES, BYTES = 512, 1 << 22, 1 << 26
# Bytes that the vectors of the bases of one sequence may take.
LARGEST = 1 << 30
MIN_WINDOW = 64
# Of whole windows, and not one a base.
WHOLE = "vectors"
Vectors = Floats | list[Floats]
# Options that change no vector, or are told in another form.
ASIDE = {"outputs", "plot", "method", "colour", "command", "threads", "model", "reference", "shard", *ENGINE}


@dataclass(frozen=True)
class Done:
    """What a run has written. rows: windows. width: channels. notes: what was left out or found, in words."""

    rows: int
    width: int
    model: str
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Opened:
    """An input and the model that reads it. name: of the model. facts: what a reader needs to repeat the run."""

    source: Source
    model: Model
    name: Named
    kind: str
    genome: Genome | None
    facts: dict[str, str]


def embed_file(options: Options) -> Done:
    """Embed every window of a FASTA, BED, VCF or table, and write every output.

    Raises a DnalectError and leaves nothing behind where an input or output is unusable.
    """
    if options.shard or not options.plot:
        return _embedded(options, options.outputs)
    with TemporaryDirectory() as name:
        kept = f"{name}/map.parquet"
        done = _embedded(options, [*options.outputs, kept])
        table = read_table(kept)
        vectors = matrix(table[VECTORS].combine_chunks())
        plot_vectors(vectors, table, Path(options.plot), options.method, options.colour)
    return done


def open_windows(options: Windows) -> Opened:
    """Open what is embedded and load the model that reads it. Raises a DnalectError where either is unusable."""
    use_threads(options.threads)
    kind = kind_of(options.source)
    tiling = Tiling(options.window, options.step)
    genome = _reference(kind, options)
    name = _model_name(options.source, kind, genome, options)
    model = load(name, options.device, options.dtype)
    base = model.language
    pool = "mean" if options.pool == PER_BASE else options.pool
    check_reading(base, Reading(pool, options.layer, options.ways))
    if kind == "variants":
        tiling = _around_alleles(tiling, base)
    opened = _opened(options.source, kind, genome, tiling, base, options)
    return Opened(opened, model, name, kind, genome, _facts(options.source, kind, genome, tiling, model, options))


def _embedded(options: Options, outputs: Sequence[str]) -> Done:
    bases = options.pool == PER_BASE
    _check_paths(outputs, options, bases)
    found = open_windows(options)
    opened, model, facts, base = found.source, found.model, found.facts, found.model.language
    width = 2 * base.can.width if options.pool == "mean-max" else base.can.width
    rows = blank = 0
    shown = phase("embedding", opened.total, "windows")
    kept = kept_beside(outputs, "embedding", partial(_identity, found, options))
    with (
        opened_shard(kept, "embed", options) as (shard, shards),
        workers_of(replace(options, model=found.name), worker, rests_on([model])) as pool,
        shown as bar,
        written_together() as files,
        ExitStack() as stack,
    ):
        writers = [
            stack.enter_context(open_output(Path(output), opened.columns, width, bases, facts, files))
            for output in (() if options.shard else outputs)
        ]
        cut = chunks(opened.items, ROWS, BYTES // (4 * width) if bases else BASES)
        pieces = ((str(number), _texts(items, width if bases else 0), items) for number, items in enumerate(cut))
        mine = islice(pieces, shard, None, shards)
        for items, vectors in kept.stream(mine, partial(_vectors, model, options), FORM, pool):
            for writer in writers:
                writer.write(items, vectors)
            rows += len(items)
            blank += sum(not known(item.sequence) for item in items)
            bar.update(len(items))
        notes = [*opened.notes, *([f"{blank:,} windows hold no known base: their vectors are 0"] if blank else [])]
        if not rows and not options.shard:
            raise InputError("; ".join([f"{options.source} holds nothing to embed", *notes]))
        facts["notes"] = "; ".join(notes)
    for note in notes:
        say(note)
    return Done(rows, width, model.card.id, tuple(notes))


def worker(options: Options) -> Worker:
    """Return what embeds the texts of a chunk."""
    use_threads(options.threads)
    model = load(options.model, options.device, options.dtype)
    return Worker(lambda texts: FORM.pack(_vectors(model, options, texts)), rests_on([model]))


def _texts(items: Sequence[Item], width: int) -> list[str]:
    """Return the sequences of items. width: of the vectors that each base gets, 0 for none."""
    if width:
        _check_sizes(items, width)
    return [item.sequence for item in items]


def _vectors(model: Model, options: Options, texts: Sequence[str]) -> Vectors:
    """Return the vectors of texts, or of their bases."""
    if options.pool == PER_BASE:
        return per_base(model, texts, options.layer, options.ways, options.batch, quiet=True)
    return embed(model, texts, options.pool, options.layer, options.ways, options.batch, quiet=True)


def _packed(vectors: Vectors) -> bytes:
    named = {str(n): each for n, each in enumerate(vectors)} if isinstance(vectors, list) else {WHOLE: vectors}
    return packed(named, compressed=False)


def _unpacked(data: bytes) -> Vectors:
    arrays = unpacked(data)
    return arrays[WHOLE] if WHOLE in arrays else [arrays[str(number)] for number in range(len(arrays))]


FORM = Form(_packed, _unpacked)


def _identity(found: Opened, options: Options) -> dict[str, Any]:
    """Return what the vectors of a run depend on."""
    return {
        "version": __version__,
        "model": found.model.card.sha256,
        "reference": found.genome.checksum if found.genome else "",
        **facts_of_options(options, ASIDE),
        "dtype": precision_of(found.model),
    }


def _check_sizes(items: Sequence[Item], width: int) -> None:
    """Raise InputError for a sequence whose bases have more vectors than may be held."""
    for item in items:
        if (size := 4 * width * len(item.sequence)) > LARGEST:
            raise InputError(
                f"{item.id} has {len(item.sequence):,} bases, and a vector for each of them would take "
                f"{size / (1 << 30):.1f} GiB at once: cut it into windows with --window"
            )


def _check_paths(outputs: Sequence[str], options: Options, bases: bool) -> None:
    check_file(options.source)
    check_outputs([*outputs, options.plot], (options.source, options.reference, options.rename, options.model))
    for output in outputs:
        if suffix_of(output, bases) == ".h5ad":
            check_anndata(Path(output))


def _reference(kind: str, options: Windows) -> Genome | None:
    if kind in ("bed", "variants") and not options.reference:
        what = "intervals" if kind == "bed" else "variants"
        raise ConfigError(f"{what} need the genome that they lie on: give it with --reference")
    if kind == "fasta" and options.reference:
        raise ConfigError("a FASTA is embedded as it is: leave --reference out, or give a BED of windows on it")
    return open_genome(options.reference) if options.reference else None


def _model_name(source: str, kind: str, genome: Genome | None, options: Windows) -> Named:
    named: Named | None = options.model
    if named is not None and named != "":
        return named
    if kind == "fasta":
        try:
            genome = open_genome(source)
        except FastaError:
            genome = None  # names that repeat: sequences, and no genome
    if genome is not None:
        return model_for(genome, None)
    own = ", ".join(card.id for card in embedded_cards())
    raise ModelError(
        f"nothing here says which genome the sequences of {source} come from: name a model with --model, "
        f"an embedded one ({own}), a published one (`dnalect models list` has their names), OWNER/NAME on the hub, or "
        "a folder"
    )


def _opened(source: str, kind: str, genome: Genome | None, tiling: Tiling, model: Model, options: Windows) -> Source:
    if kind != "variants" or genome is None:
        return windows_of(source, kind, genome, tiling, options.labels, options.rename)
    flank = (tiling.size or 0) // 2
    longest = model.can.context_bases - 2 * flank
    return variant_source(source, genome, ContigNames(genome, options.rename), flank, longest)


def _around_alleles(tiling: Tiling, model: Model) -> Tiling:
    """Return the windows of variants, the model's own size where none is given. Raises a DnalectError for others."""
    if tiling.step:
        raise ConfigError("--step is for tiles of a FASTA or BED; windows of variants lie around the alleles")
    most = model.can.context_bases * 3 // 4
    window = tiling.size or min(model.card.window, most)
    if not MIN_WINDOW <= window <= most:
        raise ModelError(f"--window of variants must lie between {MIN_WINDOW} and {most:,} bases for {model.card.id}")
    return Tiling(window)


def _facts(
    source: str, kind: str, genome: Genome | None, tiling: Tiling, model: Model, options: Windows
) -> dict[str, str]:
    """Return what a reader needs to repeat the run."""
    base = model.language
    layer = base.can.layers if options.layer is None else options.layer
    twice = options.ways == 2 and base.can.strands == "halves"
    facts = {
        "version": __version__,
        "command": options.command,
        "model": model.card.id,
        "model_revision": model.card.revision,
        "model_sha256": model.card.sha256,
        "pool": options.pool,
        "layer": f"{layer} of {base.can.layers}" + (", normed" if options.layer is None else ""),
        "strands": str(options.ways) + ("; the second half of the channels repeats the first" if twice else ""),
        "window": str(tiling.size or ""),
        "step": str(tiling.step or ""),
        "dtype": precision_of(base),
        "device": str(base.device),
        "input": f"{Path(source).name} {sha256(Path(source))}",
        "input_kind": kind,
        "reference": f"{genome.path.name} {genome.checksum}" if genome is not None else "",
        "notes": "",
    }
    return {name: value.replace("\n", " ") for name, value in facts.items()}
