"""What a run will cost, said before it begins: a small part of it is timed, on this machine and on its own input."""

import gzip
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from dnalect.core.errors import DnalectError
from dnalect.core.records import Variant
from dnalect.core.reporter import duration, reporter, say, using
from dnalect.core.structures import Rearrangement
from dnalect.core.urls import is_url
from dnalect.genome.streams import GZIP
from dnalect.genome.variants import Variants, open_variants
from dnalect.genome.vcf import Record
from dnalect.jobs.scoring import CHUNK, Scoring
from dnalect.jobs.structural import structural
from dnalect.jobs.summary import pictures_cost
from dnalect.models.precision import computes_bf16

# Seconds: shorter runs say nothing.
WORTH_SAYING = 60.0
# Seconds that looking into the input may take, that one timing should last, and below which the first is done again;
# the most of the work that is timed.
LOOK, TIMED, FIRST, SHARE = 0.5, 0.5, 5.0, 1 / 20
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
    sizes were timed: small runs are filled up to a batch.
    """
    limit = max(1, int(most * share))
    count, before = min(FILLED, limit), (0, 0.0)
    with using(False):
        taken = _timed(run, count)
        # What a process does first is slower, on a GPU by seconds.
        if taken < FIRST:
            taken = _timed(run, count)
        while taken < TIMED and count < limit:
            before = (count, taken)
            count = min(4 * count, limit)
            taken = _timed(run, count)
    slope = (taken - before[1]) / (count - before[0])
    return slope if slope > 0 else taken / count


def _timed(run: Callable[[int], object], count: int) -> float:
    begun = time.perf_counter()
    run(count)
    return time.perf_counter() - begun


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
    if job.table is None and job.pool is None and sum(count for count, _ in found.values()) + looked.structural > FEW:
        parts = (
            [_scoring(job, what, *counted) for what, counted in found.items()] if job.measured != ("junction",) else []
        )
        parts += _pictures(job, found, parts) + _background(job, looked.first) + _junctions(job, looked)
        models = ["fewer models"] if len(job.models) > 1 else []
        announce(parts, [*models, *cheaper(job.models[0].device, job.options.dtype)])
    return looked.records


@dataclass(frozen=True)
class Looked:
    """records: their number, None where it isn't known. classes: words -> about how many variants, some in a row.

    first: the variants of the first chunk, which decide what background is drawn. structural: about how many variants
    have junctions to score. joined: some of them, the first `drawn` of the first chunk.
    """

    records: int | None
    classes: dict[str, tuple[float, list[Variant]]]
    first: list[Variant]
    structural: float = 0.0
    joined: Sequence[Rearrangement] = ()
    drawn: int = 0


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
    sampled = _by_class([*known[middle:], *known[:middle]])
    counted = {what: (len(each) * every / len(records), each) for what, each in sampled.items()}
    joined = _joined(job, records, resolved)
    more = len(joined) * every / max(1, len(records)), joined, len(_joined(job, records[:CHUNK], resolved[:CHUNK]))
    return Looked(len(records) if ended else None, counted, first, *more)


def _joined(
    job: Scoring, records: Sequence[Record], resolved: Sequence[Sequence[Variant | str]]
) -> list[Rearrangement]:
    """What has junctions that are scored."""
    if job.structures is None:
        return []
    contigs = [job.names.number(record.contig) for record in records]
    return structural(each for found in job.structures.joined(records, contigs, resolved) for each in found)


def _by_class(variants: Sequence[Variant]) -> dict[str, list[Variant]]:
    found: dict[str, list[Variant]] = {}
    for variant in variants:
        if variant.kind in CLASSES:
            found.setdefault(CLASSES[variant.kind], []).append(variant)
    return found


def _is_file(variants: str | os.PathLike[str]) -> bool:
    return str(variants) != "-" and not is_url(variants) and Path(variants).is_file()


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


def _seconds(score: Callable[[list[Variant]], object], variants: Sequence[Variant]) -> float:
    """Return what variants of a class take. Of substitutions of one base, which share forwards, one is timed."""
    keys = ((each.contig, each.start, each.kind != "snv" and n) for n, each in enumerate(variants))
    apart = list(dict(zip(keys, variants, strict=True)).values())
    return len(apart) * seconds_each(lambda count: score(apart[:count]), len(apart))


def _scoring(job: Scoring, what: str, count: float, sample: list[Variant]) -> Part:
    flags = ["--score llr"] if {"distance", "influence"} & set(job.measured) and "llr" in job.measured else []
    if job.options.indels == "exact" and what == CLASSES["insertion"] and job.scorer.stretch == 1:
        flags.append("--indels fast")
    return Part(f"{count:,.0f} {what}", _seconds(job.measure, sample) * count / len(sample), tuple(flags))


def _background(job: Scoring, first: list[Variant]) -> list[Part]:
    """The background that the first chunk has drawn; a part of itself is timed, as the variants may be few."""
    if "llr" not in job.measured:
        return []
    compared = [each for each in first if each.kind in CLASSES]
    planned = [*job.background.planned(compared), *(job.related.planned(compared) if job.related else ())]
    drawn = _by_class(planned)
    seconds = sum(_seconds(job.scorer.score, each) for each in drawn.values())
    count = sum(map(len, drawn.values()))
    return [Part(f"{count:,} random variants for the percentiles", seconds, ("--background 0",))] if count else []


def _pictures(job: Scoring, found: dict[str, tuple[float, list[Variant]]], parts: Sequence[Part]) -> list[Part]:
    """The pictures of a report, by what as many multiply-adds take while variants are scored."""
    cost = sum(job.scorer.cost(sample) * count / len(sample) for count, sample in found.values())
    if not job.options.report or "llr" not in job.measured or not cost:
        return []
    seconds = sum(part.seconds for part in parts) * pictures_cost(job, cost) / cost
    return [Part("the pictures of the report", seconds, ("leave out --report",))]


def _junctions(job: Scoring, looked: Looked) -> list[Part]:
    """The junctions, and what they are compared with."""
    if job.structures is None or not looked.joined:
        return []
    score = job.structures.measure.score
    drawn = job.structures.background.planned(looked.joined[: looked.drawn])
    found = [Part(f"{looked.structural:,.0f} structural variants", _each(score, looked.joined) * looked.structural)]
    random = Part(f"{len(drawn):,} random ones of their size", _each(score, drawn) * len(drawn), ("--background 0",))
    return [*found, random] if drawn else found


def _each(score: Callable[[list[Variant]], object], variants: Sequence[Variant]) -> float:
    return seconds_each(lambda count: score(list(variants[:count])), len(variants)) if variants else 0.0
