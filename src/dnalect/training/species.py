"""Which species a window is of: a vector that is added to its bases while a duplex learns."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dnalect.models.families.duplex import Duplex
from dnalect.training.corpus import Rows


class SpeciesTold(nn.Module):
    """A duplex that is told the species of every window.

    As the vector is added to the embedding of every base, known or not, the duplex of one species
    is a plain duplex with another table of embeddings: see `fold`.
    """

    of_genome: Tensor

    def __init__(self, duplex: Duplex, species: Sequence[str]):
        """species: of each genome of the corpus. All vectors are 0 at first."""
        super().__init__()
        names = list(dict.fromkeys(species))
        self.duplex = duplex
        self.species_embedding = nn.Embedding(len(names), duplex.config.width)
        nn.init.zeros_(self.species_embedding.weight)
        self.register_buffer("of_genome", torch.tensor([names.index(each) for each in species]), persistent=False)
        self._now: Tensor | None = None
        duplex.embedding.register_forward_hook(self._add)

    def forward(self, codes_BL: Tensor, inside_BL: Tensor, genomes_B: Rows | None = None) -> Tensor:
        """Return the logits (B, L, 4) of `Duplex`. genomes_B: number of the genome of each window, or one for all."""
        genomes = torch.zeros(1, dtype=torch.int64) if genomes_B is None else torch.from_numpy(genomes_B)
        species = self.species_embedding(self.of_genome[genomes.to(codes_BL.device)])
        # Both strands of the windows are read together, one after the other.
        self._now = species.expand(len(codes_BL), -1).repeat(2, 1)[:, None]
        try:
            return self.duplex(codes_BL, inside_BL)  # type: ignore[no-any-return]
        finally:
            self._now = None

    def _add(self, module: nn.Module, asked: Any, embedded: Tensor) -> Tensor:
        return embedded if self._now is None else embedded + self._now

    @torch.no_grad()
    def fold(self) -> None:
        """Make the duplex that of the first genome's species, which then needs not be told."""
        self.duplex.embedding.weight += self.species_embedding.weight[0]
        self.species_embedding.weight -= self.species_embedding.weight[0].clone()
