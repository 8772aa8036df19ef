"""The page of elements across species: every sentence follows from the figures."""

from collections.abc import Collection

from dnalect.core import Figure, plain, shown

PAGE = """# Elements across species

Does a language model find elements in species without labels, and how far from home? Elements of *S.
cerevisiae* and of human chromosome 20 are learned by a probe on a model's vectors ([`dnalect
discover`](alike.md#elements-of-another-genome)) and looked for in {searched} random windows of 500 bases (stretches
of 20 kb) of other genomes, whose own annotations judge. Rivals are the same probe on words of 3 to 5 bases, on GC
content, and on the untrained network; the similarity to the labelled windows; and alignment. Promoters are the 500
bases before a start codon or a measured start of transcription, coding sequence is CDS or exons, bound sites are
summits of Abf1, Cbf1, Rap1 and Reb1 (Rossi 2021). Of human only what lies within 5 kb of a promoter is looked at, as
few other windows hold an element. Brackets: 95% intervals from drawing blocks of 10 kb.

## In short

By AUPRC; better and above mean that the interval, or that of the paired difference, lies on one side.

{short}

{sections}
## Promoters alike without alignment

Each promoter of *S. cerevisiae* is looked for among those of the same {pairs} genes in a relative: how often is its
own gene's the most like it (cosine of centred vectors; minimap2: most matching bases)? Random pairs would find
{chance} of them. Below, the same with random substitutions in place of evolution.

{partners}
## All rows

`results/discover/figures.tsv` has AUROC, all intervals and differences, too. To make it and this page again:

```console
$ {command}
```
"""
FOUND = "partner comes first"


def page(figures: list[Figure], command: str) -> str:
    """Return the page of the documentation."""
    across = [each for each in figures if each.metric != FOUND and not each.metric.startswith(FOUND)]
    pairs = [each for each in figures if each.metric.startswith(FOUND)]
    sections = [_section(across, task) for task in dict.fromkeys(each.task for each in across)]
    sizes = [each.n for each in across if "held out" not in each.part]
    chance = f"{pairs[0].chance:.1%}" if pairs else ""
    count = f"{round(1 / pairs[0].chance):,}" if pairs else "0"
    short = "\n".join([*(_short(across, task) for task in dict.fromkeys(each.task for each in across)), *_pairs(pairs)])
    told = {
        "short": short,
        "searched": f"up to {max(sizes, default=0):,}",
        "pairs": count,
        "chance": chance,
        "command": command,
    }
    return PAGE.format(sections="\n".join(sections), partners=_partners(pairs), **told)


def _short(figures: list[Figure], task: str) -> str:
    """Say where the probe on the model's vectors is above chance, and where it is better than every rival."""
    mine = [each for each in figures if (each.task, each.metric) == (task, "AUPRC") and each.against]
    rows: dict[str, list[Figure]] = {}
    for each in mine:
        rows.setdefault(each.part.split(" (")[0], []).append(each)
    above = [part for part, each in rows.items() if each[0].value.low > each[0].chance]
    better = [part for part, each in rows.items() if all(one.difference.low > 0 for one in each)]
    words = [part for part, each in rows.items() if any("words" in e.against and e.difference.low > 0 for e in each)]
    return (
        f"- **{task[0].upper()}{task[1:]}**: above chance in {_of(above, rows)}; "
        f"better than words in {_of(words, rows)}; better than every rival in {_of(better, rows)}."
    )


def _of(some: list[str], every: Collection[str]) -> str:
    if len(some) == len(every):
        return f"all {len(every)}" if len(every) > 1 else some[0]
    return f"{len(some)} of {len(every)}" + (f" ({'; '.join(some)})" if some else "")


def _pairs(figures: list[Figure]) -> list[str]:
    """Say how often the model finds partners better or worse than words do."""
    found = [each for each in figures if each.metric == FOUND and "words" in each.against]
    better = sum(each.difference.low > 0 for each in found)
    worse = sum(each.difference.high < 0 for each in found)
    if not found:
        return []
    return [
        f"- **Promoters alike without alignment**: more often than words the model finds the partner in {better} of "
        f"{len(found)} groups, less often in {worse}."
    ]


def _section(figures: list[Figure], task: str) -> str:
    mine = [each for each in figures if each.task == task]
    lines = [f"## {task[0].upper()}{task[1:]}", ""]
    people = list(dict.fromkeys(each.who for each in mine))
    for metric in dict.fromkeys(each.metric for each in mine):
        if metric == "AUROC":
            continue
        lines += [
            f"**{metric}**",
            "",
            f"| genome | by chance | {' | '.join(people)} |",
            "|---|---|" + "---|" * len(people),
        ]
        for part in dict.fromkeys(each.part for each in mine):
            row = {each.who: each for each in mine if (each.part, each.metric) == (part, metric)}
            own = next(iter(row.values()))
            cells = [
                (shown(row[who].value, 2) if who == own.who else plain(row[who].value.mean, 2)) if who in row else ""
                for who in people
            ]
            lines.append(f"| {part} | {plain(own.chance, 2)} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _partners(figures: list[Figure]) -> str:
    if not figures:
        return ""
    people = list(dict.fromkeys(each.who for each in figures if each.metric == FOUND))
    model = people[0]
    lines = [
        f"| promoters | n | {' | '.join(people)} | {model}, where minimap2 does not find it |",
        "|---|---|" + "---|" * (len(people) + 1),
    ]
    for part in dict.fromkeys(each.part for each in figures):
        row = {each.who: each for each in figures if (each.part, each.metric) == (part, FOUND)}
        rest = [each for each in figures if each.part == part and each.metric != FOUND and each.who == model]
        cells = [shown(row[who].value, 2) for who in people]
        missed = f"{shown(rest[0].value, 2)} of {rest[0].n:,}" if rest else ""
        lines.append(f"| {part} | {row[model].n:,} | {' | '.join(cells)} | {missed} |")
    return "\n".join([*lines, ""])
