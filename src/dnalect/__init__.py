"""dnalect: DNA language models, from a genome and a VCF to ranked variants.

One function for each command:

score(genome, variants)             scores, in memory; score_variants goes through files of any size
scan(genome)                        every substitution of a genome
embed(model, inputs)                vectors of sequences, windows, intervals, alleles
finetune(data, out)                 a model of your own labels, beside simple rivals
predict(model, inputs)              what a fine-tuned model says
rank(scored)                        the variants to test first
pretrain(source, out)               a new language model
evaluate(model, genome)             bits per base and perplexity
tokenize(inputs, tokenizer)         how models read DNA

And what they stand on:

load(name_or_folder)                a model in eval mode
open_genome(path)                   a FASTA: genome["chrI"][1000:1010]
base_probabilities(model, seqs)     p(base | the rest), (n, L, 4)
mutagenesis(model, sequence)        the effect of every substitution, (L, 4)
demo_files()                        small real data to try it on

They take models by name or as objects, genomes and variants as files or in memory. Errors that
you can mend are `DnalectError`s, and warnings `DnalectWarning`s.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dnalect.core.errors import DnalectError
from dnalect.core.reporter import DnalectWarning

__version__ = "0.1.0"
__all__ = [
    "DnalectError",
    "DnalectWarning",
    "__version__",
    "base_probabilities",
    "demo_files",
    "embed",
    "evaluate",
    "finetune",
    "load",
    "mutagenesis",
    "open_genome",
    "predict",
    "pretrain",
    "rank",
    "scan",
    "score",
    "score_variants",
    "tokenize",
]

if TYPE_CHECKING:
    from dnalect.api.demo import demo_files
    from dnalect.api.embed import embed
    from dnalect.api.evaluate import evaluate
    from dnalect.api.learn import finetune, pretrain
    from dnalect.api.mutagenesis import mutagenesis
    from dnalect.api.predict import predict
    from dnalect.api.rank import rank
    from dnalect.api.scan import scan
    from dnalect.api.score import score
    from dnalect.api.tokens import tokenize
    from dnalect.genome.fasta import open_genome
    from dnalect.inference.likelihood import base_probabilities
    from dnalect.jobs.score import score_variants
    from dnalect.models.registry import load

_HOMES = {
    "base_probabilities": "dnalect.inference.likelihood",
    "demo_files": "dnalect.api.demo",
    "embed": "dnalect.api.embed",
    "evaluate": "dnalect.api.evaluate",
    "finetune": "dnalect.api.learn",
    "load": "dnalect.models.registry",
    "mutagenesis": "dnalect.api.mutagenesis",
    "open_genome": "dnalect.genome.fasta",
    "predict": "dnalect.api.predict",
    "pretrain": "dnalect.api.learn",
    "rank": "dnalect.api.rank",
    "scan": "dnalect.api.scan",
    "score": "dnalect.api.score",
    "score_variants": "dnalect.jobs.score",
    "tokenize": "dnalect.api.tokens",
}


def __getattr__(name: str) -> Any:
    # Late: torch takes seconds to import, and most commands and imports don't need it.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'dnalect' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
