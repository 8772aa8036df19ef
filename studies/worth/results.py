"""What came of a study, and in files: its rows, and beside them the notes and captions that the page needs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dnalect import TableError
from dnalect.core import Figure, read_figures, write_figures, write_text
from studies.worth.bench import Findings, Plot
from studies.worth.species import Species
from studies.worth.studies import Study

# Of values of millions of bases.
DIGITS = 6


@dataclass(frozen=True)
class Result:
    """A study of one model on one species. model: as it was named, by a name or a folder."""

    study: Study
    species: Species
    model: str
    findings: Findings

    @property
    def name(self) -> str:
        """What the model calls itself."""
        return self.findings.rows[0].who if self.findings.rows else self.model

    @property
    def given(self) -> str:
        """`model` for a command that somebody else may type."""
        return Path(self.model).name if Path(self.model).is_absolute() else self.model


@dataclass(frozen=True)
class Skipped:
    """A study that could not be run, and why. model: "" where there was none."""

    study: Study
    species: Species
    model: str
    reason: str


def write_study(folder: Path, study: Study, results: Sequence[Result]) -> None:
    """Write FOLDER/STUDY.tsv, the rows, and FOLDER/STUDY.json, the rest. Raises OutputError."""
    write_figures(folder / f"{study.name}.tsv", [row for result in results for row in result.findings.rows], DIGITS)
    told = [
        {
            "species": result.species.name,
            "model": result.name,
            "given": result.given,
            "notes": result.findings.notes,
            "plots": [{"name": plot.name, "caption": plot.caption} for plot in result.findings.plots],
        }
        for result in results
    ]
    write_text(folder / f"{study.name}.json", json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def read_study(folder: Path, study: Study) -> list[Result]:
    """Return what `write_study` wrote, [] where there is nothing. Plots are named and can't be drawn again.

    Raises TableError where the files are not those of this version.
    """
    path = folder / f"{study.name}.json"
    if not path.is_file():
        return []
    species = {each.name: each for each in study.runs}
    results = []
    try:
        rows = read_figures(folder / f"{study.name}.tsv")
        for told in json.loads(path.read_text(encoding="utf-8")):
            # A rival's rows stand beside those of the model that their command names.
            mine = [row for row in rows if row.species == told["species"] and _model(row) == Path(told["given"]).name]
            plots = [Plot(each["name"], each["caption"], _drawn) for each in told["plots"]]
            results.append(Result(study, species[told["species"]], told["given"], Findings(mine, plots, told["notes"])))
    except (TableError, ValueError, KeyError, TypeError, IndexError, StopIteration) as error:
        raise TableError(f"{path} is not what this version writes ({error}); run the study again") from error
    return results


def _model(row: Figure) -> str:
    words = row.command.split()
    return next(words[at + 1] for at, word in enumerate(words) if word in ("--model", "--human-model"))


def _drawn(_: Path) -> None:
    """The picture is there from when the study ran."""
