"""The tokenizers that need no file, by name."""

from collections.abc import Callable
from functools import cache

from dnalect.core.errors import TokenizerError
from dnalect.core.nearest import did_you_mean
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.kmers import OverlappingKmers
from dnalect.tokens.ngrams import Ngrams
from dnalect.tokens.single import SingleBases
from dnalect.tokens.sixmers import SixMers
from dnalect.tokens.tokenizer import Tokenizer

_MAKERS: dict[str, Callable[[], Tokenizer]] = {
    "single": SingleBases,
    "bases": lambda: SingleBases("masked"),
    "dnabert-3": lambda: OverlappingKmers(3),
    "dnabert-4": lambda: OverlappingKmers(4),
    "dnabert-5": lambda: OverlappingKmers(5),
    "dnabert-6": lambda: OverlappingKmers(6),
    "nt-v1": lambda: Chunks(1),
    "nt-v2": lambda: Chunks(2),
    "logo-3": lambda: Ngrams(3),
    "logo-4": lambda: Ngrams(4),
    "logo-5": lambda: Ngrams(5),
    "logo-6": lambda: Ngrams(6),
    "marindna": lambda: SingleBases("begun"),
    "generator": lambda: SixMers("generator"),
    "carbon": lambda: SixMers("carbon"),
    "gpn": lambda: SingleBases("gpn"),
    "ntv3": lambda: SingleBases("ntv3"),
    "evo": lambda: SingleBases("evo"),
    "evo2": lambda: SingleBases("evo2"),
    "hyenadna": lambda: SingleBases("hyenadna"),
    "caduceus": lambda: SingleBases("caduceus"),
}
NAMES = tuple(_MAKERS)


def named(name: str) -> Tokenizer:
    """Return a tokenizer by one of NAMES, each time the same. Raises TokenizerError for any other."""
    if name not in _MAKERS:
        hint = did_you_mean(name, NAMES) or f" There are {', '.join(NAMES)}."
        raise TokenizerError(f"there is no tokenizer {name!r}.{hint} A file or a folder will do too, and --model NAME")
    return _made(name)


@cache
def _made(name: str) -> Tokenizer:
    return _MAKERS[name]()
