"""A fine-tuned model and sequences -> files of predictions: the whole of `dnalect predict`, streaming."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect import __version__
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.files import check_outputs, sha256, written_together
from dnalect.core.kept import facts_of_options, kept_beside
from dnalect.core.reporter import phase, say
from dnalect.core.runs import packed, unpacked
from dnalect.examples.items import Column, Item, Source, chunks
from dnalect.examples.sources import Tiling, check_file, kind_of, known, windows_of
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.names import ContigNames
from dnalect.inference.predictions import predictions
from dnalect.jobs.predict.along import predict_along
from dnalect.jobs.predict.answers import Answer, Answers, answer_named, answered, answers_of
from dnalect.jobs.predict.beside import beside, columns_needed, signals_of, signals_told
from dnalect.jobs.predict.facts import Done, facts_of
from dnalect.jobs.predict.options import Options
from dnalect.jobs.predict.outputs import Shape, open_output, suffix_of
from dnalect.models.load import load, tuned_model
from dnalect.models.pooled import middle
from dnalect.models.precision import use_threads
from dnalect.models.predictor import Predictor

# Sequences that are held at once, and the bases that they may have.
ROWS, BASES = 512, 1 << 22
# Options that change no prediction, or are told in another form.
ASIDE = {"outputs", "track", "command", "threads", "model", "reference", "given"}
Singles = npt.NDArray[np.float32]


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
    facts = facts_of(options, kind, genome, predictor.card, answers, **told)
    names = ContigNames(genome, options.rename) if genome is not None else None
    columns = _renamed(opened, answers)
    shape = Shape(columns, answers, answer_named(answers, options.track), names, kind == "fasta", facts)
    rows = blank = long = 0
    total = _total(kind, genome, tiling, opened)
    shown = phase("predicting", total, "sequences")
    kept = kept_beside(options.outputs, "prediction", partial(_identity, options, predictor, genome))
    with kept.opened(), shown as bar, written_together() as files, ExitStack() as stack:
        writers = [stack.enter_context(open_output(output, shape, files)) for output in options.outputs]
        for number, items in enumerate(chunks(opened.items, ROWS, BASES)):
            levels = beside(signals, items, opened.columns)
            found, empty = _predicted(predictor, answers, items, options, levels, partial(kept.of, str(number)))
            for writer in writers:
                writer.write(items, found)
            rows += len(items)
            blank += empty
            long += sum(len(item.sequence) > predictor.can.context_bases for item in items)
            bar.update(len(items))
        notes = [*opened.notes, *_notes(rows, blank, long, predictor), *(signals.notes() if signals else [])]
        if not rows:
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


def _predicted(
    predictor: Predictor,
    answers: Sequence[Answer],
    items: Sequence[Item],
    options: Options,
    levels: Singles | None,
    kept: Callable[[Callable[[], bytes]], bytes],
) -> tuple[Answers, int]:
    """Return what is predicted of some items, and how many of them hold no known base where they are read.

    kept: gives the numbers, from where they were kept or computed.
    """
    texts = [middle(item.sequence, predictor.can.context_bases) for item in items]
    readable = np.array([known(text) for text in texts])
    chosen = [text for text, use in zip(texts, readable.tolist(), strict=True) if use]
    signals = None if levels is None else levels[readable]

    def compute() -> bytes:
        found = predictions(predictor, chosen, options.batch, not options.raw, signals)
        return packed({str(number): found[name] for number, name in enumerate(predictor.can.targets)}, compressed=False)

    arrays = unpacked(kept(compute))
    found = {name: arrays[str(number)] for number, name in enumerate(predictor.can.targets)}
    return answered(answers, found, readable), int((~readable).sum())


def _identity(options: Options, predictor: Predictor, genome: Genome | None) -> dict[str, Any]:
    """Return what the predictions of a run depend on."""
    return {
        "version": __version__,
        "model": predictor.card.sha256,
        "reference": genome.checksum if genome else "",
        "source": sha256(Path(options.source)),
        "signals": signals_told(options),
        **facts_of_options(options, ASIDE),
    }


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
