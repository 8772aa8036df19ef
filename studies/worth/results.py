"""What came of a study."""

from dataclasses import dataclass
from pathlib import Path

from studies.worth.bench import Findings
from studies.worth.species import Species
from studies.worth.studies import Study


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
