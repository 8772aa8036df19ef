"""A reference -> every substitution of it: chunk by chunk, so that a killed scan can go on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from dnalect import __version__
from dnalect.core.engines import Pool, Worker, in_order
from dnalect.core.errors import InputError, ModelError
from dnalect.core.ray_pool import workers_of
from dnalect.core.reporter import phase, say, warn
from dnalect.core.shards import note_options, shard_of
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import merge, read_regions
from dnalect.inference.likelihood import AlignedScorer, LeaveOneOutScorer
from dnalect.inference.scan import Ratios, span_substitutions
from dnalect.inference.tiles import CPU_BATCH, TILE
from dnalect.jobs.related import read_relatives
from dnalect.jobs.scan.assemble import assemble, check_paths
from dnalect.jobs.scan.chunks import ChunkFolder, kept
from dnalect.jobs.scan.options import Options
from dnalect.jobs.scan.outputs import paths_of
from dnalect.jobs.scan.plan import Chunk, Plan, whole_genome
from dnalect.jobs.selection import foreign, model_for
from dnalect.jobs.workers import rests_on
from dnalect.models.assemblies import origin_of
from dnalect.models.backends import precision_of
from dnalect.models.load import language_model
from dnalect.models.precision import use_threads

CHUNK = 1 << 18
OTHER_BATCH = 64


@dataclass(frozen=True)
class Scanned:
    """What a scan did. bases: in the outputs. chunks: their number. resumed: found finished."""

    bases: int
    chunks: int
    resumed: int


def scan_genome(options: Options, chunk: int = CHUNK, tile: int = TILE) -> Scanned:
    """Compute every substitution of a reference and write every output.

    chunk: bases that are computed and kept together, a multiple of the batch. tile: bases predicted per window.
    What is finished stays in the first output's name + ".part" until the outputs are in
    place; a call with the same arguments goes on from there. A shard writes no output.
    Raises a DnalectError where an input or output is unusable.
    """
    use_threads(options.threads)
    paths = [path for output in options.outputs for path in paths_of(output)]
    part = Path(f"{Path(options.outputs[0])}.part")
    check_paths(paths, [options.reference, *options.regions, options.model, options.alignment])
    plan = _plan(options, chunk, tile)
    shard, shards = shard_of(options.shard)
    mine = plan.chunks[shard::shards]
    folder = ChunkFolder(part, plan, shared=options.shard is not None)
    with folder.opened():
        with workers_of(options, partial(worker, chunk, tile), _rests_on(plan)) as pool:
            resumed = _compute(folder, mine, pool)
        if options.shard is not None:
            note_options(part, "scan", options)
            return Scanned(sum(map(len, mine)), len(mine), resumed)
        assemble(folder, paths, _facts(plan, options))
        folder.remove()
    return Scanned(sum(map(len, plan.chunks)), len(plan.chunks), resumed)


def _plan(options: Options, chunk: int, tile: int) -> Plan:
    genome = open_genome(options.reference)
    regions = merge(read_regions(genome, options.regions, options.rename)) if options.regions else whole_genome(genome)
    if not regions:
        raise InputError(f"the regions {', '.join(options.regions)} hold no base")
    model = language_model(model_for(genome, options.model), options.device, options.dtype)
    if model.can.likelihood != "leave_one_out":
        raise ModelError(f"{model.card.id} needs a pass for each base: scan with a duplex model, named with --model")
    if warning := foreign(model.card, origin_of(genome)):
        warn(warning)
    batch = options.batch or (CPU_BATCH if model.device.type == "cpu" else OTHER_BATCH)
    relatives = read_relatives(options.alignment, genome, model)
    return Plan(genome, model, precision_of(model), regions, chunk, tile, batch, relatives)


def _facts(plan: Plan, options: Options) -> dict[str, str]:
    card, scorer = plan.model.card, AlignedScorer if plan.relatives else LeaveOneOutScorer
    facts = {
        "version": __version__,
        "command": options.command,
        "model": f"{card.id} {card.revision}",
        "model_sha256": card.sha256,
        "score": f"{scorer.definition}; nats; negative: the base is disfavoured against the reference's",
        "window": f"{plan.model.can.reach} bases on each side",
        "strands": "both, exactly symmetric",
        "dtype": plan.dtype,
        "relatives": plan.relatives.checksum if plan.relatives else "",
        "device": str(plan.model.device),
        "reference": f"{plan.genome.path.name} {plan.genome.checksum}",
        "use": "research use, no clinical evidence",
    }
    return {name: value.replace("\n", " ") for name, value in facts.items() if value}


def worker(chunk: int, tile: int, options: Options) -> Worker:
    """Return what computes chunks of a scan."""
    use_threads(options.threads)
    plan = _plan(options, chunk, tile)
    return Worker(lambda chunk: kept(_substitutions(plan, chunk)), _rests_on(plan))


def _rests_on(plan: Plan) -> dict[str, str]:
    return {**rests_on([plan.model], plan.genome), "plan": plan.digest}


def _substitutions(plan: Plan, chunk: Chunk) -> Ratios:
    with _exact():
        return span_substitutions(
            *(plan.model, plan.genome, chunk.contig, chunk.positions, plan.tile, plan.batch), plan.relatives
        )


def _begun(plan: Plan, chunk: Chunk, pool: Pool | None) -> Callable[[], bytes]:
    return pool.begin(chunk) if pool else lambda: kept(_substitutions(plan, chunk))


def _compute(folder: ChunkFolder, chunks: Sequence[Chunk], pool: Pool | None) -> int:
    """Compute what is missing of some chunks, here or by workers; return how many of them were there."""
    plan = folder.plan
    there, damaged = folder.finished()
    done = there & set(chunks)
    if damaged:
        warn(f"{damaged:,} damaged chunks in {folder.path} are computed again")
    if done:
        say(f"{len(done):,} of {len(chunks):,} chunks were finished before and are taken from {folder.path}")
    total, before = sum(map(len, chunks)), sum(map(len, done))
    finished = len(done)
    begun = ((chunk, _begun(plan, chunk, pool)) for chunk in chunks if chunk not in done)
    with phase("scanning", total, "bases", before) as bar:
        try:
            for chunk, data in in_order(begun, pool.ahead if pool else 1):
                folder.write(chunk, data)
                finished += 1
                bar.update(len(chunk))
        except KeyboardInterrupt:
            warn(f"{finished:,} of {len(chunks):,} chunks are in {folder.path}; the same command goes on from there")
            raise
    return len(done)


def _exact() -> AbstractContextManager[None]:
    """On a GPU: float32 that is float32, and the same bytes every time."""
    flags: AbstractContextManager[None] = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
    return flags
