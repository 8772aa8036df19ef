"""What a sequence alone tells of the cells in which it is open: a model frozen and tuned, and simple rivals."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.baselines import sequence_words
from dnalect.core import NOTHING, Examples, Figure, Target, say, written_whole
from dnalect.genome import own_name, read_bed
from dnalect.inference import raw_predictions, read_states
from dnalect.jobs import tuned_predictor
from dnalect.models import Model, Reading, language_model
from dnalect.stats import Draws, means, paired, tuned_tracks
from dnalect.training import TuneConfig
from studies.cells.bench import CELLS, LINES, Bench, Numbers, Singles
from studies.cells.options import Cells
from studies.data import file_of

READING = Reading("mean", None, 2)
FROZEN, TUNED, WORDS = "frozen states", "fine-tuned", "words of 3-5"
GC, DISTANCE, OTHERS = "GC content", "distance to TSS and CpG island", "mean of the other cells, as measured"
ANNOTATIONS = tuple(f"genomes/human_hg19_refseq/{name}.chr20_chrX.bed.gz" for name in ("RefSeqTSS", "CpGIsland"))
PAIR = ("K562", "GM12878")
LENGTHS = (3, 4, 5)
Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Scores = Mapping[str, Floats]


def kept(path: Path, made: Floats | None = None) -> Floats | None:
    """Return an array that a run keeps, None where it does not; with `made`, write it first."""
    if made is not None:
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.save(file, made)
    return np.asarray(np.load(path)) if path.is_file() else None


def states_of(options: Cells, bench: Bench) -> Singles:
    """Return the pooled states (n, P) of all windows, over both strands."""
    found = kept(options.run / "states.npy")
    if found is None:
        found = kept(options.run / "states.npy", _read(language_model(options.model, options.device), bench))
    assert found is not None
    return found.astype(np.float32)


def _read(model: Model, bench: Bench) -> npt.NDArray[np.float16]:
    states = read_states(model, READING, bench.texts(np.arange(len(bench))), quiet=False)
    # Over both strands the halves of such a network are equal.
    half = states.shape[1] // 2 if model.can.strands == "halves" else states.shape[1]
    return states[:, :half].astype(np.float16)


def tuned_of(options: Cells, bench: Bench) -> tuple[Singles, Singles]:
    """Return logits (n, C) of a fine-tuned model, with a head for each cell, and its pooled states (n, P)."""
    paths = [options.run / f"{name}.npy" for name in ("tuned", "tuned-states")]
    if not all(path.is_file() for path in paths):
        model = language_model(options.model, options.device)
        texts = bench.texts(np.arange(len(bench)))
        told = Examples.of(texts, [Target("open", "tracks", tuple(CELLS))], {"open": bench.opened})
        told = replace(told, parts=tuple(str(part) for part in bench.parts))
        config = TuneConfig(
            method="lora",
            epochs=options.epochs,
            batch=64,
            patience=2,
            reading=READING,
            reverse_complement=True,
            precision="bf16",
            seed=options.seed,
        )
        predictor = tuned_predictor(model, told, config)
        kept(paths[1], _read(predictor.language, bench))
        kept(paths[0], raw_predictions(predictor, texts)["open"])
    logits, states = (np.load(path).astype(np.float32) for path in paths)
    return logits, states


def cell_scores(options: Cells, bench: Bench, states: Singles | None, tuned: Singles | None) -> dict[str, Floats]:
    """Return who -> logits (n, C) of all windows, learned on `train` with penalties chosen on `validate`."""
    texts = bench.texts(np.arange(len(bench)))
    features: dict[str, Floats] = {}
    if states is not None:
        features[FROZEN] = states
    features[WORDS] = sequence_words(texts, LENGTHS)
    features[GC] = _gc(texts)
    features[DISTANCE] = distances(options.data, bench)
    found: dict[str, Floats] = {} if tuned is None else {TUNED: tuned}
    train, tune = bench.rows("train"), bench.rows("validate")
    for who, each in features.items():
        say(f"{who}: {each.shape[1]:,} features")
        regression = tuned_tracks(each[train], bench.opened[train], (each[tune], bench.opened[tune]))
        found[who] = np.concatenate([regression(each[low : low + 4096]) for low in range(0, len(each), 4096)])
    found[OTHERS] = others(bench.opened)
    return found


def _gc(texts: Sequence[str]) -> Floats:
    share = np.array([(text.count("G") + text.count("C")) / len(text) for text in texts])
    return np.stack([share, share**2], axis=1)


def others(opened: Singles) -> Singles:
    """Return (n, C) the share of the other cells in which a window is open."""
    known = np.isfinite(opened)
    total, count = np.nansum(opened, axis=1, keepdims=True), known.sum(axis=1, keepdims=True)
    return np.asarray((total - np.nan_to_num(opened)) / np.maximum(count - known, 1), dtype=np.float32)


def distances(data: Path, bench: Bench) -> Floats:
    """Return log(1 + bases) to the nearest TSS and CpG island, and their squares (n, 4)."""
    middles, columns = bench.starts + len(bench.sequences[0]) // 2, []
    for name in ANNOTATIONS:
        known, out = read_bed(file_of(data, name)), np.zeros(len(bench))
        for contig in np.unique(bench.contigs):
            rows, found = bench.contigs == contig, known[own_name(str(contig), known)]
            order = np.argsort(found.starts)
            low, high = found.starts[order], np.maximum.accumulate(found.ends[order])
            at = np.searchsorted(low, middles[rows], side="right")
            before = np.where(at > 0, middles[rows] - high[np.maximum(at, 1) - 1], 1 << 30)
            behind = np.where(at < len(low), low[np.minimum(at, len(low) - 1)] - middles[rows], 1 << 30)
            out[rows] = np.log1p(np.maximum(np.minimum(before, behind), 0))
        columns += [out, out**2]
    return np.stack(columns, axis=1)


def cell_figures(bench: Bench, scores: Scores) -> list[Figure]:
    """Return AUROC and average precision of every cell and their mean, of all test windows and of elements alone."""
    rows = bench.rows("test")
    figures = []
    for part, chosen in (("all windows", rows), ("elements", rows[~bench.drawn[rows]])):
        draws = Draws.of(bench.blocks(chosen), among=bench.blocks(rows))
        told: dict[str, dict[str, list[Doubles]]] = {metric: {} for metric in ("AUROC", "AUPRC")}
        for who, each in scores.items():
            for number in range(len(CELLS)):
                known = np.isfinite(bench.opened[chosen, number])
                positive = bench.opened[chosen, number][known] > 0.5
                found = draws.take(known).ranked(each[chosen, number][known], positive)
                for metric, values in zip(told, found, strict=True):
                    told[metric].setdefault(who, []).append(values)
        for metric, measured in told.items():
            for number, cell in enumerate(CELLS):
                bare = Figure("open in the cell", f"{part}/{cell}", "", metric, _known(bench, chosen, number), NOTHING)
                figures += paired(bare, {who: each[number] for who, each in measured.items()})
            whole = {who: means(each) for who, each in measured.items()}
            figures += paired(Figure("open in the cell", f"{part}/mean", "", metric, len(chosen), NOTHING), whole)
    return figures


def _known(bench: Bench, rows: Numbers, cell: int) -> int:
    return int(np.isfinite(bench.opened[rows, cell]).sum())


def pair_figures(bench: Bench, scores: Scores) -> list[Figure]:
    """Return how well differences tell elements of one cell from those of another, open in just one of the two.

    Of K562 and GM12878, and the mean over all pairs of lines. What is measured in other cells can't be asked here: of
    the two cells themselves it would be the answer.
    """
    rows, names = bench.rows("test"), list(CELLS)
    blocks = bench.blocks(rows)
    pairs = [(a, b) for at, a in enumerate(LINES) for b in list(LINES)[at + 1 :]]
    told: dict[str, list[Doubles]] = {}
    counts = []
    for a, b in pairs:
        one, other = (bench.opened[rows, names.index(each)] for each in (a, b))
        either = one + other == 1
        draws = Draws.of(blocks[either], among=blocks)
        counts.append(int(either.sum()))
        for who, each in scores.items():
            if who != OTHERS:
                difference = each[rows[either], names.index(a)] - each[rows[either], names.index(b)]
                told.setdefault(who, []).append(draws.auroc(difference, one[either] > 0.5))
    first = pairs.index(PAIR)
    task = "open in the one cell and closed in the other"
    figures = paired(
        Figure(task, " or ".join(PAIR), "", "AUROC", counts[first], NOTHING),
        {who: each[first] for who, each in told.items()},
    )
    mean = {who: means(each) for who, each in told.items()}
    return figures + paired(Figure(task, "mean of all pairs of lines", "", "AUROC", sum(counts), NOTHING), mean)
