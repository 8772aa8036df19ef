"""What is known of a published checkpoint before it is at hand. Imports no heavy library."""

from collections.abc import Mapping
from dataclasses import dataclass, field

NO_COMMERCE = "licensed for non-commercial use only (CC BY-NC-SA 4.0), and so is what is made from it"


@dataclass(frozen=True)
class PublishedCard:
    """A checkpoint as its authors published it.

    name: what `dnalect.load` takes. family: the folder of dnalect.models that reads it.
    hub: its id on the Hugging Face hub, "" where it is not there. revision: commit of the hub,
    "main" where none is known. source: where else it comes from.
    sizes: of the network, as the family's `encoder` takes them. parameters: their number.
    tokenizer: in words. context_tokens: the most tokens, special ones included.
    context_bases: about the most bases. species: in words. many_species: it learned from many.
    assembly: whose contigs it was trained on. year, licence, paper: as stated by the authors.
    commercial: whether the licence allows it; None where none was found.
    notes: what a user must not miss.
    """

    name: str
    family: str
    parameters: int
    sizes: Mapping[str, int]
    tokenizer: str
    context_tokens: int
    context_bases: int
    species: str
    year: int
    licence: str
    paper: str
    hub: str = ""
    revision: str = "main"
    source: str = ""
    many_species: bool = False
    assembly: str = ""
    commercial: bool | None = True
    notes: tuple[str, ...] = field(default=())

    def gigabytes(self, bytes_each: int = 4) -> float:
        """Memory of the weights: 4 bytes a parameter in float32, 2 in bfloat16."""
        return self.parameters * bytes_each / 1e9

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to say whenever the model is used."""
        if self.commercial is False:
            return (f"{self.name} is {NO_COMMERCE}",)
        return ()
