"""All that a pretraining run needs, opened and checked before the first step."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.files import sha256
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.regions import Region, format_region, overlap, parse_regions, subtract
from dnalect.models.load import language_model
from dnalect.models.model import Model
from dnalect.models.precision import computes_bf16
from dnalect.relatives.laid import Laying, relatives_of
from dnalect.tokens.bases import encode
from dnalect.tokens.files import open_tokenizer
from dnalect.tokens.species import NAME as SPECIES
from dnalect.tokens.species import SpeciesKmers, species_words
from dnalect.tokens.tokenizer import Tokenizer
from dnalect.training.config import FamilyConfig, GenomeConfig, PretrainConfig
from dnalect.training.corpus import Beside, Corpus, Source
from dnalect.training.pretrain import compiled
from dnalect.training.ranks import ranks
from dnalect.training.recipes import Recipe, recipe_of
from dnalect.training.shipped import shipped
from dnalect.training.tasks import open_tasks

VALIDATION_BASES = 98_304
PARTS = ("train", "validate", "test")
Split = dict[str, list[Region]]


@dataclass(frozen=True)
class Plan:
    """A run of which all is checked.

    identity: what it learns from -> checksum. begun: what the card says of `init` and the teachers.
    """

    config: PretrainConfig
    genomes: list[Genome]
    splits: list[Split]
    corpus: Corpus
    recipe: Recipe
    device: torch.device
    identity: dict[str, str]
    begun: dict[str, str]
    beside: Beside | None = None

    def check(self, network: nn.Module) -> dict[str, float]:
        """Return the validation figures."""
        found = {}
        for number, (told, genome, split) in enumerate(
            zip(self.config.data.genomes, self.genomes, self.splits, strict=True)
        ):
            if split["validate"]:
                codes, places = _validation_windows(genome, number, split["validate"], self.config)
                codes = codes if self.beside is None else self.beside(codes, places, None)
                found[told.name] = self.recipe.figures(network, codes, places, self.device)
        bits = {name: figures.pop("bits") for name, figures in found.items()}
        each = {f"validation_bits_{name}": value for name, value in bits.items()} if len(bits) > 1 else {}
        heads = {f"validation_{name}": value for figures in found.values() for name, value in figures.items()}
        return {"validation_bits": sum(bits.values()) / len(bits), **each, **heads}

    def told(self) -> str:
        """Return the first line of a run: how much of what is learned where."""
        data, optim = self.config.data, self.config.optim
        names = ", ".join(genome.name for genome in data.genomes)
        bases = [sum(len(r) for split in self.splits for r in split[part]) for part in ("train", "validate")]
        passes = optim.steps / self.corpus.steps_a_pass
        half = optim.precision == "bf16" and computes_bf16(self.device)
        where = f"{self.device}, {torch.get_num_threads()} threads" if self.device.type == "cpu" else str(self.device)
        where += f", {now.size} processes" if (now := ranks()).size > 1 else ""
        parameters = sum(p.numel() for p in self.recipe.network.parameters())
        return (
            f"{self.config.name}: {parameters:,} parameters learn from {bases[0]:,} bases of {names}, {bases[1]:,} to "
            f"validate on; {optim.steps:,} steps of {optim.batch} windows of {data.window:,} bases ({passes:.2g} "
            f"passes), on {where}, in {'bf16' if half else 'fp32'}"
        )


def planned(config: PretrainConfig, data: Path, device: torch.device, path: Path | None) -> Plan:
    """Open and check all that a config names."""
    genomes = [_opened(told, data) for told in config.data.genomes]
    splits = [
        _split(number, genome, told, config.data.window)
        for number, (genome, told) in enumerate(zip(genomes, config.data.genomes, strict=True))
    ]
    beside = None
    if config.data.alignment:
        laid = relatives_of(data / config.data.alignment, genomes[0], getattr(config.model, "relatives", ()))
        config = config.reading(laid.names)
        beside = Laying(laid, config.data.unaligned_rate)
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
        beside,
    )
    _enough(corpus, config)
    torch.manual_seed(config.seed)
    named = zip(config.data.genomes, genomes, splits, strict=True)
    tasks = open_tasks(config.heads, {told.name: (genome, split["train"]) for told, genome, split in named}, data)
    teachers = [_teacher(name, path, device) for name in (config.distil.teachers if config.distil else ())]
    networks = [each.network for each in teachers]
    for network in networks:
        compiled(network, config.optim, device)
    recipe = recipe_of(config, lambda name: find_tokenizer(name, data, config.data.genomes), tasks, networks)
    recipe.network.to(device)
    begun = _begin(recipe.model, config.init, path)
    begun |= {"teachers": ", ".join(f"{t.card.id} {t.card.sha256}" for t in teachers)} if teachers else {}
    identity = _identity(config, genomes, data, begun)
    identity |= {"the alignment": beside.relatives.checksum} if beside else {}
    return Plan(config, genomes, splits, corpus, recipe, device, identity, begun, beside)


def _opened(told: GenomeConfig, data: Path) -> Genome:
    file = data / told.fasta
    if not file.exists():
        what = f" ({', '.join(filter(None, (told.species, told.assembly)))})" if told.species else ""
        raise InputError(
            f"the genome {told.name}{what} is not there: {file} does not exist; --data names the folder that holds "
            f"{told.fasta}"
        )
    return open_genome(file)


def _identity(config: PretrainConfig, genomes: Sequence[Genome], data: Path, begun: dict[str, str]) -> dict[str, str]:
    """What a run learns from -> its checksum, so that it does not go on with something else."""
    told = {
        f"the genome {each.name}": genome.checksum for each, genome in zip(config.data.genomes, genomes, strict=True)
    }
    for head in config.heads:
        signals = [head.bigwig] if isinstance(head.bigwig, str) else head.bigwig.values()
        for file in (head.annotation, head.within, *head.bed.values(), *head.placed.values(), *signals):
            if file:
                told[f"{file} of the head {head.name}"] = sha256(data / file)
    if isinstance(config.model, FamilyConfig) and (file := _tokenizer_file(config.model.tokenizer, data)):
        told["the tokenizer"] = sha256(file)
    models = {"init": "the model of init", "teachers": "the teachers"}
    return told | {models[name]: value for name, value in begun.items()}


def _tokenizer_file(name: str, data: Path) -> Path | None:
    return next((each for each in (data / name, Path(name)) if each.is_file()), None)


def find_tokenizer(name: str, data: Path, genomes: Sequence[GenomeConfig] = ()) -> Tokenizer:
    """Return the tokenizer of a name, or of a file where it stands or in the data folder.

    genomes: whose species a tokenizer that begins with one must know; specieslm-6 and its like are made of these.
    Raises ConfigError for a genome without a species where one is needed.
    """
    file, made = data / name, re.fullmatch(r"specieslm-(\d+)", name)
    if file.is_file() or not made:
        tokenizer = open_tokenizer(str(file) if file.is_file() else name)
    else:
        tokenizer = SpeciesKmers(species_words(int(made[1]), _species(genomes)))
    if not isinstance(tokenizer, SpeciesKmers):
        return tokenizer
    known = [tokenizer.of(each) for each in _species(genomes)]
    return known[0] if known else tokenizer


def _species(genomes: Sequence[GenomeConfig]) -> list[str]:
    for number, genome in enumerate(genomes):
        if not SPECIES.fullmatch(genome.token):
            told = f"{genome.species!r} is none" if genome.species else "none is named"
            raise ConfigError(
                f"data.genomes[{number}] ({genome.name}): the model reads the name of a species first, and {told}: "
                'give genus and species, such as species = "Saccharomyces cerevisiae"'
            )
    return [genome.token for genome in genomes]


def _begin(network: nn.Module, init: str, path: Path | None) -> dict[str, str]:
    """Give the network the weights of a model, if one is named; return what the card says of it."""
    if not init:
        return {}
    model = _named("init", init, path)
    theirs = {name: p.detach() for name, p in model.network.named_parameters()}
    # An aligned network may begin from another, or from a duplex for the one inside.
    parts = [dict(each.named_parameters()) for each in (network, getattr(network, "trunk", network))]
    shapes = {n: p.shape for n, p in theirs.items()}
    mine = next((part for part in parts if {n: p.shape for n, p in part.items()} == shapes), None)
    if mine is None:
        raise ConfigError(f"init: {init} has other sizes than [model]; begin from a model of the same config")
    with torch.no_grad():
        for name, p in mine.items():
            p.copy_(theirs[name])
    return {"init": f"{model.card.id} {model.card.sha256}"}


def _named(key: str, name: str, path: Path | None) -> Model:
    """Open a model that a config names. key: where. path: of the config, for a message about what is yet to be made."""
    if (first := Path(name)).parent != Path() and not first.is_dir():
        beside = path.with_name(f"{first.name}.toml") if path else Path()
        config = first.name if first.name in shipped() else str(beside) if beside.is_file() else "ITS-CONFIG"
        raise ConfigError(
            f"{key} = {name!r}: there is no such model folder yet. It is made by `dnalect pretrain {config} --data "
            f"DATA -o {name}`"
        )
    return language_model(name)


def _teacher(name: str, path: Path | None, device: torch.device) -> Model:
    """Open a model of [distil]. Raises ConfigError unless it is one that says p(base | all others)."""
    model = _named("distil.teachers", name, path)
    if model.card.family != "duplex":
        raise ConfigError(f"distil.teachers: {model.card.id} is a {model.card.family}; a teacher must be a duplex")
    model.network.to(device).requires_grad_(False)
    return model


def _split(number: int, genome: Genome, told: GenomeConfig, window: int) -> Split:
    """Return the regions of each part; ConfigError where two parts share a base or a region holds no window."""
    where = f"data.genomes[{number}]"
    try:
        split = {part: parse_regions(genome, getattr(told, part)) for part in PARTS}
        split["train"] = subtract(split["train"], parse_regions(genome, told.exclude))
    except InputError as error:
        raise type(error)(f"{where} ({told.name}): {error}") from error
    for one, other in (("train", "validate"), ("train", "test"), ("validate", "test")):
        if shared := overlap(split[one], split[other]):
            text = format_region(shared, genome.names, genome.lengths)
            raise ConfigError(f"{where} ({told.name}): {text} stands in both '{one}' and '{other}'")
    if not split["train"]:
        raise ConfigError(f"{where} ({told.name}): 'exclude' leaves nothing to train on")
    for text, region in zip(told.validate, split["validate"], strict=True):
        if len(region) < window:
            raise ConfigError(
                f"{where}.validate: {text} has {len(region):,} bases, fewer than a window of {window:,}; take a longer "
                "region, or a smaller data.window"
            )
    return split


def _enough(corpus: Corpus, config: PretrainConfig) -> None:
    for number, stream in enumerate(corpus.streams):
        windows = sum(max(0, len(segment) // corpus.window - 1) for segment in stream.segments)
        if windows < corpus.batch:
            raise ConfigError(
                f"data.genomes[{number}].train ({config.data.genomes[number].name}): these regions hold {windows:,} "
                f"windows of {corpus.window:,} known bases, fewer than a batch of {corpus.batch}; train on more of the "
                "genome, or take a smaller data.window or optim.batch"
            )


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
