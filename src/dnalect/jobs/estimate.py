"""What a run will cost, said before it begins: a small part of it is timed, on this machine and on its own input."""

import gzip
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import torch

from dnalect.core.errors import DnalectError
from dnalect.core.records import Variant
from dnalect.core.reporter import duration, reporter, say, using
from dnalect.genome.streams import GZIP
from dnalect.genome.variants import Variants, open_variants
from dnalect.jobs.scoring import CHUNK, Scoring
from dnalect.models.precision import computes_bf16

# Seconds: shorter runs say nothing.
WORTH_SAYING = 60.0
# Seconds that looking into the input may take, and that one timing should last; the most of the work that is timed.
LOOK, TIMED, SHARE = 0.5, 0.5, 1 / 20
# Items of the first timing: fewer cost as much, as a batch is filled up.
FILLED = 16
# Records that are looked at. Fewer alleles than FEW are not worth a timing.
SAMPLE, FEW = 20_000, 4
CLASSES = {
    "snv": "single-base changes",
    "mnv": "multi-base changes",
    "insertion": "insertions and deletions",
    "deletion": "insertions and deletions",
}


@dataclass(frozen=True)
class Part:
    """A part of a run. what: words for it. seconds: that it will take. shorter: flags that make it so."""

    what: str
    seconds: float
    shorter: tuple[str, ...] = ()


def seconds_each(run: Callable[[int], object], most: int, share: float = SHARE) -> float:
    """Return the seconds that each of `most` items takes. run: does the first n of them, any n from 1 to `most`.

    At most a small share of them is done, one at least. What a run costs whatever its size is left out where two
    sizes were timed: small runs are filled up to a batch, and first ones are slower.
    """
    limit = max(1, int(most * share))
    count, before = min(FILLED, limit), (0, 0.0)
    with using(False):
        while True:
            begun = time.perf_counter()
            run(count)
            taken = time.perf_counter() - begun
            following = min(4 * count, limit)
            if taken >= TIMED or following <= count:
                slope = (taken - before[1]) / (count - before[0])
                return slope if slope > 0 else taken / count
            before = (count, taken)
            count = following


def announce(parts: Sequence[Part], shorter: Sequence[str] = ()) -> None:
    """Say what takes how long and which flags shorten it, if it takes above a minute. shorter: flags for all parts."""
    total = sum(part.seconds for part in parts)
    if total < WORTH_SAYING:
        return
    named = [f"{part.what} {duration(part.seconds)}" for part in parts if part.seconds >= total / 50]
    flags = dict.fromkeys(flag for part in parts if part.seconds >= total / 10 for flag in part.shorter)
    text = f"this will take about {duration(total)}: {', '.join(named)}"
    if every := [*flags, *shorter]:
        text += f". Shorter: {'; '.join(every)}"
    say(text)


def cheaper(device: torch.device, dtype: str) -> list[str]:
    """Return the flags that make any forward cheaper on a device."""
    found = []
    if device.type == "cpu" and torch.cuda.is_available():
        found.append("--device cuda")
    if dtype == "float32" and computes_bf16(device):
        found.append("--dtype bfloat16 (a half to a quarter of the time; docs/scores.md has how far scores move)")
    return found


def announce_scoring(job: Scoring, variants: Variants) -> int | None:
    """Say what scoring will take, if it takes above a minute; return the number of records, if it is known.

    Nothing is said of what can be read only once.
    """
    if reporter().silent or not isinstance(variants, str | os.PathLike) or not _is_file(variants):
        return None
    looked = _looked_at(job, variants)
    found = looked.classes
    if job.table is None and sum(count for count, _ in found.values()) > FEW:
        parts, rates = [], {}
        for what, (count, sample) in found.items():
            each = seconds_each(partial(_measured, job, sample), min(len(sample), int(count)))
            parts.append(_scoring(job, what, count, each))
            rates[what] = each * len(sample) / max(1, job.scorer.cost(sample))
        parts += _background(job, looked.first, rates)
        models = ["fewer models"] if len(job.models) > 1 else []
        announce(parts, [*models, *cheaper(job.models[0].device, job.options.dtype)])
    return looked.records


@dataclass(frozen=True)
class Looked:
    """records: their number, None where it isn't known. classes: words -> about how many variants, some in a row.

    first: the variants of the first chunk, which decide what background is drawn.
    """

    records: int | None
    classes: dict[str, tuple[float, list[Variant]]]
    first: list[Variant]


def _looked_at(job: Scoring, variants: str | os.PathLike[str]) -> Looked:
    records, begun = [], time.perf_counter()
    try:
        with open_variants(variants, job.genome) as source:
            for record in islice(source.records, SAMPLE):
                records.append(record)
                if time.perf_counter() - begun > LOOK:
                    break
            ended = next(source.records, None) is None
    except DnalectError:
        return Looked(None, {}, [])  # the run itself says what is wrong
    every = len(records) if ended else max(len(records), _lines(variants))
    middle = len(records) // 2
    resolved = job.resolved(records)
    known = [each for found in resolved for each in found if isinstance(each, Variant)]
    first = [each for found in resolved[:CHUNK] for each in found if isinstance(each, Variant)]
    sampled: dict[str, list[Variant]] = {}
    for variant in [*known[middle:], *known[:middle]]:
        if variant.kind in CLASSES:
            sampled.setdefault(CLASSES[variant.kind], []).append(variant)
    counted = {what: (len(each) * every / len(records), each) for what, each in sampled.items()}
    return Looked(len(records) if ended else None, counted, first)


def _is_file(variants: str | os.PathLike[str]) -> bool:
    return str(variants) != "-" and Path(variants).is_file()


def _lines(variants: str | os.PathLike[str]) -> float:
    """About how many lines a text has, from its beginning."""
    begun, lines = time.perf_counter(), 0
    size = Path(variants).stat().st_size
    with Path(variants).open("rb") as raw:
        packed = raw.read(len(GZIP)) == GZIP
        raw.seek(0)
        file = gzip.open(raw) if packed else raw  # noqa: SIM115
        while (block := file.read(1 << 20)) and time.perf_counter() - begun < LOOK:
            lines += block.count(b"\n")
        return lines * size / max(1, raw.tell()) if block else 0.0


def _measured(job: Scoring, sample: list[Variant], count: int) -> None:
    job.measure(sample[:count])


def _scoring(job: Scoring, what: str, count: float, each: float) -> Part:
    flags = ["--score llr"] if "distance" in job.measured and "llr" in job.measured else []
    if job.options.indels == "exact" and what == CLASSES["insertion"] and job.scorer.stretch == 1:
        flags.append("--indels fast")
    return Part(f"{count:,.0f} {what}", each * count, tuple(flags))


def _background(job: Scoring, first: list[Variant], rates: Mapping[str, float]) -> list[Part]:
    """The background that the first chunk has drawn. rates: class of variant -> seconds of a multiply-add.

    Where more than the log-ratio is measured, which is all that a background needs, this is an upper bound.
    """
    if "llr" not in job.measured:
        return []
    drawn: dict[str, list[Variant]] = {}
    for variant in job.background.planned([each for each in first if each.kind in CLASSES]):
        drawn.setdefault(CLASSES[variant.kind], []).append(variant)
    seconds = sum(job.scorer.cost(each) * rates.get(what, 0.0) for what, each in drawn.items())
    count = sum(map(len, drawn.values()))
    return [Part(f"{count:,} random variants for the percentiles", seconds, ("--background 0",))] if count else []
