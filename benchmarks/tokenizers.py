"""How much faster than the reference implementations, on one thread and at identical ids.

    python benchmarks/tokenizers.py [--reference genome.fa] [--tokenizer tokenizer.json]

Needs the extra `dev`. Times are CPU seconds, best of several; the references are given text that is
cut and upper-cased for them beforehand, which costs users time too. Without --tokenizer, byte
pairs are learned from the reference genome.
"""

import os
import sys

# This file has the name of the package that it measures: its folder, the first, must not be searched.
sys.path.pop(0)
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import argparse
import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer as HfTokenizer
from transformers import BertTokenizer, EsmTokenizer

from dnalect.genome.fasta import open_genome
from dnalect.jobs.demo.data import REFERENCE
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.files import read_tokenizer, write_tokenizer
from dnalect.tokens.kmers import OverlappingKmers
from dnalect.tokens.merging import train_byte_pairs
from dnalect.tokens.tokenizer import Tokenizer

WINDOW, COUNT, CONTIG = 512, 1000, 1_000_000


def seconds(work: Callable[[], object], runs: int) -> float:
    """Least CPU time of several runs: what else the machine does only ever adds."""
    times = []
    for _ in range(runs):
        gc.collect()
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def compare(
    what: str,
    ours: Tokenizer,
    theirs: Callable[[list[str]], list[list[int]]],
    sequences: list[str],
    sample: int,
    prepare: Callable[[str], str] = str,
) -> None:
    """Print the ratio of bases a second; the reference is timed on a sample."""
    texts = [prepare(sequence) for sequence in sequences[:sample]]
    encoding = ours.encode(sequences[:sample])
    found = [ids[mask].tolist() for ids, mask in zip(encoding.input_ids, encoding.attention_mask, strict=True)]
    if found != theirs(texts):
        raise SystemExit(f"{what}: the ids differ")
    fast = sum(map(len, sequences)) / seconds(lambda: ours.encode(sequences), 25)
    slow = sum(map(len, sequences[:sample])) / seconds(lambda: theirs(texts), 3)
    print(f"{what}: {fast / 1e6:,.1f} Mbp/s, reference {slow / 1e6:,.2f} Mbp/s: {fast / slow:,.1f} times faster")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", default=str(REFERENCE))
    parser.add_argument("--tokenizer", type=Path)
    given = parser.parse_args()
    genome = open_genome(given.reference)
    bases = genome.packed.tobytes().upper().decode("ascii")
    bases *= -(-CONTIG // len(bases))
    rng = np.random.default_rng(1)
    windows = [bases[at : at + WINDOW] for at in rng.integers(0, len(bases) - WINDOW, COUNT)]
    contig = [bases[:CONTIG]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kmers = OverlappingKmers(6)
        bert = BertTokenizer(vocab=str(write_tokenizer(kmers, folder)), do_lower_case=False)
        compare(
            *("overlapping 6-mers, BertTokenizer, 512-bp windows", kmers, lambda texts: bert(texts)["input_ids"]),
            *(windows, 400, lambda text: " ".join(text[at : at + 6] for at in range(len(text) - 5))),
        )
        chunks = Chunks(1)
        esm = EsmTokenizer(str(write_tokenizer(chunks, folder)), eos_token=None)
        compare(
            "6-mers side by side, EsmTokenizer, 512-bp windows",
            chunks,
            lambda texts: esm(texts)["input_ids"],
            windows,
            400,
        )
        path = given.tokenizer
        if path is None:
            contigs = (genome.contig(contig) for contig in genome.names)
            path = write_tokenizer(train_byte_pairs(contigs, 4096), folder)
        pairs, theirs = read_tokenizer(path), HfTokenizer.from_file(str(path))
        theirs.no_truncation()
        theirs.no_padding()
    for label, method in (("encode_batch", theirs.encode_batch), ("encode_batch_fast", theirs.encode_batch_fast)):
        for shape, sequences, sample in (("512-bp windows", windows, 1000), ("a 1-Mb contig", contig, 1)):
            compare(
                f"byte pairs ({len(pairs):,}), {label}, {shape}",
                pairs,
                lambda texts, method=method: [each.ids for each in method(texts)],
                sequences,
                sample,
            )


if __name__ == "__main__":
    main()
