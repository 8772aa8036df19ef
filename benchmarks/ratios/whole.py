"""Whole commands, each in a process of its own: start, one variant, memory; and what scoring spends outside a model."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from precision import snvs

import dnalect
from dnalect.genome.fasta import Genome
from dnalect.jobs.demo.data import REFERENCE
from dnalect.models.card import Card
from dnalect.models.families.duplex import Duplex, DuplexConfig, DuplexModel
from dnalect.models.model import Model
from dnalect.tokens.bases import decode, encode
from first_use import HEADER, vcf
from ratios.rows import Row, Rows

HELP, ONE, OUTSIDE, MEMORY = 0.15, 1.5, 0.02, 1.1
DNALECT = ["-m", "dnalect"]
# A report's 30,000 rows are kept by then.
FEW, MANY = 30_000, 300_000
# A process is said to have held what whoever started it held: here that is next to nothing.
LAUNCHED = """
import resource, subprocess, sys, time
begun = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
sys.stderr.buffer.write(done.stderr)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(done.returncode)
"""


class Used(NamedTuple):
    """What a process used: wall seconds, processor seconds, peak memory in kB."""

    waited: float
    computed: float
    memory: int


def commands() -> Rows:
    """Wall seconds of the fastest of some runs, processor time of a whole run, peak memory."""
    with tempfile.TemporaryDirectory() as name:
        folder, rng = Path(name), np.random.default_rng(1)
        genome = dnalect.open_genome(REFERENCE)
        helped = min(run_python([*DNALECT, "--help"], folder).waited for _ in range(5))
        yield Row("--help", helped, "s", HELP, "of waiting", most=True)
        yield _one(folder, genome, rng)
        yield _outside(folder, genome, rng)
        yield _memory(folder, genome)


def run_python(arguments: list[str], folder: Path) -> Used:
    """Run Python; end where it fails. Bytecode is kept, as where dnalect is installed, but beside."""
    environment = os.environ | {"DNALECT_CACHE": str(folder / "cache"), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", LAUNCHED, sys.executable, *arguments]
    told = subprocess.run(command, env=environment, capture_output=True, text=True)
    if told.returncode:
        sys.exit(f"{' '.join(arguments)}: {told.stderr}")
    waited, computed, memory = told.stdout.split()
    return Used(float(waited), float(computed), int(memory))


def _one(folder: Path, genome: Genome, rng: np.random.Generator) -> Row:
    """Score one SNV, and import PyTorch alone, which no score can do without, in turns."""
    one = vcf(folder / "one.vcf", genome, snvs(genome, 1, rng))
    score = [*DNALECT, "score", str(REFERENCE), str(one), "-o", str(folder / "one.tsv")]
    turns = [(run_python(score, folder), run_python(["-c", "import torch"], folder)) for _ in range(6)]
    ours, torchs = (Used(*map(min, zip(*each, strict=True))) for each in zip(*turns, strict=True))
    how = f"of waiting, {ours.computed:.2f} s of the processor; import torch alone {torchs.waited:.2f}, "
    return Row("one variant, warm", ours.waited, "s", ONE, f"{how}{torchs.computed:.2f}", most=True)


def _outside(folder: Path, genome: Genome, rng: np.random.Generator) -> Row:
    """Score 4,000 SNVs in this process, whose clock stands while the model computes."""
    many = vcf(folder / "many.vcf", genome, snvs(genome, 4_000, rng))
    inside, forward = [0.0], Model.forward

    def timed(self: Model, *given: object) -> object:
        begun = time.process_time()
        out = forward(self, *given)  # type: ignore[arg-type]
        inside[0] += time.process_time() - begun
        return out

    model = dnalect.load("duplex-yeast")
    scored = {"reference": str(REFERENCE), "variants": str(many), "model": model, "percentiles": False}
    for _ in dnalect.score_variants(**scored):
        break
    Model.forward = timed  # type: ignore[method-assign, assignment]
    try:
        begun = time.process_time()
        count = sum(1 for _ in dnalect.score_variants(**scored))
        whole = time.process_time() - begun
    finally:
        Model.forward = forward  # type: ignore[method-assign]
    how = f"of the processor's time of scoring {count:,} SNVs, as rows"
    return Row("outside the model", 1 - inside[0] / whole, "", OUTSIDE, how, most=True)


def _memory(folder: Path, genome: Genome) -> Row:
    """Score with a network that is nearly nothing, so that the records count."""
    tiny = folder / "tiny"
    torch.manual_seed(1)
    config = DuplexConfig(8, 3, (1, 2))
    network = Duplex(config)
    sizes = {"width": 8, "kernel": 3, "dilations": [1, 2]}
    card = Card(
        "tiny",
        "r",
        "s",
        "duplex",
        "single nucleotide",
        sizes,
        context_bases=1024,
        window=64,
        parameters=config.parameters,
    )
    DuplexModel(card, network, torch.device("cpu"), torch.float32).save(tiny)
    peaks = []
    for count in (FEW, MANY):
        path = _records(folder / f"{count}.vcf", genome, count)
        given = [*DNALECT, "score", str(REFERENCE), str(path), "--model", str(tiny), "--background", "0"]
        peaks.append(run_python([*given, "-o", str(folder / "out.vcf")], folder).memory)
    how = f"of {MANY:,} records beside that of {FEW:,} ({peaks[0] / 1e6:.2f} GB)"
    return Row("peak memory", peaks[1] / peaks[0], "times", MEMORY, how, most=True)


def _records(path: Path, genome: Genome, count: int) -> Path:
    """A VCF with up to three SNVs a place, place after place."""
    bases = decode(encode(genome.fetch(0, 1_000, 101_000)))
    rows = max(1, count // len(bases) + 1)
    with path.open("w") as out:
        out.write(HEADER)
        written = 0
        for n, base in enumerate(bases):
            for alt in [each for each in "ACGT" if each != base][:rows]:
                if written < count:
                    out.write(f"{genome.names[0]}\t{1_001 + n}\t.\t{base}\t{alt}\t.\t.\t.\n")
                    written += 1
    return path
