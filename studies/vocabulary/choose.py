"""GROVER's way to a vocabulary: take the size on which the next bases are predicted best."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.figure import Figure

from dnalect import ConfigError, Genome, open_genome
from dnalect.core import Codes, Estimate, check_outputs, made_folder, say, shown, write_tsv
from dnalect.genome import Region, overlap, read_regions, subtract
from dnalect.models import use_threads
from dnalect.report import plots
from dnalect.stats import MANY, Draws, estimate
from dnalect.tokens import SPECIAL, BytePairs, encode, train_byte_pairs, write_tokenizer
from studies.options import Vocabulary
from studies.vocabulary import judge

COLUMNS = ("predictor", "words", "bases", "k", "accuracy", "low", "high", "bits", "bits_low", "bits_high", "seed_sd")
TABLE, PICTURE, TOKENIZER = "choice.tsv", "choice.png", "tokenizer.json"
LONGEST_MARKOV = 9
SHARE = 0.1
_TUNED = 10_000


@dataclass(frozen=True)
class Row:
    """One predictor at one k; k = 0: the mean over all k.

    words, bases: of its vocabulary and its mean token, None for rivals. accuracy, bits: with
    95% intervals over the test places; seeds are averaged. seed_sd: standard deviation of the
    judged quantity between seeds, None with fewer than two.
    """

    predictor: str
    words: int | None
    bases: float | None
    k: int
    accuracy: Estimate
    bits: Estimate
    seed_sd: float | None = None

    def cells(self) -> list[str]:
        """The row as text, in the order of COLUMNS."""
        numbers = [f"{value:.6f}" for value in (*self.accuracy, *self.bits)]
        size = ["" if self.words is None else str(self.words), "" if self.bases is None else f"{self.bases:.3f}"]
        spread = "" if self.seed_sd is None else f"{self.seed_sd:.6f}"
        return [self.predictor, *size, str(self.k) if self.k else "mean", *numbers, spread]


@dataclass(frozen=True)
class Choice:
    """rows: all predictors, vocabularies first. chosen: the best. ties: predictor -> how much worse, and the interval.

    Only vocabularies whose interval reaches the chosen one are ties.
    """

    rows: list[Row]
    chosen: str
    ties: dict[str, Estimate]
    judge: Literal["bits", "accuracy"]
    tokenizer: BytePairs = field(repr=False)


def choose(options: Vocabulary) -> Choice:
    """Try vocabularies of several sizes; write choice.tsv, choice.png and tokenizer.json.

    Vocabularies, models and rivals learn from the same contigs, and are judged on the same
    places of others. Raises ConfigError for sizes that cannot be had and for splits that overlap or leave too
    little, OutputError where a file would replace an input.
    """
    out = made_folder(options.out)
    use_threads(options.threads)
    outputs = [out / name for name in (TABLE, PICTURE, TOKENIZER)]
    check_outputs(outputs, [options.reference, *options.test, *options.validate])
    genome = open_genome(options.reference)
    train, validate, test = split(genome, options.test, options.validate)
    letters = [genome.fetch(region.contig, region.start, region.end) for region in train]
    trained = [encode(each) for each in letters]
    say(f"learning from {sum(map(len, train)):,} bases, judging on {sum(map(len, test)):,}")
    rng = np.random.default_rng(0)
    tried = judge.draw_windows(_codes(genome, test), options.windows, rng, "the test regions")
    tuned = judge.draw_windows(
        _codes(genome, validate), min(options.windows, _TUNED), rng, "the regions for validation"
    )
    draws = Draws.of(tried.blocks, MANY)
    vocabularies = _vocabularies(letters, options.sizes)
    marks: dict[str, list[judge.Marks]] = {}
    for name, tokenizer in vocabularies.items():
        marks[name] = []
        for seed in range(options.seeds):
            order = np.random.default_rng(1 + seed)
            windows = judge.draw_windows(trained, judge.BATCH * options.steps, order, "the rest of the genome")
            model = judge.train_model(tokenizer, windows, options.steps, seed)
            marks[name].append(judge.mark(partial(judge.model_log_probs, model, tokenizer), tried))
            say(f"{name}, seed {seed}: {marks[name][-1].bits.mean():.4f} bits a base")
    rivals = _rivals(trained, tuned, tried)
    sizes = {name: _size(tokenizer, tried) for name, tokenizer in vocabularies.items()}
    rows = [
        row
        for name, each in (marks | {name: [found] for name, found in rivals.items()}).items()
        for row in _rows(name, each, sizes.get(name), draws, options.judge)
    ]
    chosen, ties = _best(marks, draws, options.judge)
    result = Choice(rows, chosen, ties, options.judge, vocabularies[chosen])
    write_tsv(out / TABLE, [COLUMNS, *(row.cells() for row in rows)])
    write_tokenizer(result.tokenizer, out / TOKENIZER)
    draw(result.rows, result.chosen, out / PICTURE)
    return result


def split(
    genome: Genome, test: Sequence[str] = (), validate: Sequence[str] = ()
) -> tuple[list[Region], list[Region], list[Region]]:
    """Return the regions to learn from, to validate and to test on.

    Raises ConfigError where test and validation overlap, or nothing is left to learn from.
    """
    whole = [Region(number, 0, int(length)) for number, length in enumerate(genome.lengths)]
    tested = read_regions(genome, test) if test else _last(whole)
    left = subtract(whole, tested)
    tuned = read_regions(genome, validate) if validate else _last(left)
    if both := overlap(tuned, tested):
        name = genome.names[both.contig]
        raise ConfigError(f"{name}:{both.start + 1}-{both.end} stands in both --validate and --test")
    learned = subtract(left, tuned)
    if not learned:
        raise ConfigError(f"{genome.path.name} has too few contigs to hold some out: give --test and --validate")
    return learned, tuned, tested


def _last(regions: Sequence[Region]) -> list[Region]:
    """The last regions that make up a tenth of all bases."""
    wanted, held = SHARE * sum(map(len, regions)), 0
    out: list[Region] = []
    for region in reversed(regions):
        if held >= wanted:
            break
        out.insert(0, region)
        held += len(region)
    return out


def _codes(genome: Genome, regions: Sequence[Region]) -> list[Codes]:
    return [encode(genome.fetch(region.contig, region.start, region.end)) for region in regions]


def _vocabularies(letters: Sequence[Codes], sizes: Sequence[int]) -> dict[str, BytePairs]:
    if not sizes:
        raise ConfigError("give at least one size to try")
    largest = train_byte_pairs(letters, max(sizes))
    if len(largest.words) < max(sizes):
        raise ConfigError(f"these contigs give {len(largest.words):,} words at most, not {max(sizes):,}")
    return {f"BPE {size}": largest.first(size) if size < len(largest.words) else largest for size in sorted(set(sizes))}


def _rivals(trained: Sequence[np.ndarray], tuned: judge.Windows, tried: judge.Windows) -> dict[str, judge.Marks]:
    """The most frequent k-mer, and the Markov model of the order that is best on validation."""
    markov = judge.Markov(trained, LONGEST_MARKOV)
    losses = [judge.mark(partial(markov.log_probs, order), tuned).bits.mean() for order in range(LONGEST_MARKOV + 1)]
    best = int(np.argmin(losses))
    return {
        "most frequent k-mer": judge.mark(judge.MostFrequent(trained).log_probs, tried),
        f"Markov order {best}": judge.mark(partial(markov.log_probs, best), tried),
    }


def _size(tokenizer: BytePairs, windows: judge.Windows) -> tuple[int, float]:
    """Words without the special ones, and bases for each token of the windows."""
    tokens = judge.tokens_of(tokenizer, windows)[1].sum()
    return len(tokenizer.words) - len(SPECIAL), judge.CONTEXT * len(windows.codes) / float(tokens)


def _rows(
    name: str,
    marks: Sequence[judge.Marks],
    size: tuple[int, float] | None,
    draws: Draws,
    judged: Literal["bits", "accuracy"],
) -> list[Row]:
    hits, bits = np.mean([each.hits for each in marks], axis=0), np.mean([each.bits for each in marks], axis=0)
    words, bases = size or (None, None)
    rows = []
    for k in (*judge.KS, 0):
        columns = [judge.KS.index(k)] if k else list(range(len(judge.KS)))
        spread = [float(_judged(each, judged)[:, columns].mean()) for each in marks]
        rows.append(
            Row(
                *(name, words, bases, k),
                estimate(draws.mean(hits[:, columns].mean(axis=1))),
                estimate(draws.mean(bits[:, columns].mean(axis=1))),
                float(np.std(spread, ddof=1)) if len(marks) > 1 else None,
            )
        )
    return rows


def _judged(marks: judge.Marks, judged: Literal["bits", "accuracy"]) -> np.ndarray:
    return marks.bits if judged == "bits" else marks.hits


def _best(
    marks: dict[str, list[judge.Marks]], draws: Draws, judged: Literal["bits", "accuracy"]
) -> tuple[str, dict[str, Estimate]]:
    """The best vocabulary, and those that the test cannot tell from it."""
    sign = 1 if judged == "bits" else -1
    values = {
        name: sign * np.mean([_judged(each, judged) for each in found], axis=(0, 2)) for name, found in marks.items()
    }
    best = min(values, key=lambda name: float(values[name].mean()))
    worse = {name: estimate(draws.mean(each - values[best])) for name, each in values.items() if name != best}
    return best, {name: estimate for name, estimate in worse.items() if not estimate.low > 0}


def table(choice: Choice) -> list[list[str]]:
    """Return the rows for people, their header first: accuracy at each k, bits over all."""
    head = ["predictor", "words", "bases", *(f"{k}-mer" for k in judge.KS), "mean accuracy", "bits a base"]
    lines = [head]
    for name in dict.fromkeys(row.predictor for row in choice.rows):
        *each, mean = [row for row in choice.rows if row.predictor == name]
        size = ["" if mean.words is None else f"{mean.words:,}", "" if mean.bases is None else f"{mean.bases:.2f}"]
        shares = [f"{row.accuracy.mean:.2%}" for row in each]
        accuracy = f"{mean.accuracy.mean:.2%} [{mean.accuracy.low:.2%}, {mean.accuracy.high:.2%}]"
        bits = shown(mean.bits, 4)
        mark = " *" if name == choice.chosen else ""
        lines.append([name + mark, *size, *shares, accuracy, bits])
    return lines


def verdict(choice: Choice) -> str:
    """Return the choice as a sentence, with the sizes that cannot be told from it."""
    text = f"{choice.chosen} predicts the next bases best by {choice.judge}"
    if choice.ties:
        text += f"; the test cannot tell it from {', '.join(choice.ties)}"
    best = next(row for row in choice.rows if row.predictor == choice.chosen and not row.k)
    rival = min((r for r in choice.rows if r.words is None and not r.k), key=lambda row: row.bits.mean)
    if rival.bits.mean < best.bits.mean:
        text += f"; {rival.predictor} does better still ({rival.bits.mean:.4f} bits a base)"
    return text + "."


def draw(rows: Sequence[Row], chosen: str, picture: Path) -> None:
    """Draw bits and accuracy against the size of the vocabulary, with the rivals as lines."""
    means = [row for row in rows if not row.k]
    tried = [row for row in means if row.words is not None]
    panels_of = (
        ("bits", 1, "bits a base, mean over k = 2 to 6", "How surprising the next bases are"),
        ("accuracy", 100, "% of next k-mers guessed, mean over k", "How often the guess is right"),
    )

    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, 2)
        for axes, (quantity, scale, label, title) in zip(panels, panels_of, strict=True):
            plots.clean(axes)
            found = [getattr(row, quantity) for row in tried]
            values = scale * np.array([each.mean for each in found])
            ends = np.array([[each.mean - each.low, each.high - each.mean] for each in found]).T * scale
            words = [row.words for row in tried]
            axes.errorbar(words, values, ends, fmt="o-", color=plots.MODEL, capsize=3, label="small model, byte pairs")
            at = next(n for n, row in enumerate(tried) if row.predictor == chosen)
            axes.plot(words[at], values[at], "o", ms=12, mfc="none", mec=plots.SECOND, mew=1.5, label="chosen")
            for row, style in zip((row for row in means if row.words is None), ("--", ":"), strict=True):
                axes.axhline(scale * getattr(row, quantity).mean, ls=style, color=plots.RIVAL, label=row.predictor)
            axes.set(xscale="log")
            axes.set_xlabel("words in the vocabulary", fontsize=9, color=plots.INK)
            axes.set_ylabel(label, fontsize=9, color=plots.INK)
            axes.set_title(title, fontsize=9.5, loc="left", color=plots.INK)
        low, high = panels[0].get_ylim()
        panels[0].set_ylim(low, high + 0.35 * (high - low))
        panels[0].legend(frameon=False, fontsize=8, loc="upper left")

    plots.save(picture, 8.6, 3.6, paint)
