"""Genomes and a config -> a trained model folder."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from torch import nn

from dnalect.core.errors import ConfigError, OutputError
from dnalect.core.files import check_outputs, sha256, write_text, written_whole
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.regions import Region, format_region, overlap, parse_regions, subtract
from dnalect.models.registry import language_model
from dnalect.tokens.bases import encode
from dnalect.tokens.files import open_tokenizer
from dnalect.tokens.tokenizer import Tokenizer
from dnalect.training.config import GenomeConfig, PretrainConfig, read_config
from dnalect.training.corpus import Corpus, Source
from dnalect.training.loop import train
from dnalect.training.recipes import recipe_of
from dnalect.training.tasks import open_tasks

VALIDATION_BASES = 98_304
PARTS = ("train", "validate", "test")


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
    written = [out / name for name in ("card.json", "model.safetensors", "log.jsonl", "learning-curve.png")]
    check_outputs(written, [*(genome.path for genome in genomes), config.init])
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
        config.data.repeat_weight,
        (config.data.mixed_lengths, config.data.shortest),
    )
    torch.manual_seed(config.seed)
    target = torch.device(device)
    named = zip(config.data.genomes, genomes, splits, strict=True)
    tasks = open_tasks(config.heads, {told.name: (genome, split["train"]) for told, genome, split in named}, data)
    recipe = recipe_of(config, lambda name: find_tokenizer(name, data), tasks)
    network = recipe.network.to(target)
    begun = _begin(recipe.model, config.init)
    checks = {
        told.name: _validation_windows(genome, number, split["validate"], config)
        for number, (genome, split, told) in enumerate(zip(genomes, splits, config.data.genomes, strict=True))
        if split["validate"]
    }

    def check(model: nn.Module) -> dict[str, float]:
        found = {name: recipe.figures(model, *windows, target) for name, windows in checks.items()}
        bits = {name: figures.pop("bits") for name, figures in found.items()}
        each = {f"validation_bits_{name}": value for name, value in bits.items()} if len(bits) > 1 else {}
        heads = {f"validation_{name}": value for figures in found.values() for name, value in figures.items()}
        return {"validation_bits": sum(bits.values()) / len(bits), **each, **heads}

    figures = train(network, corpus, recipe.loss, check, config, out, target)
    facts = recipe.save(out)
    facts["parameters"] = sum(p.numel() for p in recipe.model.parameters())
    _write_card(config, genomes, splits, corpus, facts, figures, out, begun)
    draw_learning_curve(out / "log.jsonl", out / "learning-curve.png", config.name)
    return out


def find_tokenizer(name: str, data: Path) -> Tokenizer:
    """Return the tokenizer of a name, or of a file where it stands or in the data folder."""
    return open_tokenizer(str(data / name) if (data / name).is_file() else name)


def _begin(network: nn.Module, init: str) -> dict[str, str]:
    """Give the network the weights of a model, if one is named; return what the card says of it."""
    if not init:
        return {}
    model = language_model(init)
    theirs = {name: p.detach() for name, p in model.network.named_parameters()}
    mine = dict(network.named_parameters())
    if {n: p.shape for n, p in theirs.items()} != {n: p.shape for n, p in mine.items()}:
        raise ConfigError(f"init: {init} has other sizes than [model]; begin from a model of the same config")
    with torch.no_grad():
        for name, p in mine.items():
            p.copy_(theirs[name])
    return {"init": f"{model.card.id} {model.card.sha256}"}


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


def _validation_windows(
    genome: Genome, number: int, regions: list[Region], config: PretrainConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Return base codes (n, L) of random windows, and genome number, contig and start of each (n, 3)."""
    rng = np.random.default_rng((config.seed, 2))
    chosen = rng.choice(len(regions), max(8, VALIDATION_BASES // config.data.window))
    contigs, first, last = np.array([(r.contig, r.start, r.end) for r in regions], dtype=np.int64)[chosen].T
    room = np.maximum(last - first - config.data.window, 1)
    starts = first + rng.integers(room)
    places = np.column_stack([np.full(len(starts), number), contigs, starts])
    return encode(genome.windows(contigs, starts, config.data.window)), places


def _write_card(
    config: PretrainConfig,
    genomes: list[Genome],
    splits: list[dict[str, list[Region]]],
    corpus: Corpus,
    facts: dict[str, Any],
    figures: dict[str, float],
    out: Path,
    begun: dict[str, str],
) -> None:
    weights = sha256(out / "model.safetensors")
    seconds, core_seconds = figures.pop("seconds"), figures.pop("core_seconds")
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
        **facts,
        **asdict(config.card),
        "genomes": entries,
        "training": {
            "window": config.data.window,
            "steps": config.optim.steps,
            "batch": config.optim.batch,
            "seed": config.seed,
            "minutes": round(seconds / 60, 1),
            "core_minutes": round(core_seconds / 60, 1),
            **begun,
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
