"""Vocabularies learned from genomes: `dnalect vocabulary train`."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import ConfigError
from dnalect.core.files import check_outputs
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import read_regions
from dnalect.jobs.options import VocabularyOptions
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.files import JSON, WORDS, write_tokenizer
from dnalect.tokens.hf_files import write_hf_files
from dnalect.tokens.kmers import OverlappingKmers
from dnalect.tokens.merging import train_byte_pairs
from dnalect.tokens.tokenizer import Tokenizer

Letters = npt.NDArray[np.uint8]


def train_vocabulary(options: VocabularyOptions) -> Tokenizer:
    """Learn a vocabulary from FASTA files and write it: tokenizer.json, or vocab.txt for k-mers.

    The output is the file, or a folder for it. Under its own name, or in a folder, transformers' settings
    are written beside it, so that AutoTokenizer takes the folder. For k-mers nothing is learned.
    Raises OutputError before it learns where the output can't be written.
    """
    references, regions, output = options.references, options.regions, options.output
    check_outputs([output] if not output.is_dir() else [], [*references, *regions])
    if options.algorithm == "kmers":
        tokenizer: Tokenizer = OverlappingKmers(options.k)
    else:
        tokenizer = train_byte_pairs(sequences_of(references, regions), options.size, options.both_strands)
    path = write_tokenizer(tokenizer, output)
    if path.name in (JSON, WORDS):
        write_hf_files(tokenizer, path.parent)
    return tokenizer


def sequences_of(references: Sequence[str], regions: Sequence[str] = ()) -> Iterator[Letters]:
    """Yield the contigs of FASTA files, or the regions of the one FASTA, as ASCII bytes."""
    if not references:
        raise ConfigError("a vocabulary is learned from at least one FASTA")
    if regions and len(references) != 1:
        raise ConfigError("regions are parts of one FASTA; give one file")
    for reference in references:
        genome = open_genome(reference)
        for region in read_regions(genome, regions or genome.names):
            yield genome.fetch(region.contig, region.start, region.end)


def describe(tokenizer: Tokenizer) -> str:
    """Return a sentence on a vocabulary: its size and the longest words."""
    text = f"{len(tokenizer.words):,} words"
    if isinstance(tokenizer, BytePairs) and tokenizer.merges:
        made = [left + right for left, right in tokenizer.merges]
        longest = max(made, key=len)
        text += f", {len(made):,} of them merged; mean {np.mean([len(word) for word in made]):.2f} bases, "
        text += f"longest {longest if len(longest) <= 40 else longest[:37] + '...'} ({len(longest)})"
    return text
