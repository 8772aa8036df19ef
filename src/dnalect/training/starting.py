"""A config to begin with: written from a genome, all keys explained, for minutes on two cores."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnalect.core.described import key_lines
from dnalect.core.errors import ConfigError
from dnalect.genome.fasta import Genome
from dnalect.models.families.duplex import DuplexConfig
from dnalect.training.config import CardConfig, DataConfig, GenomeConfig, OptimConfig, PretrainConfig

STEPS, BATCH, WINDOW, WIDTH = 1000, 8, 512, 64
CHECKS, WARMUP = 10, 50
# Shares of the genome: what a contig must have to be held out whole, and what is best.
WHOLE, BEST = (0.02, 0.15), 0.07
# Of the longest contig's genome, where no contig is of such a size: held out to validate on, and to test on.
PART = 0.05
# Windows that a part which is held out must hold, at least.
LEAST = 4
# Tables that a config to begin with has none of.
OTHERS = ("heads", "distil")
# Keys of models that read relatives.
ALIGNED = ("alignment", "unaligned_rate", "frozen")
# Of many small contigs, every so many-th is held out.
EVERY = 20


@dataclass(frozen=True)
class HeldOut:
    """Regions as texts. told: a sentence about the choice."""

    train: tuple[str, ...]
    validate: tuple[str, ...]
    test: tuple[str, ...]
    told: str


def held_out(genome: Genome, window: int = WINDOW) -> HeldOut:
    """Choose what a model of a genome is validated and tested on.

    Two whole contigs of about 7% of the genome each; where there are none of such a size, the
    end of the longest contig, or of very many contigs every twentieth. Contigs that hold no
    two windows are left out. Raises ConfigError for a genome that is too small.
    """
    lengths = {name: int(length) for name, length in zip(genome.names, genome.lengths, strict=True)}
    usable = {name: length for name, length in lengths.items() if length >= 2 * window}
    total = sum(usable.values())
    if total * PART < LEAST * window:
        raise ConfigError(
            f"{genome.path.name} has {sum(lengths.values()):,} bases in contigs of {2 * window:,} or more: too few to "
            f"hold anything out; a genome to learn from needs {round(LEAST * window / PART):,}"
        )
    small = len(lengths) - len(usable)
    left = f"; {small:,} contigs shorter than {2 * window:,} bases are left out" if small else ""
    sizes = [name for name, length in usable.items() if WHOLE[0] * total <= length <= WHOLE[1] * total]
    if len(sizes) >= 2:
        test, tune = sorted(sizes, key=lambda name: abs(usable[name] / total - BEST))[:2]
        train = tuple(name for name in usable if name not in (test, tune))
        told = f"held out are {tune} ({usable[tune] / total:.0%} of the genome) to validate on and {test} to test on"
        return HeldOut(train, (tune,), (test,), told + left)
    longest = max(usable, key=lambda name: usable[name])
    length, part = usable[longest], round(PART * total)
    if length >= 3 * part:
        end = length - 2 * part
        regions = [f"{longest}:{low + 1}-{low + part}" for low in (end, end + part)]
        train = (f"{longest}:1-{end}", *(name for name in usable if name != longest))
        told = f"held out are the last {2 * part:,} bases of {longest}, one half to validate on, the other to test on"
        return HeldOut(train, (regions[0],), (regions[1],), told + left)
    ranked = sorted(usable, key=lambda name: -usable[name])
    tune_on, test_on = ranked[EVERY // 2 - 1 :: EVERY], ranked[EVERY - 1 :: EVERY]
    taken = {*tune_on, *test_on}
    told = f"held out are every {EVERY}th of the contigs by length to validate on, and every {EVERY}th to test on"
    return HeldOut(tuple(name for name in usable if name not in taken), tuple(tune_on), tuple(test_on), told + left)


def starting_toml(genome: Genome | None = None, steps: int = STEPS) -> str:
    """Return a config as TOML text, every key with its sentence; keys at their defaults stand behind a #.

    genome: whose name and contigs are filled in; None for an example.
    """
    split = held_out(genome) if genome else HeldOut(("chr1", "chr2", "chr3:1-5000000"), ("chr4",), ("chr5",), "")
    file = genome.path.name if genome else "genome.fa"
    name = _stem(file)
    command = f"dnalect pretrain {name}.toml --data FOLDER -o my-model"
    lines = [
        f"# A pretraining run: {command}",
        "# FOLDER holds the FASTA. A key behind a # has that value anyway.",
        "",
        *key_lines(PretrainConfig, {"name": name}, skip=("data", "model", "optim", "masking", "card", *OTHERS)),
        *_table("[data]", DataConfig, {"window": WINDOW}, ("genomes", "mixed_lengths", "shortest", *ALIGNED)),
        *([f"# {split.told[:1].upper()}{split.told[1:]}."] if split.told else []),
        *_table(
            "[[data.genomes]]",
            GenomeConfig,
            {"name": name, "fasta": file, "train": split.train, "validate": split.validate, "test": split.test},
        ),
        *_table("[model]", DuplexConfig, {"width": WIDTH}),
        *_table(
            "[optim]",
            OptimConfig,
            {
                "batch": BATCH,
                "steps": steps,
                "optimizer": "muon",
                "muon_rate": 0.03,
                "warmup": min(WARMUP, steps // 10),
                "precision": "bf16",
                "check_every": max(1, steps // CHECKS),
            },
            ALIGNED,
        ),
        *_table("[card]", CardConfig, {}),
    ]
    return "\n".join(lines).rstrip() + "\n"


def is_genome(path: Path) -> bool:
    """Whether a file looks like a FASTA rather than like a config: gzipped, or with > or ; at its beginning."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        begin = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")
    return begin.startswith((b"\x1f\x8b", b">", b";"))


def _stem(file: str) -> str:
    parts = file.removesuffix(".gz").removesuffix(".bgz").split(".")
    return ".".join(parts[:-1] if len(parts) > 1 else parts) or "genome"


def _table(heading: str, kind: type, values: dict[str, Any], skip: tuple[str, ...] = ()) -> list[str]:
    return [heading, *key_lines(kind, values, skip)]
