"""From labels to a model folder with figures, rivals, pictures and a page: the whole of `dnalect finetune`."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.baselines.base import Rival
from dnalect.baselines.catalogue import rival as rival_named
from dnalect.core.errors import ConfigError, OutputError
from dnalect.core.examples import Examples, Target
from dnalect.core.figures import Figure, write_figures
from dnalect.core.files import check_folder, check_outputs, made_folder, sha256
from dnalect.core.reporter import say
from dnalect.examples.beside import files_asked
from dnalect.genome.fasta import open_genome
from dnalect.inference.predictions import predictions as predicted
from dnalect.inference.predictions import raw_predictions
from dnalect.jobs.selection import model_for
from dnalect.jobs.tuning.data import Prepared, data_paths, prepare, units_of
from dnalect.jobs.tuning.fit import JUDGES, Fitted, checksum, fit
from dnalect.jobs.tuning.options import Options
from dnalect.models.catalogue import PUBLISHED
from dnalect.models.fusion import Beside
from dnalect.models.hub import is_hub_id
from dnalect.models.load import language_model, model_folder
from dnalect.models.lora import LoraConfig, merge_lora
from dnalect.models.model import Model
from dnalect.models.pooled import Reading
from dnalect.models.precision import device_named, use_threads
from dnalect.models.predictor import Predictions, Tuned, files_to_copy, save_predictor
from dnalect.report import predictions
from dnalect.report.finetuned import CHANCE, MODEL, NAMES, conclusions, file_name, kept_probe, tuning_page
from dnalect.report.learning import finetuning_curve
from dnalect.stats.metrics import MAIN, Scores, by_group
from dnalect.training.learning import Learning
from dnalect.training.logs import read_log
from dnalect.training.ranks import ranks, together
from dnalect.training.tuning import TuneConfig

UNTRAINED = "the same network, untrained"
SEQUENCES, SIGNALS = "the sequence alone", "the signals alone"
# Test items of a contig that has figures of its own, at least.
ENOUGH = 20
Array = npt.NDArray[np.floating]


def config_of(options: Options) -> TuneConfig:
    """Return how the options say to learn."""
    best, strands = options.pool == "best", 1 + (options.strands == "both")
    lora = {"targets": options.targets} if options.targets else {}
    longest = {"longest": options.longest} if options.longest else {}
    return TuneConfig(
        **{each.name: getattr(options, each.name) for each in fields(Learning)},
        reading=Reading("mean" if best else options.pool, options.layer, strands, **longest),
        pools=("mean", "eighths") if best else (),
        lora=LoraConfig(options.rank, options.alpha or 2.0 * options.rank, **lora),
        seed=options.seed,
        reverse_complement=strands == 2,
        precision={"float32": "fp32", "bfloat16": "bf16"}[options.dtype],
    )


def beside_of(options: Options) -> Beside | None:
    """Return how signals are read and joined, None without any."""
    names = tuple(files_asked(options.beside))
    return Beside(names, options.fusion, options.around, options.bins, options.missing) if names else None


def finetune_file(options: Options) -> list[Figure]:
    """Tune a model on labelled data, measure it beside its rivals, write the folder, and return the figures.

    The folder is made if missing; a run that was cut short there goes on. Of several processes the first writes, and
    returns figures. Raises OutputError where it holds a finished model already.
    """
    use_threads(options.threads)
    with together(options.device) as now:
        with now.agreed():
            options = replace(options, device=str(device_named(now.device(options.device))))
            base, prepared = _checked(options)
            made_folder(options.out)
        return _finetuned(options, base, prepared)


def _checked(options: Options) -> tuple[Model, Prepared]:
    """Open all that is named, and raise what is wrong with it."""
    out, config = options.out, config_of(options)
    if beside_of(options) and config.pools:
        raise ConfigError("signals are joined with one pooling of the sequence: name it (--pool mean or eighths)")
    check_out(out)
    inputs = (options.data, options.reference, options.signal, options.motifs, options.model, options.config)
    check_outputs([], inputs, [out])
    name = model_name(options)
    _rivals(options)
    files_to_copy(model_folder(name))
    base = language_model(name, options.device)
    return base, _cut_noted(prepare(options), min(base.can.context_bases, config.reading.longest))


def _finetuned(options: Options, base: Model, prepared: Prepared) -> list[Figure]:
    out, config, name = options.out, config_of(options), model_name(options)
    for note in (*prepared.examples.notes, prepared.audit.verdict):
        say(note)
    fitted = fit(base, prepared.examples, config, out, beside_of(options))
    if tried := fitted.facts.get("pools"):
        figures_of = ", ".join(f"{pool} {figure:.3f}" for pool, figure in tried.items())
        say(f"pooling by {fitted.facts['pool']}; on the validation part a probe has {figures_of}")
    test = prepared.examples.take(np.array(prepared.examples.parts) == "test")
    raw = raw_predictions(fitted.predictor, test.sequences, signals=test.signals)
    given = _predictions(fitted.predictor.answers(raw), prepared.examples, test, options, out)
    if not ranks().first:
        return []
    figures = _figures(given, test, options.command)
    write_figures(out / "figures.tsv", figures)
    _draw(fitted.predictor.answers(raw, calibrated=False), test, given, figures, out)
    hub = name in PUBLISHED or (is_hub_id(name) and not Path(name).is_dir())
    method = options.method
    facts = _facts(options, prepared, fitted)
    figures_told = told(figures)
    predictor = fitted.predictor
    if fitted.kept_probe:
        say(kept_probe(method, fitted.facts["steps"]))
        if method == "lora":
            merge_lora(predictor.network.network)
        method = "probe"
    lora = config.lora if method == "lora" else None
    tuned = Tuned(out.resolve().name, name, method, predictor.network, lora, facts, figures_told, predictor.calibration)
    tuning_page(out, prepared.examples.targets, figures, options.command, name, facts)
    # Last, as it is the card that says that a folder is finished.
    save_predictor(tuned, model_folder(name), out, hub)
    (out / "checkpoint.pt").unlink(missing_ok=True)
    for target in test.targets:
        mine = [each for each in figures if each.task == target.name]
        for sentence in conclusions(mine, (MAIN[target.kind],)):
            say(sentence)
    return figures


def check_out(out: Path) -> None:
    """Raise OutputError where a folder can't take a model, before anything is computed."""
    if (out / "card.json").exists():
        raise OutputError(f"{out} holds a finished model; give another folder, or remove it")
    check_folder(out)


def _cut_noted(prepared: Prepared, most: int) -> Prepared:
    """Add a note on the sequences that are longer than what is read of them."""
    examples = prepared.examples
    if not (count := sum(len(text) > most for text in examples.sequences)):
        return prepared
    note = f"of {count:,} of {len(examples):,} sequences, longer than {most:,} bases, the middle {most:,} are read"
    return replace(prepared, examples=replace(examples, notes=(*examples.notes, note)))


def _rivals(options: Options) -> list[Rival]:
    """Return the rivals, but for the untrained twin. Raises ConfigError or InputError where one can't be had."""
    return [rival_named(each, options.motifs, options.device) for each in options.rivals if each != "untrained"]


def model_name(options: Options) -> str:
    """Return the model to begin with: the one that is named, else that of the reference. Raises ConfigError without."""
    if options.model:
        return options.model
    if options.reference:
        return str(model_for(open_genome(options.reference), None))
    raise ConfigError(
        "name the model to begin with (--model duplex-yeast, --model duplex-human, ...) or the --reference"
    )


def _predictions(
    mine: Predictions,
    examples: Examples,
    test: Examples,
    options: Options,
    out: Path,
) -> dict[str, dict[str, Array]]:
    """Return target -> who -> predictions of the test part; rivals that can't do a target are left out."""
    given: dict[str, dict[str, Array]] = {target.name: {MODEL: mine[target.name]} for target in test.targets}
    train, tune = (examples.take(np.array(examples.parts) == part) for part in ("train", "validate"))
    if "untrained" in options.rivals:
        say("training the same network without pretraining, to compare")
        others = _untrained(examples, test, options, out)
        for target in test.targets:
            given[target.name][UNTRAINED] = others[target.name]
    for who, others in _parts_alone(examples, test, options, out).items():
        for target in test.targets:
            given[target.name][who] = others[target.name]
    for each in _rivals(options) if ranks().first else ():
        for target in test.targets:
            if target.kind in each.kinds:
                found = each.fit_predict(train, tune, test.sequences, target, options.seed)
                given[target.name][each.name] = found
    return given


def _untrained(examples: Examples, test: Examples, options: Options, out: Path) -> dict[str, Any]:
    """Return what the twin predicts. out: where it has a folder of its own until it is done, as it may be cut short."""
    base = language_model(model_name(options), options.device).untrained(options.seed)
    return _apart(base, examples, test, config_of(options), out / "untrained", beside_of(options))


def _parts_alone(examples: Examples, test: Examples, options: Options, out: Path) -> dict[str, dict[str, Any]]:
    """Return what is predicted from the sequence, and from the signals, alone; nothing where there are no signals."""
    if (beside := beside_of(options)) is None:
        return {}
    say("learning from the sequence alone, and from the signals alone, to compare")
    base, config = language_model(model_name(options), options.device), config_of(options)
    bare, blind = replace(examples, signals=None), replace(beside, blind=True)
    return {
        SIGNALS: _apart(base, examples, test, replace(config, method="probe"), out / "signals", blind),
        SEQUENCES: _apart(base, bare, replace(test, signals=None), config, out / "sequences"),
    }


def _apart(
    base: Model, examples: Examples, test: Examples, config: TuneConfig, folder: Path, beside: Beside | None = None
) -> dict[str, Any]:
    """Return what a rival that is learned in a folder of its own predicts; the folder is there until that is done."""
    fitted = fit(base, examples, config, made_folder(folder), beside)
    found = predicted(fitted.predictor, test.sequences, signals=test.signals)
    if ranks().first:
        shutil.rmtree(folder)
    return found


def _figures(given: dict[str, dict[str, Array]], test: Examples, command: str) -> list[Figure]:
    units, out = units_of(test), []
    for target in test.targets:
        scores = Scores(target.name, "test", target, test.labels[target.name], units)
        for who, values in given[target.name].items():
            scores.add(who, values)
        rivals = [who for who in given[target.name] if who != MODEL]
        out += scores.figures(MODEL, rivals)
        for who in rivals:
            out += scores.figures(who)
        out += _by_contig(given[target.name][MODEL], target, test, units)
    return [replace(each, command=command) for each in out]


def _by_contig(mine: Array, target: Target, test: Examples, units: np.ndarray) -> list[Figure]:
    counts = Counter(test.contigs)
    if len(counts) < 2 or "" in counts:
        return []
    rows = np.flatnonzero([counts[contig] >= ENOUGH for contig in test.contigs])
    some, truth = test.take(rows), test.labels[target.name]
    found = by_group(target.name, "test", MODEL, mine[rows], target, truth[rows], some.contigs, units[rows])
    return [each for each in found if each.metric == MAIN[target.kind]]


def _draw(
    plain: Predictions, test: Examples, given: dict[str, dict[str, Array]], figures: Sequence[Figure], out: Path
) -> None:
    if (out / "log.jsonl").is_file():
        judged = " and ".join(sorted({JUDGES[target.kind] for target in test.targets}))
        finetuning_curve(read_log(out / "log.jsonl"), judged, out / "learning-curve.png")
    for target in test.targets:
        both = [("uncalibrated", plain[target.name]), ("calibrated", given[target.name][MODEL])]
        mine = given[target.name][MODEL], test.labels[target.name]
        predictions.confusion(target, *mine, out / file_name("confusion", target.name))
        predictions.curves(target, *mine, out / file_name("curves", target.name))
        predictions.reliability_plot(
            target, both, test.labels[target.name], out / file_name("reliability", target.name)
        )
        own = [each for each in figures if each.task == target.name]
        metric = MAIN[target.kind]
        predictions.comparison(own, metric, CHANCE[metric], out / file_name("comparison", target.name))


def _facts(options: Options, prepared: Prepared, fitted: Fitted) -> dict[str, Any]:
    counts = {part: prepared.examples.parts.count(part) for part in ("train", "validate", "test")}
    parts = zip(prepared.examples.sequences, prepared.examples.parts, strict=True)
    lengths = [len(sequence) for sequence, part in parts if part == "train"]
    return {
        "command": options.command,
        "method": f"probe ({NAMES[options.method]} tried)" if fitted.kept_probe else options.method,
        "seed": options.seed,
        "data": {path.name: sha256(path) for path in data_paths(options)},
        "examples": checksum(prepared.examples),
        "length": int(np.median(lengths)),
        "split": {"rule": prepared.rule, **counts},
        "audit": prepared.audit.as_dict(),
        "notes": list(prepared.examples.notes),
        **fitted.facts,
    }


def told(figures: Sequence[Figure]) -> dict[str, Any]:
    """Return the model's own figures, for the card."""
    kept = {f"{each.task} {each.metric}": each for each in figures if each.who == MODEL and each.part == "test"}
    return {key: [round(float(x), 4) if np.isfinite(x) else None for x in each.value] for key, each in kept.items()}
