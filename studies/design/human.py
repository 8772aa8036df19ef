"""Human elements that are open in one cell and closed in another; judge and designer learned from other chromosomes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect import finetune, open_genome, predict
from dnalect.core import Estimate, Figure, read_figures, say
from dnalect.genome import Motif, read_motifs
from studies.data import file_of
from studies.design.groups import Asked, Rows, bare, column, compared, shares
from studies.design.options import Design

TASK, LENGTH, EXAMPLES = "human elements", 200, 2_000
CELLS = ("K562", "GM12878")
PEAKS = "tracks/hg19_chr20_X/{0}/wgEncodeAwgDnaseUwduke{1}UniPk.narrowPeak.gz"
# Name of the annotation -> FASTA, and the name there.
GENOMES = {
    "chr20": ("genomes/human_chr20_GRCh37.fa.gz", "20"),
    "chrX": ("genomes/human_chrX_1-70Mb_GRCh37.fa.gz", "X"),
}
MOTIFS = "motifs/HOCOMOCO_H13CORE.meme.gz"
# Who is known to keep elements open in blood, named before any design was looked at.
FACTORS = ("GATA1", "TAL1", "NFE2", "KLF1", "CTCF", "SPI1", "RUNX3", "IRF4", "EBF1", "PAX5", "POU2F2")
JUDGE = "attention-small"
RIVALS = ("random", "shuffled", "known")
# Times as many of a front are looked at as are judged.
FRONT = 5
# Elements that are open here and closed there, as they come.
NATURAL = "natural ones"
Floats = npt.NDArray[np.float64]


def human(options: Design) -> tuple[list[Figure], list[Figure], Rows]:
    """Return the figures of predictors and designs, those of motifs, and all sequences that were judged."""
    designer = _predictor(options, "chr20", options.human)
    judge = _predictor(options, "chrX", JUDGE)
    figures = _trusted(options, {"predictor": designer, "judge": judge})
    motifs = [each for each in read_motifs(file_of(options.data, MOTIFS)) if each.name.endswith((".0.P.B", ".0.PSM.A"))]
    motifs = [each for each in motifs if each.factor in FACTORS]
    known = _elements(options, "chr20")
    content, rows = list[Figure](), Rows()
    for here, there in (CELLS, CELLS[::-1]):
        part = f"open in {here}, closed in {there}"
        groups = _searched(options, designer, list(known["sequence"]), here, there)
        real = known[(known[here] == 1) & (known[there] == 0)]["sequence"].head(options.count)
        groups[NATURAL] = [{"name": f"natural_{at + 1}", "sequence": text} for at, text in enumerate(real)]
        for who, each in groups.items():
            texts = [row["sequence"] for row in each]
            odds = {name: _contrast(folder, texts, here, there) for name, folder in _folders(designer, judge).items()}
            for at, row in enumerate(each):
                row |= {"task": TASK, "part": part, "who": who, "gc": _gc(row["sequence"])}
                row |= {name: float(values[at]) for name, values in odds.items()}
            # Of a front those that the predictor says most of, as many of everybody.
            each.sort(key=lambda row: -row["predicted"])
            del each[options.count :]
            rows += each
        for metric, name in (("judge", "judge"), ("predictor", "predicted"), ("GC", "gc")):
            figures += compared(bare(TASK, part, metric, options.command), column(groups, name))
        found = {who: [row["sequence"] for row in each] for who, each in groups.items()}
        content += _content(options, part, motifs, found)
    return figures, content, rows


def _content(options: Design, part: str, motifs: list[Motif], groups: dict[str, list[str]]) -> list[Figure]:
    """Return the share of each group with a site of each motif."""
    figures = []
    for who, share in shares(motifs, groups).items():
        for motif, each in zip(motifs, share.tolist(), strict=True):
            asked = bare(TASK, f"{part}: {motif.factor}", "share with a site", options.command)
            figures.append(replace(asked, who=who, n=len(groups[who]), value=Estimate(each, np.nan, np.nan)))
    return figures


def _folders(designer: Path, judge: Path) -> dict[str, Path]:
    return {"predicted": designer, "judge": judge}


def _elements(options: Design, contig: str) -> Any:
    """Return windows of 200 bases with a column of 0 or 1 for each cell: peaks of either, and as many elsewhere."""
    import pandas

    name, own = GENOMES[contig]
    genome = open_genome(str(file_of(options.data, name)))
    peaks = {cell: _peaks(file_of(options.data, PEAKS.format(cell, cell.capitalize())), contig) for cell in CELLS}
    rng = np.random.default_rng(1)
    length = len(genome[own])
    centres = np.concatenate([*(each.mean(axis=1).astype(np.int64) for each in peaks.values())])
    centres = np.unique(centres // LENGTH) * LENGTH + LENGTH // 2
    elsewhere = rng.integers(LENGTH, length - LENGTH, size=len(centres) // 3)
    rows = []
    for centre in rng.permutation(np.concatenate([centres, elsewhere])).tolist():
        text = str(genome[own][centre - LENGTH // 2 : centre + LENGTH // 2]).upper()
        if len(text) == LENGTH and set(text) <= set("ACGT"):
            rows.append([text, *(int(_open(each, centre)) for each in peaks.values())])
        if len(rows) == (options.examples or EXAMPLES):
            break
    return pandas.DataFrame(rows, columns=["sequence", *CELLS]).drop_duplicates("sequence")


def _peaks(path: Path, contig: str) -> npt.NDArray[np.int64]:
    """Return starts and ends (n, 2) of a narrowPeak on one contig, in order."""
    import pandas

    table = pandas.read_csv(path, sep="\t", header=None, usecols=[0, 1, 2])
    return np.sort(table[table[0] == contig][[1, 2]].to_numpy(dtype=np.int64), axis=0)


def _open(peaks: npt.NDArray[np.int64], centre: int) -> bool:
    """Whether a peak lies within the middle half of a window."""
    at = np.searchsorted(peaks[:, 1], centre - LENGTH // 4, side="right")
    return bool(at < len(peaks) and peaks[at, 0] < centre + LENGTH // 4)


def _predictor(options: Design, contig: str, model: str) -> Path:
    """Return the folder of a predictor of both cells that learned from one chromosome, made where it is missing."""
    folder = options.run / f"cells-{contig}"
    if not (folder / "card.json").is_file():
        say(f"elements of {contig}, by {model}")
        told: dict[str, Any] = {"labels": CELLS, "kind": "classes", "split": "cluster", "method": "probe"}
        finetune(_elements(options, contig), folder, model, rivals=("words",), device=options.device, **told)
    return folder


def _trusted(options: Design, folders: dict[str, Path]) -> list[Figure]:
    """Return how well predictor and judge, and words beside them, tell what is open, on elements held out."""
    found = []
    for name, folder in folders.items():
        for each in read_figures(folder / "figures.tsv"):
            if each.metric == "AUROC" and each.part == "test":
                who = f"{name} ({folder.name})" if each.who == "this model" else f"{each.who} ({folder.name})"
                asked = bare(TASK, f"held out: {each.task}", "AUROC", options.command)
                found.append(replace(asked, who=who, n=each.n, value=each.value))
    return found


def _searched(options: Design, folder: Path, known: list[str], here: str, there: str) -> dict[str, Rows]:
    """Return what each search and each rival found: the front of both goals."""
    told: dict[str, Any] = {"length": LENGTH, "known": known, "gc": "0.3-0.7", "homopolymer": 8}
    told |= {"calls": options.calls, "count": FRONT * options.count, "seed": options.seed, "apart": 1}
    asked = Asked([str(folder)], told | {"device": options.device, "threads": options.threads})
    groups = dict[str, Rows]()
    for number, method in enumerate(options.searches):
        say(f"open in {here}, closed in {there}: {method}")
        groups |= asked.found([f"{here}=high", f"{there}=low"], method, ("none",) if number else RIVALS)
    return {who: groups[who] for who in (*options.searches, *RIVALS) if who in groups}


def _contrast(folder: Path, texts: list[str], here: str, there: str) -> Floats:
    """Return how much likelier sequences are open here than there: the difference of log-odds (n,)."""
    found = predict(str(folder), texts, progress=False)
    odds = [np.log(p / (1 - p)) for p in (np.clip(found[cell], 1e-4, 1 - 1e-4) for cell in (here, there))]
    return np.asarray(odds[0] - odds[1], dtype=np.float64)


def _gc(text: str) -> float:
    return (text.count("G") + text.count("C")) / len(text)
