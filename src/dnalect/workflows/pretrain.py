"""Genomes and a config -> a trained model folder."""

import json
from dataclasses import asdict
from pathlib import Path

import matplotlib
import numpy as np
import torch
from torch import nn

from dnalect.core.errors import ConfigError, OutputError
from dnalect.core.files import sha256, write_text, written_whole
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.regions import Region, format_region, overlap, parse_regions, subtract
from dnalect.models.checkpoint import save_weights
from dnalect.models.duplex.network import Duplex
from dnalect.tokens.bases import UNKNOWN, encode
from dnalect.training.config import GenomeConfig, PretrainConfig, read_config
from dnalect.training.corpus import Corpus, Source
from dnalect.training.loop import train
from dnalect.training.objectives import leave_one_out_loss

VALIDATION_WINDOWS = 192
PARTS = ("train", "validate", "test")
# The network takes any length; this bounds the memory of one window.
CONTEXT_BASES = 8192


def pretrain(config_path: Path, data: Path, out: Path, device: str = "cpu", threads: int | None = None) -> Path:
    """Train the model of a config and return the folder with model.safetensors and card.json.

    data: the folder that the config's FASTA names are relative to.
    out: made if missing; holds the log, the learning curve and a checkpoint that a second
    call resumes from.
    """
    if threads:
        torch.set_num_threads(threads)
    return pretrain_config(read_config(config_path), data, out, device)


def pretrain_config(config: PretrainConfig, data: Path, out: Path, device: str = "cpu") -> Path:
    """Train the model of a config that was read or made before: see `pretrain`."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {out}: {error.strerror}") from error
    genomes = [open_genome(data / genome.fasta) for genome in config.data.genomes]
    splits = [_split(genome, told) for genome, told in zip(genomes, config.data.genomes, strict=True)]
    corpus = Corpus(
        [
            Source(genome, split["train"], told.weight)
            for genome, split, told in zip(genomes, splits, config.data.genomes, strict=True)
        ],
        config.data.window,
        config.optim.batch,
        config.seed,
        config.data.soft_mask_weight,
        config.data.unknown_rate,
    )
    torch.manual_seed(config.seed)
    target = torch.device(device)
    network = Duplex(config.model).to(target)
    checks = {
        told.name: _validation_windows(genome, split["validate"], config)
        for genome, split, told in zip(genomes, splits, config.data.genomes, strict=True)
        if split["validate"]
    }

    def check(model: nn.Module) -> dict[str, float]:
        bits = {name: bits_per_base(model, windows, target) for name, windows in checks.items()}
        each = {f"validation_bits_{name}": value for name, value in bits.items()} if len(bits) > 1 else {}
        return {"validation_bits": sum(bits.values()) / len(bits), **each}

    figures = train(network, corpus, leave_one_out_loss, check, config, out, target)
    save_weights(network, out / "model.safetensors", half=True)
    _write_card(config, genomes, splits, corpus, network, figures, out)
    draw_learning_curve(out / "log.jsonl", out / "learning-curve.png", config.name)
    return out


def _split(genome: Genome, told: GenomeConfig) -> dict[str, list[Region]]:
    """Return the regions of each part; ConfigError where two parts share a base."""
    split = {part: parse_regions(genome, getattr(told, part)) for part in PARTS}
    split["train"] = subtract(split["train"], parse_regions(genome, told.exclude))
    for one, other in (("train", "validate"), ("train", "test"), ("validate", "test")):
        if shared := overlap(split[one], split[other]):
            text = format_region(shared, genome.names, genome.lengths)
            raise ConfigError(f"genome {told.name}: {text} stands in both '{one}' and '{other}'")
    if not split["train"]:
        raise ConfigError(f"genome {told.name}: 'exclude' leaves nothing to train on")
    return split


def _validation_windows(genome: Genome, regions: list[Region], config: PretrainConfig) -> np.ndarray:
    rng = np.random.default_rng((config.seed, 2))
    chosen = rng.choice(len(regions), VALIDATION_WINDOWS)
    contigs, first, last = np.array([(r.contig, r.start, r.end) for r in regions], dtype=np.int64)[chosen].T
    room = np.maximum(last - first - config.data.window, 1)
    return encode(genome.windows(contigs, first + rng.integers(room), config.data.window))


def bits_per_base(network: nn.Module, codes: np.ndarray, device: torch.device) -> float:
    """Mean of -log2 p(base | the other bases of its window) over the known bases."""
    total, count = 0.0, 0
    with torch.inference_mode():
        for part in np.array_split(codes, max(1, len(codes) // 16)):
            ids = torch.from_numpy(part.astype(np.int64)).to(device)
            logits = network(ids, torch.ones_like(ids, dtype=torch.bool)).float().flatten(0, 1)
            flat = ids.flatten()
            loss = nn.functional.cross_entropy(logits, flat, ignore_index=UNKNOWN, reduction="sum")
            total, count = total + loss.item(), count + int((flat != UNKNOWN).sum())
    return total / count / float(np.log(2))


def _write_card(
    config: PretrainConfig,
    genomes: list[Genome],
    splits: list[dict[str, list[Region]]],
    corpus: Corpus,
    network: Duplex,
    figures: dict[str, float],
    out: Path,
) -> None:
    weights = sha256(out / "model.safetensors")
    seconds = figures.pop("seconds")
    entries = [
        _card_genome(*parts)
        for parts in zip(config.data.genomes, genomes, splits, corpus.passes(config.optim.steps), strict=True)
    ]
    for entry, stream, quota in zip(entries, corpus.streams, corpus.quotas, strict=True):
        entry["weight"] = round(quota / sum(corpus.quotas), 4)
        entry["bases"] = sum(len(segment) for segment in stream.segments)
    card = {
        "id": config.name,
        "revision": weights[:12],
        "sha256": weights,
        "family": config.family,
        "tokenizer": "single nucleotide",
        "config": asdict(config.model),
        "context_bases": CONTEXT_BASES,
        "window": 2 * (network.config.reach + 4),
        "parameters": sum(p.numel() for p in network.parameters()),
        **config.card,
        "genomes": entries,
        "training": {
            "window": config.data.window,
            "steps": config.optim.steps,
            "batch": config.optim.batch,
            "seed": config.seed,
            "minutes": round(seconds / 60, 1),
        },
        "figures": {key: round(value, 4) for key, value in figures.items()},
    }
    write_text(out / "card.json", json.dumps(card, indent=2) + "\n")


def _card_genome(
    told: GenomeConfig, genome: Genome, split: dict[str, list[Region]], passes: float
) -> dict[str, object]:
    contigs = {name: int(length) for name, length in zip(genome.names, genome.lengths, strict=True)}
    contigs |= told.full_lengths
    lengths = [contigs[name] for name in genome.names]
    return {
        "name": told.name,
        "file": told.fasta,
        "sha256": sha256(genome.path),
        "reference": genome.checksum,
        "species": told.species,
        "assembly": told.assembly,
        "contigs": contigs,
        **{part: [format_region(region, genome.names, lengths) for region in split[part]] for part in PARTS},
        "passes": round(passes, 3),
    }


def draw_learning_curve(log: Path, picture: Path, title: str) -> None:
    """Draw training and validation bits per base against passes over the genome."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    passes = [entry["passes"] for entry in entries]
    axes.plot(passes, [entry["train_bits"] for entry in entries], label="training", color="#8899aa")
    axes.plot(passes, [entry["validation_bits"] for entry in entries], label="validation", color="#0b6e99")
    axes.set(xlabel="passes over the training contigs", ylabel="bits per base", title=title)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    with written_whole(picture) as temporary:
        figure.savefig(temporary, format="png", dpi=130)
    plt.close(figure)
