"""A model as a smooth function of bases: what gradients, captum and tangermeme ask for.

Shapes: n versions of one window, L bases, T tokens, V words, m sites.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnalect.core.encoding import Encoding
from dnalect.core.errors import InputError, ModelError
from dnalect.models.model import Ask, At, Model
from dnalect.tokens.bases import BASES, encode, opposite
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.species import SpeciesKmers
from dnalect.tokens.tokenizer import tokens_at

# Of the tokens of a masked model one in so many is hidden in one pass, as it was in training.
HIDDEN_APART = 7
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SoftWindow:
    """One window through a model, its bases soft.

    A word weighs the product of its bases (n, L, 4): at plain bases that is the word that is there, and the gradient of
    a base is what changes where it is replaced in all words that hold it. Where words have no fixed length (byte
    pairs), the input is the words themselves (n, T, V). text: says which bases are unknown, and which words there are.
    """

    model: Model
    text: str

    @cached_property
    def encoding(self) -> Encoding:
        """What the model reads of the text, one row. Raises InputError where it would read only its middle."""
        longest = self.model.can.context_bases
        if len(self.text) > longest:
            told = f"{self.model.card.id} reads {longest:,} bases, and this window has {len(self.text):,}"
            raise InputError(f"{told}: give a shorter one")
        return self.model.encode([self.text])

    @property
    def by_base(self) -> bool:
        """Whether its input is bases, not words."""
        return not isinstance(self.model.tokenizer, BytePairs)

    @cached_property
    def plain(self) -> Tensor:
        """The input that is the text: (L, 4), 0 at an unknown base, or (T, V)."""
        if not self.by_base:
            return self.model.softened(self.encoding).soft[0]  # type: ignore[index]
        codes = torch.from_numpy(encode(self.text).astype(np.int64))
        return (codes[:, None] == torch.arange(4)).float().to(self.model.device)

    @cached_property
    def movable(self) -> npt.NDArray[np.bool_]:
        """Which rows of the input (L,) or (T,) may be anything: known bases that a word holds, words of bases."""
        if not self.by_base:
            return np.asarray(self.encoding.covering[0])
        found = np.zeros(len(self.text), dtype=np.bool_)
        for length, columns in self._columns.items():
            for offset in range(length):
                found[self.encoding.spans[0, columns, 0] + offset] = True
        return found

    @cached_property
    def bases_of_rows(self) -> npt.NDArray[np.int32]:
        """The bases that each row of the input stands for (rows, 2), 0-based half-open."""
        if not self.by_base:
            return np.asarray(self.encoding.spans[0])
        return np.stack([np.arange(len(self.text)), np.arange(len(self.text)) + 1], axis=1).astype(np.int32)

    @cached_property
    def _columns(self) -> dict[int, Ids]:
        """Length -> tokens that spell so many known bases, for every length of which all words are there."""
        ids, spans = self.encoding.input_ids[0], self.encoding.spans[0]
        words, found = self.model.tokenizer.words, {}
        spelled = np.array([bool(words[n]) and set(words[n]) <= set(BASES) for n in ids.tolist()])
        lengths = spans[:, 1] - spans[:, 0]
        for length in np.unique(lengths[spelled]).tolist():
            found[length] = np.flatnonzero(spelled & (lengths == length))
        return found

    @cached_property
    def _alike(self) -> Tensor | None:
        """Of a SpeciesLM ids of all words with each base at each place (k, 4, words); of others None."""
        tokenizer = self.model.tokenizer
        return torch.from_numpy(tokenizer.alike).to(self.model.device) if isinstance(tokenizer, SpeciesKmers) else None

    def _words(self, length: int) -> Tensor:
        """Ids of all words of a length, A C G T, the last base counting fastest."""
        index = self.model.tokenizer.index
        return torch.tensor([index["".join(each)] for each in product(BASES, repeat=length)], device=self.model.device)

    def soft(self, bases: Tensor, hidden: npt.NDArray[np.bool_] | None = None) -> Encoding:
        """Return n versions of the window. bases: (n, L, 4) or (n, T, V). hidden: (n, T) tokens that are masked."""
        encoding = self.encoding.part(np.zeros(len(bases), dtype=np.int64))
        soft = bases if not self.by_base else self._spelled(bases, encoding)
        ids = encoding.input_ids
        if hidden is not None:
            mask = self.model.tokenizer.special.mask
            assert mask is not None
            ids = np.where(hidden, mask, ids)
            shown = torch.from_numpy(~hidden).to(soft.device)[..., None]
            soft = soft * shown + ~shown * (torch.arange(soft.shape[-1], device=soft.device) == mask)
        return replace(encoding, input_ids=ids, soft=soft)

    def _spelled(self, bases: Tensor, encoding: Encoding) -> Tensor:
        soft = self.model.softened(encoding).soft
        assert soft is not None
        for length, columns in self._columns.items():
            at = torch.from_numpy(columns).to(bases.device)
            factors = bases[:, self._bases_of(columns, length)].to(soft.dtype)
            here = torch.zeros(len(bases), len(columns), soft.shape[-1], dtype=soft.dtype, device=soft.device)
            soft = soft.index_copy(1, at, here.index_copy(2, self._words(length), _product(factors)))
        return soft

    def _bases_of(self, columns: Ids, length: int) -> Tensor:
        """The bases of tokens of one length (m, length)."""
        starts = torch.from_numpy(self.encoding.spans[0, columns, 0].astype(np.int64)).to(self.model.device)
        return starts[:, None] + torch.arange(length, device=starts.device)

    def log_probs(self, bases: Tensor, sites: Sequence[int]) -> Tensor:
        """Return ln p(base | the rest) of A, C, G, T at m sites (n, m, 4), as this strand and frame of words give it.

        A masked model is asked as `score` asks it: the tokens that hold a site are hidden, and the mean over them of
        ln P(word with the base), of a SpeciesLM that of p(base) by all words with it, is normalised; sites far from
        each other share a pass. Raises ModelError for words without a fixed length, and for a model that doesn't say
        how likely bases are.
        """
        if self.model.can.likelihood == "leave_one_out":
            n, m = len(bases), len(sites)
            at = At(np.repeat(np.arange(n), m), np.tile(np.asarray(sites, dtype=np.int64), n))
            logits = self.model.forward(self.soft(bases), Ask(logits=at)).logits
            return logits.log_softmax(-1).reshape(n, m, 4)
        if self.model.can.likelihood != "masked" or not self.by_base:
            why = "its words have no fixed length" if self.model.can.likelihood else "it predicts labels"
            raise ModelError(f"{self.model.card.id} has no smooth ln p of a base: {why}")
        groups = _apart(sites, HIDDEN_APART * max(self._columns, default=1))
        parts = [(group, self._hidden_log_probs(bases, [sites[n] for n in group])) for group in groups]
        order = np.argsort(np.concatenate([group for group, _ in parts]))
        return torch.cat([found for _, found in parts], dim=1)[:, torch.from_numpy(order).to(bases.device)]

    def word_log_probs(self, words: Tensor, columns: Sequence[int]) -> Tensor:
        """Return ln P(the word that is there | the rest) at m tokens (n, m) of a masked model, each of them hidden."""
        found = words.new_zeros(len(words), len(columns))
        for group in _apart(columns, HIDDEN_APART):
            asked = np.asarray(columns, dtype=np.int64)[group]
            hidden = np.zeros(self.encoding.input_ids.shape, dtype=np.bool_)
            hidden[0, asked] = True
            n = len(words)
            at = At(np.repeat(np.arange(n), len(asked)), np.tile(asked, n))
            encoding = self.soft(words, np.repeat(hidden, n, axis=0))
            logits = self.model.forward(encoding, Ask(logits=at)).logits.reshape(n, len(asked), -1)
            ids = torch.from_numpy(self.encoding.input_ids[0, asked]).to(logits.device)
            picked = logits.log_softmax(-1).gather(2, ids.expand(n, -1)[..., None])[..., 0]
            found = found.index_copy(1, torch.from_numpy(group).to(logits.device), picked)
        return found

    def _hidden_log_probs(self, bases: Tensor, sites: Sequence[int]) -> Tensor:
        ranges, n = tokens_at(self.encoding, len(self.text))[0], len(bases)
        hidden = np.zeros(self.encoding.input_ids.shape, dtype=np.bool_)
        for site in sites:
            hidden[0, slice(*ranges[site])] = True
        shown = self.soft(bases, np.repeat(hidden, n, axis=0))
        total, counts = bases.new_zeros(n, len(sites), 4), np.zeros(len(sites))
        for length, columns in self._columns.items():
            asked = [(m, c) for m, site in enumerate(sites) for c in range(*ranges[site]) if c in columns.tolist()]
            if not asked:
                continue
            numbers, at = np.array(asked, dtype=np.int64).T
            wanted = At(np.repeat(np.arange(n), len(at)), np.tile(at, n))
            log_probs = self.model.forward(shown, Ask(logits=wanted)).logits.log_softmax(-1).reshape(n, len(at), -1)
            within = self._bases_of(at, length)
            own = within == torch.tensor([sites[m] for m in numbers], device=within.device)[:, None]
            if self._alike is not None:
                words = self._alike[own.int().argmax(1)]
                spelled = log_probs[:, torch.arange(len(at))[:, None, None], words].logsumexp(-1).softmax(-1)
            else:
                # Each base at the site, and what is there at the others: (n, m, 4, length, 4).
                one = torch.eye(4).to(bases)[:, None]
                factors = torch.where(own[:, None, :, None], one, bases[:, within][:, :, None])
                spelled = (_product(factors) * log_probs[:, :, None, self._words(length)]).sum(-1)
            total = total.index_add(1, torch.from_numpy(numbers).to(total.device), spelled)
            np.add.at(counts, numbers, 1)
        if (lost := np.flatnonzero(counts == 0)).size:
            raise InputError(
                f"base {sites[lost[0]] + 1} of the window is unknown, or no word holds it: ask another one"
            )
        mean = total / torch.from_numpy(counts).to(total)[:, None]
        return (mean if self._alike is None else mean.log()).log_softmax(-1)

    def prediction(self, bases: Tensor, target: str) -> Tensor:
        """Return what a head gives (n, outputs): logits, or a signal in its unit; of both strands where it reads so."""
        found = self.model.forward(self.soft(bases), Ask(targets=True)).targets[target]
        reading = getattr(self.model, "reading", None)
        if reading is None or reading.strands < 2 or self.model.can.strands != "one":
            return found
        if not self.by_base:
            raise ModelError(f"{self.model.card.id} reads both strands, whose byte pairs are not the same words")
        other = SoftWindow(self.model, opposite(self.text))
        return (found + self.model.forward(other.soft(bases.flip(1, 2)), Ask(targets=True)).targets[target]) / 2


def _apart(places: Sequence[int], distance: int) -> list[Ids]:
    """Return numbers of places that share a pass: those of a group are a multiple of `distance` apart."""
    classes = np.asarray(places, dtype=np.int64) % distance
    return [np.flatnonzero(classes == each) for each in np.unique(classes)]


def _product(factors: Tensor) -> Tensor:
    """Return the weights of all words (..., 4**length), last base fastest, of those of their bases (..., length, 4)."""
    weights = factors[..., 0, :]
    for offset in range(1, factors.shape[-2]):
        weights = (weights[..., None] * factors[..., offset, None, :]).flatten(-2)
    return weights
