"""A fine-tuned model and sequences -> files of predictions: the whole of `dnalect predict`, streaming."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
import numpy.typing as npt

from dnalect.core.engines import Worker
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.files import check_outputs, written_together
from dnalect.core.kept import Form, kept_beside
from dnalect.core.ray_pool import workers_of
from dnalect.core.reporter import phase, say
from dnalect.core.runs import packed, unpacked
from dnalect.core.shards import opened_shard
from dnalect.examples.items import Column, Item, Source, chunks
from dnalect.examples.sources import Tiling, check_file, kind_of, known, windows_of
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.names import ContigNames
from dnalect.inference.predictions import predictions
from dnalect.jobs.predict.along import predict_along
from dnalect.jobs.predict.answers import Answer, answer_named, answered, answers_of
from dnalect.jobs.predict.beside import beside, columns_needed, signals_of, signals_told
from dnalect.jobs.predict.facts import Done, facts_of, identity
from dnalect.jobs.predict.options import Options
from dnalect.jobs.predict.outputs import Shape, open_output, suffix_of
from dnalect.jobs.workers import rests_on
from dnalect.models.backends import precision_of
from dnalect.models.load import load, tuned_model
from dnalect.models.pooled import middle
from dnalect.models.precision import use_threads
from dnalect.models.predictor import Predictions, Predictor

# Sequences that are held at once, and the bases that they may have.
ROWS, BASES = 512, 1 << 22
Singles = npt.NDArray[np.float32]
# Sequences that hold a known base where they are read, and the signals beside them.
Asked = tuple[list[str], Singles | None]


def predict_file(options: Options) -> Done:
    """Predict every sequence of a FASTA, BED or table, and write every output.

    Raises a DnalectError and leaves nothing behind where an input or output is unusable.
    """
    use_threads(options.threads)
    source, model = options.source, options.predictor
    for output in options.outputs:
        suffix_of(output)
    check_file(source)
    check_outputs(options.outputs, (source, options.reference, options.rename, model))
    kind = kind_of(source)
    loaded = load(model, options.device, options.dtype)
    if kind == "variants":
        raise InputError(f"{source} holds variants: what a model says of them is for dnalect score --model")
    if kind == "bed" and not options.reference:
        raise ConfigError("intervals need the genome that they lie on: give it with --reference")
    if kind == "fasta" and options.reference:
        raise ConfigError("a FASTA is predicted as it is: leave --reference out, or give a BED of windows on it")
    if loaded.can.tracks:
        return predict_along(options, kind, loaded)
    predictor = tuned_model(loaded)
    genome = _genome(kind, source, options)
    tiling = Tiling(options.window, options.step)
    signals = signals_of(predictor, options, kind)
    labels = (*options.labels, *(name for name in columns_needed(options) if name not in options.labels))
    opened = windows_of(source, kind, genome, tiling, labels, options.rename)
    answers = answers_of(predictor.can.targets)
    origin = predictor.card.origin
    calibrated = "on validation data" if predictor.calibration and not options.raw else "no"
    told = {"base": f"{origin.name} {origin.revision}", "calibrated": calibrated}
    told |= {"signals": "; ".join(signals_told(options)) or "none"} if predictor.can.signals else {}
    told |= {"dtype": precision_of(predictor)} if options.dtype != "float32" else {}
    facts = facts_of(options, kind, genome, predictor.card, answers, **told)
    names = ContigNames(genome, options.rename) if genome is not None else None
    columns = _renamed(opened, answers)
    shape = Shape(columns, answers, answer_named(answers, options.track), names, kind == "fasta", facts)
    rows = blank = long = 0
    total = _total(kind, genome, tiling, opened)
    shown = phase("predicting", total, "sequences")
    kept = kept_beside(options.outputs, "prediction", partial(identity, options, predictor, genome))
    outputs = () if options.shard else options.outputs
    with (
        opened_shard(kept, "predict", options) as (shard, shards),
        workers_of(options, worker, rests_on([predictor])) as pool,
        shown as bar,
        written_together() as files,
        ExitStack() as stack,
    ):
        writers = [stack.enter_context(open_output(output, shape, files)) for output in outputs]
        beside_them = ((items, beside(signals, items, opened.columns)) for items in chunks(opened.items, ROWS, BASES))
        pieces, form = _pieces(beside_them, predictor.can.context_bases), _form(predictor)
        mine = islice(pieces, shard, None, shards)
        for (items, readable), found in kept.stream(mine, partial(_predicted, predictor, options), form, pool):
            answer = answered(answers, found, readable)
            for writer in writers:
                writer.write(items, answer)
            rows += len(items)
            blank += int((~readable).sum())
            long += sum(len(item.sequence) > predictor.can.context_bases for item in items)
            bar.update(len(items))
        notes = [*opened.notes, *_notes(rows, blank, long, predictor), *(signals.notes() if signals else [])]
        if not rows and not options.shard:
            raise InputError("; ".join([f"{source} holds nothing to predict", *notes]))
        facts["notes"] = "; ".join(notes)
    for note in notes:
        say(note)
    return Done(rows, tuple(each.name for each in answers), predictor.card.id, tuple(notes))


def _genome(kind: str, source: str, options: Options) -> Genome | None:
    """The reference, or the FASTA itself where it is cut into tiles."""
    if kind == "fasta":
        return open_genome(source) if options.window else None
    return open_genome(options.reference) if options.reference else None


def _renamed(opened: Source, answers: Sequence[Answer]) -> tuple[Column, ...]:
    """The columns of the source; given_NAME where a prediction has the name."""
    taken = {each.name for each in answers}
    return tuple(replace(each, name=f"given_{each.name}") if each.name in taken else each for each in opened.columns)


def worker(options: Options) -> Worker:
    """Return what predicts the sequences of a chunk."""
    use_threads(options.threads)
    predictor = tuned_model(load(options.predictor, options.device, options.dtype))
    form = _form(predictor)
    return Worker(lambda asked: form.pack(_predicted(predictor, options, asked)), rests_on([predictor]))


def _pieces(
    found: Iterable[tuple[Sequence[Item], Singles | None]], most: int
) -> Iterator[tuple[str, Asked, tuple[Sequence[Item], npt.NDArray[np.bool_]]]]:
    """Yield the key of each chunk, what is predicted, and its items with which of them hold a known base (n,).

    most: bases of a sequence that are read.
    """
    for number, (items, levels) in enumerate(found):
        texts = [middle(item.sequence, most) for item in items]
        readable = np.array([known(text) for text in texts])
        chosen = [text for text, use in zip(texts, readable.tolist(), strict=True) if use]
        yield str(number), (chosen, None if levels is None else levels[readable]), (items, readable)


def _predicted(predictor: Predictor, options: Options, asked: Asked) -> Predictions:
    return predictions(predictor, asked[0], options.batch, not options.raw, asked[1])


def _form(predictor: Predictor) -> Form[Predictions]:
    """How predictions are kept: names of targets are no names of arrays."""
    targets = list(predictor.can.targets)

    def pack(found: Predictions) -> bytes:
        return packed({str(number): found[name] for number, name in enumerate(targets)}, compressed=False)

    def unpack(data: bytes) -> Predictions:
        arrays = unpacked(data)
        return {name: arrays[str(number)] for number, name in enumerate(targets)}

    return Form(pack, unpack)


def _notes(rows: int, blank: int, long: int, predictor: Predictor) -> list[str]:
    notes = []
    if long:
        most = f"{predictor.can.context_bases:,}"
        notes.append(f"of {long:,} of {rows:,} sequences, longer than {most} bases, the middle {most} bases were read")
    if blank:
        notes.append(f"{blank:,} of {rows:,} sequences hold no known base: their predictions are empty")
    return notes


def _total(kind: str, genome: Genome | None, tiling: Tiling, opened: Source) -> int | None:
    """How many items there will be at most, as far as it is known."""
    if kind != "fasta" or genome is None or not tiling.size:
        return opened.total
    beyond = np.maximum(genome.lengths - tiling.size, 0)
    return int((1 - -beyond // (tiling.step or tiling.size)).sum())
