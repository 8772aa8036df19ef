"""Words of IUPAC letters, restriction sites by the names of their enzymes among them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError
from dnalect.core.nearest import did_you_mean
from dnalect.core.records import Codes
from dnalect.tokens.bases import BASES

# Letter -> the bases that it stands for.
IUPAC = {
    **{base: base for base in BASES},
    **{"R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"},
    **{"B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT"},
}
# What enzymes that are used for cloning cut at (REBASE).
ENZYMES: dict[str, str] = dict(
    each.split("=")
    for each in (
        "AatII=GACGTC AgeI=ACCGGT ApaI=GGGCCC ApaLI=GTGCAC AscI=GGCGCGCC AvrII=CCTAGG BamHI=GGATCC BbsI=GAAGAC "
        "BglII=AGATCT BsaI=GGTCTC BsmBI=CGTCTC BspQI=GCTCTTC BstEII=GGTNACC BtgZI=GCGATG ClaI=ATCGAT DraI=TTTAAA "
        "EagI=CGGCCG EcoRI=GAATTC EcoRV=GATATC Esp3I=CGTCTC FseI=GGCCGGCC HaeIII=GGCC HindIII=AAGCTT KpnI=GGTACC "
        "MfeI=CAATTG MluI=ACGCGT NcoI=CCATGG NdeI=CATATG NheI=GCTAGC NotI=GCGGCCGC NruI=TCGCGA NsiI=ATGCAT "
        "PacI=TTAATTAA PmeI=GTTTAAAC PstI=CTGCAG PvuI=CGATCG PvuII=CAGCTG SacI=GAGCTC SacII=CCGCGG SalI=GTCGAC "
        "SapI=GCTCTTC SbfI=CCTGCAGG ScaI=AGTACT SfiI=GGCCNNNNNGGCC SmaI=CCCGGG SpeI=ACTAGT SphI=GCATGC "
        "StuI=AGGCCT SwaI=ATTTAAAT XbaI=TCTAGA XhoI=CTCGAG XmaI=CCCGGG"
    ).split()
)
_NAMES = {name.lower(): name for name in ENZYMES}
Table = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Word:
    """text: of IUPAC letters. name: of the enzyme that cuts there, or the text."""

    text: str
    name: str

    @property
    def strands(self) -> list[Table]:
        """Which bases each place takes (w, 5), of both strands; once where they are the same."""
        forward = np.array([[base in IUPAC[letter] for base in BASES] + [False] for letter in self.text])
        reverse = forward[::-1, [3, 2, 1, 0, 4]]
        return [forward] if (forward == reverse).all() else [forward, reverse]


def word_of(text: str) -> Word:
    """Return the word that a text is, or the site of the enzyme that it names, in either case.

    Raises ConfigError for what is neither.
    """
    if name := _NAMES.get(text.lower()):
        return Word(ENZYMES[name], name)
    if text and set(text.upper()) <= IUPAC.keys():
        return Word(text.upper(), text.upper())
    hint = did_you_mean(text, ENZYMES) or " Give a word of IUPAC letters, the name of an enzyme, or a MEME file."
    raise ConfigError(
        f"{text!r} is no word of A, C, G, T and the other IUPAC letters, and no enzyme that is known.{hint}"
    )


def misses(codes: Codes, table: Table) -> npt.NDArray[np.int64]:
    """Return how many bases differ from a word (n, L - w + 1), at each of its places. codes: (n, L). table: (w, 5)."""
    places = codes.shape[1] - len(table) + 1
    found = np.zeros((len(codes), max(0, places)), dtype=np.int64)
    for column, takes in enumerate(table):
        found += ~takes[codes[:, column : column + found.shape[1]]]
    return found


def sites(codes: Codes, word: Word) -> npt.NDArray[np.int64]:
    """Return how often a word stands in sequences (n, L), on either strand: (n,)."""
    return np.asarray(np.sum([(misses(codes, table) == 0).sum(axis=1) for table in word.strands], axis=0), np.int64)


def least_misses(codes: Codes, word: Word) -> npt.NDArray[np.int64]:
    """Return how many bases lack for the word to stand in sequences (n, L) at its best place: (n,)."""
    return np.asarray(np.min([misses(codes, table).min(axis=1) for table in word.strands], axis=0), np.int64)


def longest_runs(codes: Codes) -> npt.NDArray[np.int64]:
    """Return the length of the longest run of one base in sequences (n, L): (n,)."""
    longest = now = np.ones(len(codes), dtype=np.int64)
    for column in range(1, codes.shape[1]):
        now = np.where(codes[:, column] == codes[:, column - 1], now + 1, 1)
        longest = np.maximum(longest, now)
    return longest
