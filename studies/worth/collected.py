"""The figures of one study of one model, as they come."""

from dataclasses import dataclass, field, replace

from dnalect.core import CHANCE, Estimate, Figure


@dataclass
class Collected:
    """Collects the figures of one study of one model. study, species, model, command: the same in all."""

    study: str
    species: str
    model: str
    command: str = ""
    rows: list[Figure] = field(default_factory=list)

    def add(
        self,
        measure: str,
        group: str,
        n: int,
        value: Estimate,
        *,
        seen: bool,
        chance: float,
        differences: dict[str, Estimate] | None = None,
        rival: str = "",
        against: str = CHANCE,
    ) -> None:
        """Add a figure, or one for every rival that it is compared with.

        differences: rival -> value minus the rival's. rival: whose figure it is, "" for the model's.
        chance, against: the value of a score that knows nothing, and what it is called.
        """
        bare = Figure(
            *(self.study, group, rival or self.model, measure, n, value),
            command=self.command,
            species=self.species,
            seen=seen,
            chance=chance,
            chance_name=against,
        )
        told = differences or {}
        self.rows += [replace(bare, against=name, difference=each) for name, each in told.items()] or [bare]
