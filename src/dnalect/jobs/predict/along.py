"""A model of tracks and a genome -> files of its bins, streaming: a row, or a stretch of a bigWig, for each bin."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice

import numpy as np
import numpy.typing as npt

from dnalect.core.engines import Worker
from dnalect.core.errors import ConfigError, InputError, OutputError
from dnalect.core.files import written_together
from dnalect.core.kept import Form, kept_beside
from dnalect.core.ray_pool import workers_of
from dnalect.core.reporter import phase, say
from dnalect.core.runs import packed, unpacked
from dnalect.core.shards import opened_shard
from dnalect.examples.items import Item
from dnalect.examples.sources import Tiling, bed_source
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.names import ContigNames
from dnalect.inference.bins import Bins, answered_bases, bins_at, windows_along
from dnalect.jobs.predict.answers import Answer, Answers, answer_named
from dnalect.jobs.predict.facts import Done, facts_of, identity
from dnalect.jobs.predict.options import Options
from dnalect.jobs.predict.outputs import Shape, open_output, suffix_of
from dnalect.jobs.workers import rests_on
from dnalect.models.heads import HeadSpec
from dnalect.models.load import load
from dnalect.models.model import Model
from dnalect.models.precision import use_threads

# Of a contig: its number, and a stretch of it.
Stretch = tuple[int, int, int]
Singles = npt.NDArray[np.float32]


def predict_along(options: Options, kind: str, model: Model) -> Done:
    """Write the tracks of all contigs of a FASTA, or of the intervals of a BED, to every output.

    Raises a DnalectError and leaves nothing behind where an input or output is unusable.
    """
    tracks = model.can.tracks
    assert tracks is not None
    _check(options, kind, model)
    genome = _genome(kind, options)
    names = ContigNames(genome, options.rename)
    answers = tuple(Answer(name, HeadSpec(name, "signal", (name,)), 0) for name in tracks.names)
    facts = facts_of(options, kind, genome, model.card, answers, bin=str(tracks.stride))
    shape = Shape((), answers, answer_named(answers, options.track), names, kind == "fasta", facts)
    stretches = list(_stretches(kind, options, genome, names))
    step = answered_bases(model)
    total = sum(-(-(end - start) // step) for _, start, end in stretches)
    windows = ((contig, *each) for contig, start, end in stretches for each in windows_along(model, start, end))
    pieces = ((f"{number}", each, each) for number, each in enumerate(windows))
    kept = kept_beside(options.outputs, "prediction", partial(identity, options, model, genome))
    rows = blank = 0
    outputs = () if options.shard else options.outputs
    with (
        opened_shard(kept, "predict", options) as (shard, shards),
        workers_of(options, partial(worker, kind), rests_on([model], genome)) as pool,
        phase("predicting", total, "windows") as bar,
        written_together() as files,
        ExitStack() as stack,
    ):
        mine = islice(pieces, shard, None, shards)
        writers = [stack.enter_context(open_output(output, shape, files)) for output in outputs]
        for (contig, low, high), found in kept.stream(mine, partial(_tracks, model, genome), FORM, pool):
            bar.update(1)
            if not len(found):
                blank += 1
                continue
            items = _items(Bins(contig, low, high, tracks.stride, found), genome.names[contig])
            numbers = {name: found[:, n] for n, name in enumerate(tracks.names)}
            for writer in writers:
                writer.write(items, Answers(numbers, {}))
            rows += len(items)
        notes = [f"{blank:,} of {total:,} windows without a known base left out"] if blank else []
        if not rows and not options.shard:
            raise InputError("; ".join([f"{options.source} holds nothing to predict", *notes]))
        facts["notes"] = "; ".join(notes)
    for note in notes:
        say(note)
    return Done(rows, tracks.names, model.card.id, tuple(notes))


def worker(kind: str, options: Options) -> Worker:
    """Return what predicts the bins of a window."""
    use_threads(options.threads)
    model, genome = load(options.predictor, options.device, options.dtype), _genome(kind, options)
    return Worker(lambda window: FORM.pack(_tracks(model, genome, window)), rests_on([model], genome))


def _genome(kind: str, options: Options) -> Genome:
    return open_genome(options.source if kind == "fasta" else options.reference or "")


def _tracks(model: Model, genome: Genome, window: Stretch) -> Singles:
    """Return the tracks of what a window answers (bins, tracks), no bins where no base of it is known."""
    found = bins_at(model, genome, *window)
    return np.empty((0, 0), dtype=np.float32) if found is None else found.tracks


FORM: Form[Singles] = Form(
    lambda tracks: packed({"tracks": tracks}, compressed=False), lambda data: unpacked(data)["tracks"]
)


def _check(options: Options, kind: str, model: Model) -> None:
    """Raise where options and input are none of a model of tracks."""
    name = model.card.id
    if kind not in ("fasta", "bed"):
        raise InputError(f"{name} predicts tracks along a genome: give a FASTA, or a BED with --reference")
    given = {"--window": options.window, "--step": options.step, "--label": options.labels, "--raw": options.raw}
    if wrong := [flag for flag, value in given.items() if value]:
        raise ConfigError(f"{name} predicts tracks in windows of its own: leave {wrong[0]} out")
    if beds := [output for output in options.outputs if suffix_of(output) == ".bed"]:
        raise OutputError(
            f"{beds[0]}: the tracks of {name} have no scale for the scores of a BED; write .bw or .parquet"
        )


def _stretches(kind: str, options: Options, genome: Genome, names: ContigNames) -> Iterator[Stretch]:
    if kind == "fasta":
        yield from ((number, 0, int(length)) for number, length in enumerate(genome.lengths))
        return
    for item in bed_source(options.source, genome, names, Tiling()).items:
        number = names.number(item.contig)
        assert number is not None
        yield number, item.start, item.end


def _items(found: Bins, contig: str) -> Sequence[Item]:
    return [Item("", f"{contig}:{start}-{end}", contig, start, end) for start, end in found.spans]
