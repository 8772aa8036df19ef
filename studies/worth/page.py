"""The page of the documentation: every sentence about a model follows from its rows."""

from collections.abc import Iterable, Sequence

from dnalect.core import Figure, against_chance, against_rival, shown
from studies.worth.goals import goals_table
from studies.worth.head import head_sentence, head_table
from studies.worth.missed import whys
from studies.worth.results import Result, Skipped

TOP = """# What each model knows

Measured on real variants and annotations, by a model that never saw the chromosome in question; rows that are marked
as seen are the exception, and none of them stands in this table. AUROC is the chance that a variant of the first group
scores above one of the second: 0.5 knows nothing, 1 is perfect.

{table}
{said}
Everything else is folded away below, by study; [Reproducing](#all-rows) says how this page is made.
"""
AIMED = """## What the models are meant to reach

Goals are set before a model is trained, and looked up in the rows below.

{table}"""
METHOD = """A model is asked for p(base | all other bases) and nothing else: the model that ships where the chromosome
was held out, elsewhere a *fold*: the network and training of version 1, on other chromosomes. *LLR* is ln p(ALT) -
ln p(REF). Brackets are 95% intervals, from drawing promoters, genes or 10-kb blocks anew. *Above chance* and *better*
mean that the interval, or that of the paired difference, lies wholly on one side; of twenty such intervals one misses
by chance, and this page compares {count} of them.

Rivals see the same items: the log-ratio of a Markov model that knows 4 bases on each side and trained on the same
chromosomes as the model; how often substitutions arise in their context of 3 bases on each side, counted in rare
variants of other chromosomes; the distance to the start of transcription; and the bare substitution type.
"""
SEEN = """
!!! warning
    Rows marked as seen come from chromosomes that the model trained on. They show that the studies run and are no
    evidence of what the model knows.
"""
FOOT = """## All rows

Every row, with its command, is in {files}. To make them and this page again, with the folds of `make folds DATA=DATA`:

```console
$ {command}
```

With `--study NAME` one study is measured anew and the others are kept as they are; `--kept` makes the page alone.
`make worth DATA=DATA` needs no folds: it measures the shipped models on what they never saw, chromosomes XIII (by which
they were chosen) and XIV of yeast and 20 of human, keeps what needs folds, and puts the figures where `dnalect models`
shows them.
"""


def compared(rows: Iterable[Figure]) -> list[list[Figure]]:
    """Return the model's rows that were set beside rivals, one list a figure."""
    found: dict[tuple[str, ...], list[Figure]] = {}
    for row in rows:
        if row.against:
            found.setdefault((row.task, row.species, row.who, row.metric, row.part), []).append(row)
    return list(found.values())


def sentence(rows: Sequence[Figure]) -> str:
    """Return one figure in words: its value, whether it differs from chance, and from each rival."""
    row = rows[0]
    seen = " *(seen in training)*" if row.seen else ""
    chance = against_chance(row)
    against = "; ".join(against_rival(each) for each in rows)
    return (
        f"**{row.part}**, {row.metric}: {shown(row.value)} (n = {row.n:,}){seen}"
        f"{', ' if chance else ''}{chance}. {_capital(against)}."
    )


def shortcomings(rows: Sequence[Figure]) -> list[str]:
    """Return a sentence for every figure that is not above chance or that a rival equals or beats."""
    told: list[str] = []
    for figure in compared(rows):
        row, chance = figure[0], against_chance(figure[0])
        weak = [] if not chance or chance.startswith("above") else [f"{chance} ({shown(row.value)})"]
        weak += [words for words in map(against_rival, figure) if not words.startswith("better")]
        if weak:
            told.append(f"`{row.who}`, *{row.species}*, {row.part}, {row.metric}: {'; '.join(weak)}.")
    return told


def render(results: Sequence[Result], skipped: Sequence[Skipped], images: str, command: str) -> str:
    """Return the page as Markdown: one table, and the rest folded away.

    images: folder of the plots, relative to the page. command: that made it.
    """
    rows = [row for result in results for row in result.findings.rows]
    parts = [TOP.format(table=head_table(rows), said=head_sentence(rows))]
    parts.append(AIMED.format(table=goals_table(rows)))
    parts += [f"Where a goal is missed, and what shows why:\n\n{_bullets(missed)}"] if (missed := whys(rows)) else []
    parts += [SEEN] if any(row.seen for row in rows) else []
    count = sum(1 for row in rows if row.against) + len(compared(rows))
    parts.append(_fold("How the figures are to be read", METHOD.format(count=count)))
    if weak := shortcomings(rows):
        title = f"Where a model is at chance, or no better than a rival ({len(weak)} figures)"
        parts.append(_fold(title, _bullets(weak)))
    for study in dict.fromkeys(result.study.name for result in results):
        own = [result for result in results if result.study.name == study]
        inside = "\n".join([f"{own[0].study.text}\n", *(_section(result, images) for result in own)])
        parts.append(f"## {own[0].study.title}\n\n" + _fold("Method, plots and all figures", inside))
    if skipped:
        reasons = [f"{each.study.title}, *{each.species.name}*: {each.reason}." for each in skipped]
        parts.append("## Not measured\n\n" + _bullets(reasons))
    names = list(dict.fromkeys(f"`results/worth/{result.study.name}.tsv`" for result in results))
    parts.append(FOOT.format(files=", ".join(names), command=command))
    return "\n".join(parts)


def _fold(title: str, text: str) -> str:
    return f'<details markdown="1">\n<summary>{title}</summary>\n\n{text}\n</details>\n'


def _section(result: Result, images: str) -> str:
    notes = "\n".join(result.findings.notes)
    figures = [sentence(each) for each in compared(result.findings.rows)]
    plots = [f"![Plot]({images}/worth-{plot.name}.png)\n\n{plot.caption}\n" for plot in result.findings.plots]
    return "\n".join([f"### `{result.name}`, *{result.species.name}*\n\n{notes}\n", *plots, _bullets(figures)])


def _bullets(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
