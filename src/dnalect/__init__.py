"""dnalect: DNA language models, from a genome and a VCF to ranked variants.

load(name_or_folder)                a model in eval mode
open_genome(path)                   a FASTA in memory
base_probabilities(model, seqs)     p(base | the rest), (n, L, 4)
embed(model, seqs)                  a vector a sequence, (n, C)
score_variants(fasta, vcf)          a scored Row for every alternate allele
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "base_probabilities", "embed", "load", "open_genome", "score_variants"]

if TYPE_CHECKING:
    from dnalect.genome.fasta import open_genome
    from dnalect.inference.embed import embed
    from dnalect.inference.likelihood import base_probabilities
    from dnalect.models.registry import load
    from dnalect.workflows.score import score_variants

_HOMES = {
    "base_probabilities": "dnalect.inference.likelihood",
    "embed": "dnalect.inference.embed",
    "load": "dnalect.models.registry",
    "open_genome": "dnalect.genome.fasta",
    "score_variants": "dnalect.workflows.score",
}


def __getattr__(name: str) -> Any:
    # Late: torch takes seconds to import, and most commands and imports don't need it.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'dnalect' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
