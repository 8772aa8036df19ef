"""The first table of the page: six questions that people ask, and what was measured of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dnalect.core import CHANCE, Figure, against_chance, plain, shown, write_figures
from studies.worth.consequences import CLOSER
from studies.worth.regulation import BOUND, GAIN
from studies.worth.results import Result

HEAD_FILE = "head.tsv"


@dataclass(frozen=True)
class Asked:
    """A figure that answers a question. what: short words for it. study, group, measure: its task, part and metric."""

    what: str
    study: str
    group: str
    measure: str = "AUROC of LLR"


@dataclass(frozen=True)
class Question:
    """A row of the table. better: what answers it better, for whom a model of this project is not enough."""

    name: str
    asked: tuple[Asked, ...]
    better: str


SPLICE = Question(
    "Splice sites: G>A that destroys one below G>A near by",
    (
        Asked("donors", "splice", "G>A at splice donors against other G within 3 kb", "AUROC of -LLR"),
        Asked("acceptors", "splice", "G>A at splice acceptors against other G within 3 kb", "AUROC of -LLR"),
    ),
    "SpliceAI, Pangolin",
)
ANNOTATION = "an annotation (`--annotate`, VEP)"
QUESTIONS = (
    SPLICE,
    Question(
        "Stop-gained: new stop codons below other coding changes",
        (
            Asked("than synonymous", "strains", "synonymous over nonsense"),
            Asked("than missense", "strains", "missense over nonsense"),
        ),
        ANNOTATION,
    ),
    Question(
        "Stop-gained, human: new stop codons below other coding changes of the same trinucleotide",
        (
            Asked("than synonymous", "consequences", f"synonymous over nonsense{CLOSER}"),
            Asked("than missense", "consequences", f"missense over nonsense{CLOSER}"),
        ),
        ANNOTATION,
    ),
    Question(
        "Common over rare: common alleles above singletons",
        (
            Asked("human, chr20, ancestral to derived", "human", "common over singletons, ancestral to derived allele"),
            Asked("yeast promoters", "promoters", "common over singletons, REF to ALT"),
        ),
        "human: CADD, GPN-MSA",
    ),
    Question(
        "Bound motifs: known motifs in peaks of their factor above others that fit as well, in as much GC",
        (
            Asked(
                "human",
                *("regulation", f"{BOUND} of like fit and GC", f"AUROC of {GAIN}"),
            ),
        ),
        "AlphaGenome, Enformer, ChromBPNet",
    ),
    Question(
        "Natural over random: variants above changes that nobody carries",
        (
            Asked("yeast strains", "strains", "natural over random"),
            Asked("yeast strain RM", "strains", "RM: natural over random"),
            Asked("yeast promoters", "promoters", "natural over random"),
        ),
        "human: CADD, GPN-MSA",
    ),
    Question(
        "Reporter assays (MPRA): human changes with a measured effect above the rest",
        (Asked("15 elements", "human", "15 elements", "mean AUROC of |LLR| over elements"),),
        "AlphaGenome, Enformer; or fine-tune on assays of your own",
    ),
)
LAST = "At chance, or the wrong way round"


@dataclass(frozen=True)
class Answer:
    """What was measured: the row, the words for it, and the best rival's row on the same items."""

    question: Question
    what: str
    row: Figure
    rival: Figure | None


def answers(rows: Sequence[Figure]) -> list[Answer]:
    """Return the figures of the questions that the rows answer, in the order of the table; none that was seen."""
    rows = [row for row in rows if not row.seen]
    found = []
    for question in QUESTIONS:
        for asked in question.asked:
            same = [row for row in rows if (row.task, row.part) == (asked.study, asked.group)]
            own = {row.against: row for row in same if row.metric == asked.measure}
            rivals = [row for row in same if row.who in own]
            best = max(rivals, key=lambda row: row.value.mean, default=None)
            if own:
                beside = own[best.who] if best else next(iter(own.values()))
                found.append(Answer(question, asked.what, beside, best))
    return found


def head_table(rows: Sequence[Figure]) -> str:
    """Return the table in Markdown, "" where the rows answer none of its questions."""
    told = answers(rows)
    if not told:
        return ""
    lines = ["| question | AUROC [95% interval] | best simple rival | better for it |", "|---|---|---|---|"]
    for question in dict.fromkeys(answer.question for answer in told):
        own = [answer for answer in told if answer.question == question]
        figures = "<br>".join(
            f"`{answer.row.who}`, {answer.what}: {shown(answer.row.value, 2)}, {_verdict(answer.row)}" for answer in own
        )
        lines.append(f"| {question.name} | {figures} | {_rivals(own) or '-'} | {question.better} |")
    lines.append(f"| {LAST} | {_at_chance(rows)} | | |")
    return "\n".join(lines) + "\n"


# Below this AUROC a model is not said to know something, though it be above chance.
KNOWN = 0.7


def head_sentence(rows: Sequence[Figure]) -> str:
    """Say what a geneticist must know first: whether the models know splice sites."""
    asked = [answer.row for answer in answers(rows) if answer.question == SPLICE]
    weak = [row for row in asked if not against_chance(row).startswith("above")]
    best = max((row.value.mean for row in asked), default=1.0)
    if not weak and best >= KNOWN:
        return ""
    much = "knows only some kinds of splice sites"
    if best < KNOWN:
        much = "does not know splice sites" if len(weak) == len(asked) else "hardly knows splice sites"
    return f"\n**`{asked[0].who}` {much}**: use SpliceAI or Pangolin for them.\n"


def write_head(path: Path, results: Sequence[Result]) -> None:
    """Write the figures of the table, each before its rival's, for `dnalect models`. Raises OutputError.

    task: the question. part: short words for what was measured.
    """
    found = []
    for answer in answers([row for result in results for row in result.findings.rows]):
        task = answer.question.name.partition(":")[0]
        found += [replace(row, task=task, part=answer.what) for row in (answer.row, answer.rival) if row]
    write_figures(path, found)


def _rivals(own: Sequence[Answer]) -> str:
    """The best rivals with their values, those of one name together."""
    values: dict[str, list[str]] = {}
    for answer in own:
        if answer.rival:
            values.setdefault(answer.rival.who, []).append(plain(answer.rival.value.mean, 2))
    return "; ".join(f"{name} {' and '.join(each)}" for name, each in values.items())


def _verdict(row: Figure) -> str:
    return against_chance(row).partition(":")[0]


def _at_chance(rows: Sequence[Figure]) -> str:
    """How many of the models' figures are not above chance."""
    figures = {(row.task, row.species, row.who, row.metric, row.part): row for row in rows if row.against}
    judged = [row for row in figures.values() if row.chance_name == CHANCE and against_chance(row)]
    weak = [row for row in judged if not against_chance(row).startswith("above")]
    return f"{len(weak)} of {len(judged)} figures, listed below"
