"""n-grams side by side, N among the letters: LOGO."""

import numpy as np

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError
from dnalect.tokens.tokenizer import Special, Texts, Tokenizer, letter_table, pack

ORDER = "NAGCT"
_FIRST = 10
_UNKNOWN = 0


def all_ngrams(n: int) -> list[str]:
    """Return LOGO's words of 1 to n letters, 5**n in all.

    Letters count N, A, G, C, T, the *first* fastest; no word but N itself begins with N.
    """
    words = list(ORDER)
    longer = words
    for _ in range(1, n):
        longer = [word + letter for letter in ORDER for word in longer if word[0] != "N"]
        words = words + longer
    return words


class Ngrams(Tokenizer):
    """n-grams side by side, with LOGO's ids.

    n: 3 to 6. <unk> 0 (also padding), <cls> 1, <mask> 2, seven ids that LOGO leaves free, then
    the n-grams. One that begins with N is <unk>. What is left over at the end of a sequence,
    fewer than n bases, has no token. LOGO puts no special tokens around a sequence.
    """

    def __init__(self, n: int = 3):
        if not 3 <= n <= 6:
            raise ConfigError(f"LOGO's n-grams have n from 3 to 6, not {n}")
        free = [f"<free{number}>" for number in range(3, _FIRST)]
        words = all_ngrams(n)
        super().__init__(f"logo-{n}", ["<unk>", "<cls>", "<mask>", *free, *words], Special(pad=0, unk=0, cls=1, mask=2))
        self.k = n
        self._table = letter_table(ORDER, _UNKNOWN)
        # Number of base 5, in the order of ORDER, -> id.
        self._ids = np.zeros(5**n, dtype=np.int64)
        for number, word in enumerate(words, _FIRST):
            if len(word) == n:
                self._ids[sum(ORDER.index(letter) * 5 ** (n - 1 - at) for at, letter in enumerate(word))] = number

    def encode(self, sequences: Texts, special: bool = True) -> Encoding:
        codes, lengths = pack(sequences, self._table)
        frame = self._frame(lengths // self.k, special, alike=True)
        whole = codes[:, : frame.width * self.k]
        numbers = np.zeros((len(codes), frame.width), dtype=np.int32)
        for offset in range(self.k):
            numbers *= 5
            numbers += np.minimum(whole[:, offset :: self.k], 4)
        frame.ids[:] = self._ids[numbers]
        frame.cover(self.k, self.k)
        return frame.finished()

    def longest(self, tokens: int) -> int:
        return max(0, tokens * self.k + self.k - 1)
