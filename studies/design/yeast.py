"""Yeast promoters of high and low expression, by a probe; the judge is a published network that it never met."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect import finetune, predict
from dnalect.core import Estimate, Figure, read_figures, say
from dnalect.genome import Motif, read_motifs
from dnalect.stats import Draws, estimate, signal_measures
from studies.data import file_of
from studies.design.groups import Asked, Rows, bare, column, compared, shares
from studies.design.options import Design
from studies.design.published import DeepAtt

TASK, PROMOTERS = "yeast promoters", "tasks/yeast_promoters/vaishnav2022_Random_defined.csv.gz"
MOTIFS = "motifs/SwissRegulon_s_cer.meme.gz"
LEFT, RIGHT, FREE = 17, 13, 80
RIVALS = ("random", "shuffled", "known")
LIKELY, BEST = "gradient, likelihood too", "best measured"
# Of measured promoters: what a design within the range is to come near to.
QUANTILE = 0.99
WITHIN = "gradient, within the range"
Floats = npt.NDArray[np.float64]


def yeast(options: Design) -> tuple[list[Figure], list[Figure], Rows]:
    """Return the figures of predictor, judge and designs, those of motifs, and all sequences that were judged."""
    import pandas

    table = pandas.read_csv(file_of(options.data, PROMOTERS), usecols=["seq110", "meanEL"])
    table = table[table["seq110"].str.fullmatch("[ACGT]{110}")]
    table = table.sample(options.examples, random_state=1) if options.examples else table
    texts, measured = list(table["seq110"]), table["meanEL"].to_numpy()
    folder = _tuned(options, texts, measured)
    judge = DeepAtt(options.data)
    said = judge(texts)
    slope, shift = np.polyfit(said, measured, 1)

    def expression(sequences: list[str]) -> Floats:
        return np.asarray(slope * judge(sequences) + shift)

    figures = _trusted(options, folder, slope * said + shift, measured)
    motifs = read_motifs(file_of(options.data, MOTIFS))
    content, rows = list[Figure](), Rows()
    for part in ("high", "low"):
        edge = float(np.quantile(measured, QUANTILE if part == "high" else 1 - QUANTILE))
        groups = _searched(options, folder, texts, part, edge)
        best = np.argsort(-measured if part == "high" else measured)[: options.count]
        groups[BEST] = _known(folder, [texts[at] for at in best.tolist()])
        for who, each in groups.items():
            for row, value in zip(each, expression([row["sequence"] for row in each]), strict=True):
                row |= {"task": TASK, "part": part, "who": who, "predicted": row["expression"], "judge": float(value)}
            rows += each
        for metric, name in (("judge", "judge"), ("predictor", "predicted"), ("GC", "gc")):
            figures += compared(bare(TASK, part, metric, options.command), column(groups, name))
        near = {who: each for who, each in groups.items() if who != BEST}
        figures += compared(bare(TASK, part, "bits a base", options.command), column(near, "bits"))
        near.pop("known")
        asked = bare(TASK, part, "edits from the nearest known", options.command)
        figures += compared(asked, column(near, "edits_from_known"))
        found = {who: [row["sequence"] for row in each] for who, each in groups.items()}
        content += _content(options, part, motifs, found)
    return figures, content, rows


def _tuned(options: Design, texts: list[str], measured: Floats) -> Path:
    """Return the folder of the designer's predictor, made where it is missing: a probe on frozen states by place."""
    folder = options.run / "expression"
    if not (folder / "card.json").is_file():
        import pandas

        frame = pandas.DataFrame({"sequence": texts, "expression": measured})
        told: dict[str, Any] = {"labels": ("expression",), "split": "random", "method": "probe", "pool": "eighths"}
        finetune(frame, folder, options.yeast, rivals=(), device=options.device, **told)
    return folder


def _trusted(options: Design, folder: Path, said: Floats, measured: Floats) -> list[Figure]:
    """Return how well predictor (on promoters held out) and judge predict random promoters."""
    own = next(each for each in read_figures(folder / "figures.tsv") if each.metric == "Pearson")
    draws = Draws.of(np.arange(len(measured)))
    values = estimate(signal_measures(said, measured, draws)["Pearson"])
    asked = bare(TASK, "random promoters", "Pearson with what was measured", options.command)
    return [
        replace(asked, who="predictor, held out", n=own.n, value=own.value),
        replace(asked, who="judge (DeepAtt)", n=len(measured), value=values),
    ]


def _searched(options: Design, folder: Path, texts: list[str], part: str, edge: float) -> dict[str, Rows]:
    """Return what each search and each rival found."""
    template = texts[0][:LEFT] + "N" * FREE + texts[0][-RIGHT:]
    told: dict[str, Any] = {"template": template, "known": texts}
    told["protect"] = (f"1-{LEFT}", f"{LEFT + FREE + 1}-{LEFT + FREE + RIGHT}")
    told |= {"calls": options.calls, "count": options.count, "seed": options.seed, "likelihood": options.yeast}
    asked = Asked([str(folder)], told | {"device": options.device, "threads": options.threads})
    groups = dict[str, Rows]()
    for number, method in enumerate(options.searches):
        say(f"expression {part}: {method}")
        groups |= asked.found([f"expression={part}"], method, ("none",) if number else RIVALS)
    if "gradient" in options.searches:
        say(f"expression {part}: {LIKELY}, then {WITHIN}")
        both = asked.found([f"expression={part}", "likelihood=high"], "gradient")
        groups |= {LIKELY: both["gradient"], WITHIN: asked.found([f"expression={edge:.2f}"], "gradient")["gradient"]}
    own = [*options.searches, *(each for each in (LIKELY, WITHIN) if each in groups)]
    return {who: groups[who] for who in [*own, *(each for each in RIVALS if each in groups)]}


def _known(folder: Path, texts: list[str]) -> Rows:
    """Return rows of known promoters, as those of designs."""
    said = predict(str(folder), texts, progress=False)["expression"]
    return [
        {"name": f"measured_{at + 1}", "sequence": text, "expression": value, "bits": np.nan, "gc": _gc(text)}
        for at, (text, value) in enumerate(zip(texts, said, strict=True))
    ]


def _gc(text: str) -> float:
    return (text.count("G") + text.count("C")) / len(text)


def _content(options: Design, part: str, motifs: list[Motif], groups: dict[str, list[str]]) -> list[Figure]:
    """Return the share of each group with a site of each motif: of those in which designs differ most from random."""
    found = shares(motifs, groups)
    first = next(iter(found))
    order = np.argsort(-np.abs(found[first] - found["random"]), kind="stable")[:12].tolist()
    figures = []
    for at in order:
        for who, each in found.items():
            asked = bare(TASK, f"{part}: {motifs[at].factor}", "share with a site", options.command)
            figures.append(replace(asked, who=who, n=len(groups[who]), value=Estimate(float(each[at]), np.nan, np.nan)))
    return figures
