"""Do promoters, splice sites, repeats and motifs cluster without labels?

Windows around labelled places are read by a model and by its rivals: words of 3 to 5 bases, GC, the same network
untrained. Neighbourhood purity and silhouette of the labels, against labels turned about along the genome.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

import numpy as np
import numpy.typing as npt

from dnalect.alike import RIVALS, How, Where, nearest, planar, principal, rival_vectors, separations, unit
from dnalect.core import Figure, made_folder, plain, say, shown, shown_difference, write_figures, write_text
from dnalect.inference import site_states
from dnalect.models import Model, language_model, use_threads
from dnalect.report import Dots, draw_maps
from studies.alike.places import Places, human_places, yeast_places
from studies.options import Clusters

# Bases around a place: all of them, or those whose states are averaged while the model sees all.
WINDOW, AROUND = 200, 10
NEIGHBOURS, APART = 15, 10_000
WHOLE, SITE = f"{WINDOW} bases", f"{2 * AROUND + 1} bases, {WINDOW} seen"
MEAN, PURITY, SILHOUETTE = "mean over classes", "neighbourhood purity", "silhouette"
Singles = npt.NDArray[np.float32]
READERS: dict[str, Callable[[Path, int, int], list[Places]]] = {"human": human_places, "": yeast_places}


def run(options: Clusters) -> list[Figure]:
    """Measure, and write OUT/figures.tsv, a plot for each question, and the page where one is named."""
    use_threads(options.threads)
    made_folder(options.out)
    figures: list[Figure] = []
    for name in options.models:
        model = language_model(name, options.device)
        reader = READERS["human" if "sapiens" in model.card.species else ""]
        for places in reader(options.data, options.each, WINDOW):
            for pool in (WHOLE, SITE):
                figures += _measured(model, places, pool, options)
    found = [replace(each, command=options.command) for each in figures]
    write_figures(options.out / "figures.tsv", found)
    if options.page:
        write_text(options.page, page(found, options.command))
        images = made_folder(options.page.parent / "images")
        for task in {each.task for each in found if each.task.endswith(f", {WHOLE}")}:
            copyfile(options.out / picture(task), images / picture(task))
    return found


def _measured(model: Model, places: Places, pool: str, options: Clusters) -> list[Figure]:
    say(f"{model.card.id}: {places.task}, {pool}, {len(places.label):,} windows")
    texts = places.windows(WINDOW)
    own = np.array(["N" not in text for text in texts])
    spaces = {model.card.id: _vectors(model, texts, pool)}
    middle = slice(WINDOW // 2 - AROUND, WINDOW // 2 + AROUND + 1)
    words = texts if pool == WHOLE else [text[middle] for text in texts]
    for name in ("words", "gc"):
        spaces[RIVALS[name]] = rival_vectors(name, None, words, How())
    spaces[RIVALS["untrained"]] = _vectors(model.untrained(1), texts, pool)
    names = sorted(set(places.label))
    classes = np.array([names.index(each) for each in places.label])
    classes[~own] = -1
    where = Where(places.contig, places.at)
    points = {who: principal(each) for who, each in spaces.items()}
    units = {who: unit(each.points) for who, each in points.items()}
    ready = {who: (each, nearest(each, NEIGHBOURS, where, APART)) for who, each in units.items()}
    task = f"{places.task}, {pool}"
    _draw(options.out, model.card.id, task, planar(points[model.card.id], "tsne"), places.label)
    return separations(task, names, classes, ready, where, options.permutations)


def _vectors(model: Model, texts: list[str], pool: str) -> Singles:
    if pool == WHOLE:
        return How()(model, texts)
    return site_states(model, texts, [WINDOW // 2] * len(texts), AROUND).astype(np.float32)


def _draw(
    out: Path, who: str, task: str, flat: tuple[npt.NDArray[np.floating], tuple[str, str]], label: tuple[str, ...]
) -> None:
    draw_maps([Dots(*flat, f"{who}: {task}", "", label)], out / picture(task))


def picture(task: str) -> str:
    """Return the name of a question's picture."""
    words = "".join(c if c.isalnum() else " " for c in task.lower()).split()
    return f"clusters-{'-'.join(words)}.png"


PAGE = """# Do places cluster without labels?

Ji et al. (2021) report of DNABERT that promoters, splice sites, repeats and motifs cluster in its vectors, though it
was never told of them. Here the same is asked of the models that ship, with numbers in place of pictures. Windows of
200 bases lie around places of an annotation; the label is looked at only afterwards. *Neighbourhood purity* is the
share of a window's 15 nearest others (by cosine of 50 principal components, none within 10 kb) that have its label,
as a mean over classes; *silhouette* is above 0 where windows are nearer to their own class than to the next. *Labels
turned about* along the genome say what chance gives. Rivals: words of 3 to 5 bases, GC content, and the same network
untrained. Brackets: 95% intervals from drawing blocks of 10 kb.

## In short

{short}
{pictures}
{sections}
## All rows

`results/clusters/figures.tsv` has the rivals' intervals, too. To make it, the pictures and this page again:

```console
$ {command}
```
"""


def page(figures: list[Figure], command: str) -> str:
    """Return the page of the documentation: every sentence about a model follows from its rows."""
    sections = []
    for task in dict.fromkeys(each.task for each in figures):
        mine = [each for each in figures if each.task == task]
        who = mine[0].who
        rivals = list(dict.fromkeys(each.who for each in mine if each.who != who))
        lines = [f"## {task[0].upper()}{task[1:]}: {who}", ""]
        lines += [_verdict(mine, who, metric) for metric in (PURITY, SILHOUETTE)]
        lines += [
            "",
            f"| class | n | {who}, purity | {' | '.join(rivals)} | turned about | p |",
            "|---|---|---|" + "---|" * (len(rivals) + 2),
        ]
        for part in dict.fromkeys(each.part for each in mine):
            row = {each.who: each for each in mine if (each.part, each.metric) == (part, PURITY)}
            own = row[who]
            cells = [part, f"{own.n:,}", shown(own.value, 2), *(plain(row[each].value.mean, 2) for each in rivals)]
            lines.append(f"| {' | '.join([*cells, plain(own.chance, 2), f'{own.p:.2g}'])} |")
        sections.append("\n".join([*lines, ""]))
    told = {"short": _short(figures), "pictures": _pictures(figures), "command": command}
    return PAGE.format(sections="\n".join(sections), **told)


def _short(figures: list[Figure]) -> str:
    """One row a question: the purity by the model and by the best of its rivals, and which of them is better."""
    lines = ["| what, by whom | purity | by chance | best rival | more than the best rival |", "|---|---|---|---|---|"]
    for task in dict.fromkeys(each.task for each in figures):
        mine = [each for each in figures if (each.task, each.part, each.metric) == (task, MEAN, PURITY)]
        model = mine[0].who
        rival = max((each for each in mine if each.who != model), key=lambda each: each.value.mean)
        own = next(each for each in mine if (each.who, each.against) == (model, rival.who))
        cells = [
            f"{task}: {model}",
            shown(own.value, 2),
            plain(own.chance, 2),
            f"{rival.who} {shown(rival.value, 2)}",
            shown_difference(own, 2),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _pictures(figures: list[Figure]) -> str:
    tasks = [task for task in dict.fromkeys(each.task for each in figures) if task.endswith(f", {WHOLE}")]
    return "\n".join(f"![t-SNE of the vectors, coloured by label: {task}](images/{picture(task)})\n" for task in tasks)


def _verdict(mine: list[Figure], who: str, metric: str) -> str:
    own = [each for each in mine if (each.who, each.part, each.metric) == (who, MEAN, metric)]
    first = own[0]
    above = "above" if first.p <= 0.05 else "not above"
    told = []
    for each in own:
        low, high = each.difference.low, each.difference.high
        how = "better than" if low > 0 else "worse than" if high < 0 else "no different from"
        told.append(f"{how} {each.against} ({shown_difference(each, 2)})")
    return (
        f"{metric.capitalize()} {shown(first.value, 2)}, {above} labels turned about ({plain(first.chance, 2)}, "
        f"p {first.p:.2g}); {'; '.join(told)}."
    )
