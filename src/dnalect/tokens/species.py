"""Overlapping k-mers after the name of a species: SpeciesLM."""

import re
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np

from dnalect.core.encoding import Encoding
from dnalect.core.errors import TokenizerError
from dnalect.core.nearest import did_you_mean
from dnalect.tokens.kmers import all_kmers
from dnalect.tokens.tokenizer import Ints, Special, Texts, Tokenizer, letter_table, pack

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LETTERS = "ACGT"
_UNKNOWN = 4
_SIZES = (6, 5, 4, 3, 1)
# As Ensembl writes them: kazachstania_africana_cbs_2517_gca_000304475.
NAME = re.compile(r"[a-z][a-z0-9.\-]*_[a-z0-9_.\-]+")
SHOWN = 6
# S. cerevisiae was held out of training: what its authors take in its place, of the 3' and of the 5' models.
PROXIES = ("candida_glabrata", "kazachstania_africana_cbs_2517_gca_000304475")


class SpeciesKmers(Tokenizer):
    """k-mers at every base, after [CLS] and the name of a species, before [SEP].

    words: of a file, by id: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, all k-mers in any order, then the species.
    species: the one to begin with; "" for none yet, and then sequences can't be encoded. A k-mer with any other letter
    than A, C, G, T is [UNK]. The name is an id of its own here: written without a space before the first k-mer, as in
    some published code, it would be one unknown word with it.
    """

    def __init__(self, words: Sequence[str], species: str = ""):
        k = kmer_length(words)
        if k is None:
            raise TokenizerError("these are no words of SpeciesLM: five special ones, all k-mers, names of species")
        names = {word: number for number, word in enumerate(words) if NAME.fullmatch(word)}
        if species and species not in names:
            raise TokenizerError(f"the model knows no species {species!r}.{_hint(species, names)}")
        head = (2, names[species]) if species else (2,)
        name = f"specieslm-{k}:{species}" if species else f"specieslm-{k}"
        super().__init__(name, words, Special(pad=0, unk=1, cls=2, sep=3, mask=4), head=head, tail=(3,))
        self.k, self.species, self.known_species = k, species, tuple(names)
        self._table = letter_table(_LETTERS, _UNKNOWN)
        # Read as a number of base 4 -> id.
        self.ids: Ints = np.array([self.index[kmer] for kmer in sorted(all_kmers(k))], dtype=np.int64)
        numbers = np.arange(4**k)
        bases = [numbers // 4 ** (k - 1 - place) % 4 for place in range(k)]
        # Ids of all words with a base at a place: (k, 4, 4**(k - 1)), in A, C, G, T order.
        self.alike = np.stack([[self.ids[each == base] for base in range(4)] for each in bases])

    def of(self, species: str) -> Self:
        """Return the tokenizer that begins with a species. TokenizerError for one that the model doesn't know."""
        return type(self)(self.words, species)

    def encode(self, sequences: Texts, special: bool = True) -> Encoding:
        if special and not self.species:
            raise TokenizerError(self.choice)
        codes, lengths = pack(sequences, self._table)
        frame = self._frame(np.maximum(lengths - self.k + 1, 0), special, alike=True)
        if frame.width:
            numbers = np.zeros(frame.ids.shape, dtype=np.int64)
            strange = np.zeros(frame.ids.shape, dtype=np.bool_)
            for offset in range(self.k):
                letters = codes[:, offset : offset + frame.width]
                strange |= letters >= _UNKNOWN
                numbers = numbers * 4 + np.minimum(letters, 3)
            frame.ids[:] = np.where(strange, 1, self.ids[numbers])
            frame.cover(self.k)
        return frame.finished()

    @property
    def choice(self) -> str:
        """What to do where no species is named."""
        shown = ", ".join(self.known_species[:SHOWN])
        return (
            f"the model reads the name of a species before a sequence: name one of its {len(self.known_species):,} "
            f"({shown} ...) behind the model, as MODEL:{self.known_species[0]}, with --species, or with "
            f"dnalect.load(..., species=...).{_proxies(self.known_species)}"
        )

    def longest(self, tokens: int) -> int:
        words = tokens - 3
        return words + self.k - 1 if words >= 0 else 0


def species_words(k: int, species: Iterable[str]) -> list[str]:
    """Return the words of a model that knows k-mers and some species, by id. Raises TokenizerError for another k."""
    if k not in _SIZES:
        raise TokenizerError(f"SpeciesLM reads k-mers of 1, 3, 4, 5 or 6 bases, not of {k}")
    return [*_SPECIAL, *all_kmers(k), *sorted({*species})]


def kmer_length(words: Sequence[str]) -> int | None:
    """Return the k of words that are laid out as SpeciesLM's, None for others."""
    if tuple(words[:5]) != _SPECIAL:
        return None
    for k in _SIZES:
        names = words[5 + 4**k :]
        if set(words[5 : 5 + 4**k]) == set(all_kmers(k)) and any(map(NAME.fullmatch, names)):
            return k
    return None


def _hint(species: str, names: Sequence[str] | dict[str, int]) -> str:
    found = did_you_mean(species, names)
    return _proxies(names) or found if species.startswith("saccharomyces_cerevisiae") else found + _proxies(names)


def _proxies(names: Sequence[str] | dict[str, int]) -> str:
    there = [each for each in PROXIES if each in names]
    if not there:
        return ""
    return (
        " Saccharomyces cerevisiae was held out of training: its authors take a relative's name for it, "
        f"{PROXIES[0]} for the 3' model and {PROXIES[1]} for the 5' ones."
    )
