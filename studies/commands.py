"""The commands: each asks one study, and says where its figures are."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from dnalect.cli import command
from dnalect.core import Figure, aligned, say, table_of, write_figures
from studies import options as asked
from studies.design.options import Design
from studies.tracks import options as tracked
from studies.worth.request import Worth

FOLDS = Path("runs/folds")


def _case(out: Path) -> None:
    say(f"the figures are in {out / 'figures.tsv'}; open {out / 'index.html'}")


def _told(figures: Sequence[Figure], output: Path | None = None) -> None:
    """Write the figures, where a file is named, and print them."""
    if output:
        write_figures(output, figures)
    click.echo(table_of(figures))


@command("worth", Worth)
def worth(options: Worth) -> None:
    """What a model knows: studies on real variants and annotations, with rivals and intervals."""
    from studies.worth.run import run

    if options.folds is None and FOLDS.is_dir():
        options = replace(options, folds=FOLDS)
    results, _ = run(options)
    for result in results:
        click.echo(f"{result.study.name}, {result.model}: {len(result.findings.rows)} rows in {options.out}")


@command("recipes", asked.Recipes)
def recipes(options: asked.Recipes) -> None:
    """MODELS of any kind that share one split of yeast: bits per base, common against rare, beside Markov models.

    \b
    python -m studies recipes runs/recipes/*-small --data DATA
    """
    from studies.recipes import compare

    told = options.sample, options.variants, options.dtype, options.command
    _told(compare(options.models, options.data, options.out, *told))


@command("expression", asked.Expression)
def expression(options: asked.Expression) -> None:
    """Yeast promoters: learn expression of random promoters, predict measured and natural changes.

    \b
    python -m studies expression configs/benchmarks/expression.yaml --data DATA --out results/expression
    """
    from studies.cases.expression import run

    run(options)
    _case(options.out)


@command("elements", asked.Human)
def elements(options: asked.Human) -> None:
    """Human: which measured variants of regulatory elements have an effect?

    \b
    python -m studies elements --data DATA --predictor activity=FOLDER --out results/elements
    """
    from studies.cases.elements import run_elements

    run_elements(options)
    _case(options.out)


@command("pairs", asked.Human)
def pairs(options: asked.Human) -> None:
    """Human: which alleles differ in a reporter, among pairs of eQTL loci?"""
    from studies.cases.pairs import run_pairs

    run_pairs(options)
    _case(options.out)


@command("saturation", asked.Saturation)
def saturation(options: asked.Saturation) -> None:
    """Human: every substitution and deletion of one base of the HNF4A promoter."""
    from studies.cases.saturation import run_saturation

    run_saturation(options)
    _case(options.out)


@command("heads", asked.Heads)
def heads(options: asked.Heads) -> None:
    """The heads of MODEL, a multi-task model, on regions it did not learn from, beside simple rivals.

    \b
    python -m studies heads runs/recipes/logo-chapter-yeast --data DATA -o heads.tsv
    """
    from studies.heads.job import evaluate_heads

    _told(evaluate_heads(options), options.output)


@command("probe", asked.Probe)
def probe(options: asked.Probe) -> None:
    """Which of two MODELS serves a simple classifier better: logistic regression on frozen mean embeddings."""
    from studies.heads.probe import probe_models, task_of

    _told(probe_models(options.models, task_of(options), options.command), options.output)


@command("motifs", asked.Motifs)
def motifs(options: asked.Motifs) -> None:
    """Yeast: which motifs does a model know without labels, and who binds there?

    \b
    python -m studies motifs --data DATA --page docs/motifs.md
    """
    from studies.motifs.run import run

    _told(run(options))


@command("structural", asked.Structural)
def structural(options: asked.Structural) -> None:
    """Are junctions of natural structural variants told from those of random ones of their size? Yeast and human.

    python -m studies structural --data DATA -o results/structural.tsv
    """
    from studies.structural.job import run

    _told(run(options), options.output)


@command("dependency", asked.Dependency)
def dependency(options: asked.Dependency) -> None:
    """Do dependency maps know what goes together? Stems of tRNAs and splice sites of yeast, beside nulls.

    \b
    python -m studies dependency --data DATA -o results/dependency.tsv
    """
    from studies.dependency.job import run

    _told(run(options), options.output)


@command("ensemble", asked.Ensemble)
def ensemble(options: asked.Ensemble) -> None:
    """Would the mean of several MODELS predict better than the best of them?

    \b
    python -m studies ensemble runs/duplex-yeast-2 runs/duplex-yeast-repeats --data DATA -o results/ensemble.tsv
    """
    from studies.ensemble import run

    _told([replace(each, command=options.command) for each in run(options)], options.output)


@command("hidden", asked.Hidden)
def hidden(options: asked.Hidden) -> None:
    """MODELS on bases of which 15% are hidden at once.

    \b
    python -m studies hidden attention-small duplex-yeast --data DATA -o results/hidden.tsv
    """
    from studies.hidden import run

    _told([replace(each, command=options.command) for each in run(options)], options.output)


@command("context", asked.Context)
def context(options: asked.Context) -> None:
    """What context is worth to MODELS: bits of a base by its window, and how far away sequence moves a score.

    \b
    python -m studies context runs/recipes/*-short --data DATA -o results/context.tsv
    """
    from studies.context import run

    _told(run(options), options.output)


@command("tracks", tracked.Tracks)
def tracks(options: tracked.Tracks) -> None:
    """Yeast: nucleosomes and sites of 26 factors in bins, on a pretrained trunk and on the same from random weights.

    \b
    python -m studies tracks --data DATA --out results/tracks --device cuda --dtype bfloat16
    """
    from studies.tracks.job import run

    _told(run(options))


@command("attention", asked.Attention)
def attention(options: asked.Attention) -> None:
    """Attention of MODEL from 5' splice sites in yeast, and what substitutions at CTCF sites move, beside no training.

    \b
    python -m studies attention --model runs/attention-small --data DATA
    """
    from studies.attention.job import run

    _told(run(options))


@command("vocabulary", asked.Vocabulary)
def vocabulary(options: asked.Vocabulary) -> None:
    """Choose the size of a byte-pair vocabulary as GROVER did: by how well the next bases are predicted.

    On each vocabulary a small model learns to predict the next 2 to 6 bases from the 50 before
    them. It is judged on contigs that nothing was learned from, beside the most frequent k-mer
    and Markov models. Writes choice.tsv, choice.png and the chosen tokenizer.json.

    \b
    python -m studies vocabulary genome.fa --out choice
    """
    from studies.vocabulary import choose as study

    result = study.choose(options)
    click.echo(aligned(study.table(result)))
    click.echo(study.verdict(result))


@command("clusters", asked.Clusters)
def clusters(options: asked.Clusters) -> None:
    """Do promoters, splice sites, repeats and motifs cluster in the vectors of models, without labels?

    \b
    python -m studies clusters --data DATA --page docs/clusters.md
    """
    from studies.alike.clusters import MEAN, run

    _told([each for each in run(options) if each.part == MEAN])


@command("discover", asked.Discover)
def discover(options: asked.Discover) -> None:
    """Elements of yeast and human, found in other species by distance; promoters of relatives, found without alignment.

    \b
    python -m studies discover --data DATA --page docs/discover.md
    """
    from studies.alike.discover import run

    _told(run(options))


@command("design", Design)
def design(options: Design) -> None:
    """Designed promoters and elements: what a predictor that was not used says, beside rivals at as many calls.

    \b
    python -m studies design --data DATA --part yeast
    """
    from studies.design.run import run

    _told(run(options))
