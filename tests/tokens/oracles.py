"""The reference implementations, and sequences to try them on."""

import gzip
import itertools
import os
from functools import cache
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
from tokenizers import Tokenizer as HfTokenizer
from transformers import BertTokenizer, EsmTokenizer

from dnalect.jobs.demo.data import REFERENCE

DATA = Path(__file__).parents[1] / "data"


def write_dnabert2(folder: Path) -> Path:
    """Write DNABERT-2's tokenizer.json into a folder."""
    path = folder / "tokenizer.json"
    path.write_bytes(gzip.decompress((DATA / "dnabert2_tokenizer.json.gz").read_bytes()))
    return path


def hf_byte_pairs(path: Path) -> HfTokenizer:
    oracle = HfTokenizer.from_file(str(path))
    oracle.no_truncation()
    oracle.no_padding()
    return oracle


def kmers(k: int, order: str = "ATCG") -> list[str]:
    return ["".join(bases) for bases in itertools.product(order, repeat=k)]


def bert(k: int, folder: Path) -> BertTokenizer:
    """BertTokenizer on a vocabulary as the hub has it."""
    path = folder / f"vocab_{k}.txt"
    path.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *kmers(k)]) + "\n")
    return BertTokenizer(vocab=str(path), do_lower_case=False)


def kmer_text(sequence: str, k: int) -> str:
    return " ".join(sequence[i : i + k] for i in range(len(sequence) - k + 1))


def esm(version: int, folder: Path) -> EsmTokenizer:
    """EsmTokenizer on a vocabulary as the hub has it."""
    path = folder / f"nt_v{version}.txt"
    special = ["<unk>", "<pad>", "<mask>", "<cls>", *(["<eos>", "<bos>"] if version == 2 else [])]
    path.write_text("\n".join([*special, *kmers(6), *"ATCGN"]))
    return EsmTokenizer(str(path), eos_token=None)


def logo(n: int) -> dict[str, int]:
    """LOGO's table of words, made the way its own code makes it."""
    table: dict[str, int] = {}
    layer: list[str] = []
    for length in range(n):
        words = []
        for letter in "NAGCT":
            for word in [""] if length == 0 else [w for w in layer if len(w) == length and not w.startswith("N")]:
                words.append(word + letter)
                table[word + letter] = 10 + len(table)
        layer = words
    return table


@cache
def yeast() -> str:
    """Chromosome I, upper case, 230 kb."""
    with gzip.open(REFERENCE, "rt") as file:
        return "".join(line.strip() for line in file if not line.startswith(">")).upper()


def random_sequences(
    count: int, longest: int, seed: int, letters: str = "ACGTacgt", strange: float = 0.0, shortest: int = 0
) -> list[str]:
    """Random sequences of random lengths; `strange`: share of N, n, R, y and -."""
    rng = np.random.default_rng(seed)
    out = []
    for length in rng.integers(shortest, longest + 1, count):
        bases = rng.choice(list(letters), length)
        other = rng.random(length) < strange
        bases[other] = rng.choice(list("NnRy-"), other.sum())
        out.append("".join(bases))
    return out


def as_read(sequence: str) -> str:
    """What the reference is given: upper case, N for all that is no base."""
    return "".join(letter if letter in "ACGT" else "N" for letter in sequence.upper())


def rows(encoding) -> list[list[int]]:
    """The ids of each sequence without padding."""
    return [ids[mask].tolist() for ids, mask in zip(encoding.input_ids, encoding.attention_mask, strict=True)]
