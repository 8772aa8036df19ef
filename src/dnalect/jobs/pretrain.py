"""A genome, a config or the name of a recipe -> a trained model folder."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dnalect.core.configs import config_text, parse_toml
from dnalect.core.files import check_folder, check_outputs, made_folder, sha256, write_text
from dnalect.core.reporter import say
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.regions import format_region
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain_plan import PARTS, Plan, Split, planned
from dnalect.models.precision import device_named, use_threads
from dnalect.report.learning import pretraining_curve
from dnalect.training.config import GenomeConfig, PretrainConfig, told_config
from dnalect.training.course import TrainState
from dnalect.training.logs import read_log
from dnalect.training.pretrain import finished, parts_of, train
from dnalect.training.ranks import ranks, together
from dnalect.training.shipped import recipe_path
from dnalect.training.starting import STEPS, held_out, is_genome, starting_toml


def pretrain(options: PretrainOptions) -> Path:
    """Train a model and return the folder with model.safetensors and card.json.

    A FASTA gets a small recipe with contigs held out. The folder is made if missing; it holds the
    config, the log, the learning curve and a checkpoint that a second call goes on from.
    Raises ConfigError, InputError, ModelError or OutputError before the first step.
    """
    use_threads(options.threads)
    with together(options.device) as ranks:
        with ranks.agreed():
            config, data, text, path = _told(options)
        out = options.out or Path("my-model")
        return pretrain_config(config, data or Path(), out, options.device, options.dry_run, text, path)


def _told(options: PretrainOptions) -> tuple[PretrainConfig, Path | None, str, Path]:
    """The config, the folder of data, and text and name of the file that it came from."""
    path, data, steps = recipe_path(options.source or ""), options.data, options.steps
    if is_genome(path):
        genome = open_genome(path)
        text, data = starting_toml(genome, steps or STEPS), path.parent
        say(held_out(genome).told)
    else:
        text = config_text(path)
    told = parse_toml(text, path)
    if steps and isinstance(told.get("optim", {}), dict):
        told["optim"] = {**told.get("optim", {}), "steps": steps}
    return told_config(told, path), data, text, path


def pretrain_config(
    config: PretrainConfig,
    data: Path,
    out: Path,
    device: str = "cpu",
    dry_run: bool = False,
    text: str = "",
    path: Path | None = None,
) -> Path:
    """Train the model of a config that was read or made before: see `pretrain`. text, path: the file it came from."""
    with together(device) as ranks:
        with ranks.agreed():
            check_folder(out)
            files = [data / genome.fasta for genome in config.data.genomes]
            check_outputs([], [*files, config.init or None], [out])
            parts_of(config.optim, ranks)
            plan = planned(config, data, device_named(ranks.device(device)), path)
        if dry_run:
            say(plan.told())
            say("nothing is wrong with it; without --dry-run it is trained")
            return out
        return carried_out(plan, out, text)


def carried_out(plan: Plan, out: Path, text: str = "") -> Path:
    """Train what is planned, and return the folder. text: of the config."""
    say(plan.told())
    config, now = plan.config, ranks()
    with now.agreed():
        done = finished(out, config, plan.identity)
    now.check_alike("models", done)
    if done:
        say(f"{out} is finished: this very config was trained on these data")
        return out
    with now.agreed():
        made_folder(out)
        if text and now.first:
            write_text(out / "config.toml", text)
    at = train(plan.recipe.network, plan.corpus, plan.recipe.loss, plan.check, config, out, plan.identity)
    with now.agreed():
        if now.first:
            facts = plan.recipe.save(out)
            facts["parameters"] = sum(p.numel() for p in plan.recipe.model.parameters())
            pretraining_curve(read_log(out / "log.jsonl"), config.name, out / "learning-curve.png")
            _write_card(plan, facts, at, out)
    return out


def init_config(source: str | Path | None = None, steps: int | None = None) -> str:
    """Return a config as TOML with all keys explained. source: a FASTA whose contigs are filled in."""
    if source is None or not is_genome(Path(source)):
        return config_text(recipe_path(source)) if source else starting_toml(steps=steps or STEPS)
    return starting_toml(open_genome(source), steps or STEPS)


def _write_card(plan: Plan, facts: dict[str, Any], at: TrainState, out: Path) -> None:
    config, corpus = plan.config, plan.corpus
    weights = sha256(out / "model.safetensors")
    entries = [
        _card_genome(*parts)
        for parts in zip(config.data.genomes, plan.genomes, plan.splits, corpus.passes(config.optim.steps), strict=True)
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
            "minutes": round(at.seconds / 60, 1),
            "core_minutes": round(at.core_seconds / 60, 1),
            **plan.begun,
        },
        "figures": {key: round(value, 4) for key, value in at.figures.items()},
    }
    write_text(out / "card.json", json.dumps(card, indent=2) + "\n")


def _card_genome(told: GenomeConfig, genome: Genome, split: Split, passes: float) -> dict[str, object]:
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
