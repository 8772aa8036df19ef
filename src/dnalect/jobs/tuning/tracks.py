"""From signals along a genome to a model of tracks with figures and rivals: `dnalect finetune --bin`."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.baselines.bins import BIN_RIVALS
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.examples import Target
from dnalect.core.figures import Figure, write_figures
from dnalect.core.files import check_outputs, made_folder, sha256
from dnalect.core.reporter import say
from dnalect.examples.along import Along, read_along
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.regions import Region, format_region, overlap, parse_regions, subtract
from dnalect.jobs.tuning.finetune import UNTRAINED, check_out, config_of, model_name, told
from dnalect.jobs.tuning.options import RIVALS, Options
from dnalect.jobs.tuning.track_fit import WINDOW, TrackParts, answers_of, fit_tracks, flat, parts_of
from dnalect.models.load import language_model
from dnalect.models.model import Model
from dnalect.models.precision import device_named, use_threads
from dnalect.models.track_predictor import TrackPredictor
from dnalect.report import predictions
from dnalect.report.finetuned import CHANCE, MODEL, conclusions, file_name, tuning_page
from dnalect.report.learning import finetuning_curve
from dnalect.stats.draws import BLOCK
from dnalect.stats.metrics import MAIN, Scores
from dnalect.training.logs import read_log
from dnalect.training.tracks import Windows

# Of few contigs, these shares of each, from its beginning, are learned from, and stopped by; the rest is the test.
LEARNED, LOOKED = 0.7, 0.8
# Contigs that are divided as wholes, at least.
SEVERAL = 3
# Blocks that are drawn for intervals, at least, if a window is not longer than them.
FEW_BLOCKS = 20
# Names that a message lists.
SHOWN = 4
JUDGED = "mean of AUROC (peaks) and Pearson (others)"
# What says how sequences are read, or labels made, and has no meaning here.
ELSEWHERE = {
    "--with": "beside",
    "--label": "labels",
    "--kind": "kind",
    "--signal": "signal",
    "--place": "place",
    "--background": "background",
    "--split": "split",
}
Singles = npt.NDArray[np.float32]


def finetune_tracks_file(options: Options) -> list[Figure]:
    """Tune a model on signals along a genome, measure it beside its rivals, write the folder, and return the figures.

    The folder is made if missing; a run that was cut short there goes on. Raises OutputError where it holds a finished
    model already, ConfigError for options of labelled sequences.
    """
    rivals = _checked(options)
    use_threads(options.threads)
    options = replace(options, device=str(device_named(options.device)))
    out, config = options.out, config_of(options)
    check_out(out)
    check_outputs([], (options.data, options.reference, options.model, options.config), [out])
    assert options.reference is not None
    assert options.bin is not None
    genome = open_genome(options.reference)
    name = model_name(options)
    base = language_model(name, options.device)
    labels = read_along(options.data, genome, options.bin, options.fewest)
    parts = parts_of(genome, labels, regions_of(genome, labels, options), _window(options, base), options.layer)
    notes = [*labels.notes, _split(parts, genome)]
    for note in (f"{len(labels.names):,} tracks: {', '.join(labels.names[:SHOWN])} ...", *notes):
        say(note)
    made_folder(out)
    data = {"the model": base.card.sha256, "the genome": genome.checksum, **_checksums(labels)}
    train, validate, test = (parts.windows[part] for part in ("train", "validate", "test"))
    model, facts = fit_tracks(base, train, validate, config, out, data, out.resolve().name)
    texts = test.texts(np.arange(len(test)))
    said = {MODEL: flat(answers_of(model, texts))}
    if "untrained" in rivals:
        said[UNTRAINED] = _untrained(name, options, parts, texts, out)
    for each in (BIN_RIVALS[rival] for rival in rivals if rival != "untrained"):
        said[each.name] = each.fit_predict(train, validate, test)
    figures = [replace(each, command=options.command) for each in measured(said, test)]
    write_figures(out / "figures.tsv", figures)
    facts = _facts(options, parts, genome, notes) | facts
    _pictured(out, labels, figures)
    tuning_page(out, targets_of(labels), figures, options.command, name, facts, "bins")
    _finish(model, facts, figures, out)
    for target in targets_of(labels):
        mine = [each for each in figures if each.task == target.name]
        for sentence in conclusions(mine, (MAIN[target.kind],), "bins"):
            say(sentence)
    return figures


def _checked(options: Options) -> list[str]:
    """Return the rivals. Raises ConfigError for options that have no meaning for tracks, or that are missing."""
    if wrong := [flag for flag, name in ELSEWHERE.items() if getattr(options, name)]:
        raise ConfigError(f"{wrong[0]} is for labelled sequences: leave it out, or --bin")
    if not options.reference:
        raise ConfigError("tracks lie along a genome: name it with --reference")
    known = (*BIN_RIVALS, "untrained")
    rivals = [each for each in options.rivals if each in known]
    if tuple(options.rivals) != RIVALS and len(rivals) < len(options.rivals):
        wrong_one = next(each for each in options.rivals if each not in known)
        raise ConfigError(f"no rival {wrong_one!r} of tracks: {', '.join(known)}")
    return rivals


def _window(options: Options, base: Model) -> int:
    if options.longest:
        return options.longest
    assert options.bin
    return min(WINDOW, base.can.context_bases) // options.bin * options.bin


def regions_of(genome: Genome, labels: Along, options: Options) -> dict[str, list[Region]]:
    """Return the regions to learn from, to stop by and to test on.

    Those of the options; else the last labelled contig is the test and the one before it stops the training; of fewer
    than three contigs each is divided. Raises InputError where they overlap, or nothing is left to learn from.
    """
    every = [Region(contig, 0, int(genome.lengths[contig])) for contig in labels.contigs]
    test, validate = (parse_regions(genome, each) for each in (options.test_contigs, options.validate_contigs))
    if bool(test) != bool(validate):
        raise ConfigError("name regions to test on and to validate on, --test-contig and --validate-contig, or neither")
    if test:
        if both := overlap(test, validate):
            raise InputError(f"{format_region(both, genome.names, genome.lengths)} is both to test and to validate on")
        train = subtract(every, [*test, *validate])
        if not train:
            raise InputError("nothing is left to learn from: test and validation take all contigs that have labels")
        return {"train": train, "validate": validate, "test": test}
    if len(every) >= SEVERAL:
        return {"train": every[:-2], "validate": every[-2:-1], "test": every[-1:]}
    cuts = [(each.contig, *(int(share * each.end) for share in (0, LEARNED, LOOKED, 1))) for each in every]
    names = ("train", "validate", "test")
    return {name: [Region(cut[0], cut[1 + n], cut[2 + n]) for cut in cuts] for n, name in enumerate(names)}


def _split(parts: TrackParts, genome: Genome) -> str:
    def said(part: str) -> str:
        names = [format_region(each, genome.names, genome.lengths) for each in parts.regions[part]]
        more = " ..." if len(names) > SHOWN else ""
        return f"{len(parts.windows[part]):,} windows to {part} ({', '.join(names[:SHOWN])}{more})"

    return ", ".join(map(said, parts.windows))


def _untrained(name: str, options: Options, parts: TrackParts, texts: Sequence[str], out: Path) -> Singles:
    """Return what the same network without pretraining says; all of its weights are trained."""
    say("training the same network without pretraining, to compare")
    base = language_model(name, options.device).untrained(options.seed)
    folder = made_folder(out / "untrained")
    config = replace(config_of(options), method="full", rate=None)
    train = parts.windows["train"]
    model, _ = fit_tracks(base, train, parts.windows["validate"], config, folder, _checksums(train.labels))
    shutil.rmtree(folder)
    return flat(answers_of(model, texts))


def targets_of(labels: Along) -> list[Target]:
    """Return the targets that figures are of: all peaks together, and each other track."""
    peaks = tuple(name for name, kind in zip(labels.names, labels.kinds, strict=True) if kind == "peaks")
    others = [name for name in labels.names if name not in peaks]
    together = [Target("peaks", "tracks", peaks)] if peaks else []
    return together + [Target(name, "signal", (name,)) for name in others]


def measured(said: dict[str, Singles], test: Windows) -> list[Figure]:
    """Return the figures of everybody on the test bins. said: who -> (n * N, K), the first beside all others.

    Blocks of 10 kb are drawn, smaller ones where there are few of them.
    """
    truth = flat(test.truth(np.arange(len(test))))
    starts = test.places[:, 1:] + test.sizes.stride * np.arange(test.sizes.bins)
    block = min(BLOCK, max(test.sizes.length, starts.size * test.sizes.stride // FEW_BLOCKS))
    units = (test.places[:, :1] * 100_000_000 + starts // block).ravel()
    first, *rivals = said
    found = []
    for target in targets_of(test.labels):
        columns = [test.labels.names.index(name) for name in target.outputs]
        known = np.isfinite(truth[:, columns]).any(axis=1)
        if not known.any():
            say(f"{target.name} has no label in the test part: nothing is measured")
            continue
        scores = Scores(target.name, "test", target, truth[known][:, columns], units[known])
        for who, values in said.items():
            scores.add(who, values[known][:, columns])
        found += scores.figures(first, rivals)
        for who in rivals:
            found += scores.figures(who)
    return found


def _facts(options: Options, parts: TrackParts, genome: Genome, notes: Sequence[str]) -> dict[str, Any]:
    regions = {
        part: [format_region(each, genome.names, genome.lengths) for each in found]
        for part, found in parts.regions.items()
    }
    sizes = parts.windows["train"].sizes
    return {
        "command": options.command,
        "method": options.method,
        "seed": options.seed,
        "data": {**_checksums(parts.windows["train"].labels), Path(str(options.reference)).name: genome.checksum},
        "length": sizes.length,
        "split": {"rule": "regions", **{part: len(each) for part, each in parts.windows.items()}},
        "regions": regions,
        "notes": list(notes),
    }


def _checksums(labels: Along) -> dict[str, str]:
    return {path.name: sha256(path) for path in labels.files}


def _pictured(out: Path, labels: Along, figures: Sequence[Figure]) -> None:
    if (out / "log.jsonl").is_file():
        finetuning_curve(read_log(out / "log.jsonl"), JUDGED, out / "learning-curve.png")
    for target in targets_of(labels):
        own = [each for each in figures if each.task == target.name]
        metric = MAIN[target.kind]
        predictions.comparison(own, metric, CHANCE[metric], out / file_name("comparison", target.name))


def _finish(model: TrackPredictor, facts: dict[str, Any], figures: Sequence[Figure], out: Path) -> None:
    """Write the model: last, as it is the card that says that a folder is finished."""
    model.card = replace(model.card, training=facts, figures=told(figures))
    model.save(out)
    (out / "checkpoint.pt").unlink(missing_ok=True)
