"""SNVs end to end with a network of DNABERT's size, beside the ordinary pipeline: the same scores of the same weights.

The ordinary one cuts a window for each SNV with pysam, spells it as words for transformers' tokenizer, hides the six
words that cover the SNV, and asks transformers in batches of eight windows, each SNV on both strands.
"""

import csv
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pysam
import torch

import dnalect
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.names import ContigNames
from dnalect.genome.variants import open_variants
from dnalect.genome.windows.alleles import Rules, resolve
from dnalect.jobs.demo.data import DATA
from dnalect.tokens.bases import decode
from first_use import vcf
from ratios.encoders import the_rival
from ratios.masked import random_model
from ratios.rows import Row, Rows, costs
from ratios.whole import DNALECT, run_python

TARGET, ASKED = 5.0, 10_000
REFERENCE, SNVS = DATA / "yeast_chrXIV.fa.gz", DATA / "BY_RM_chrXIV.vcf.gz"
# SNVs that each side scores, and windows of a batch of the other one's.
OURS, THEIRS, BATCH = 12, 4, 8
FLANK, WORD = 248, 6
SAME = 1e-4


def pipeline() -> Rows:
    """The first SNVs of a cross, in rates that are scaled: without a start, which 10,000 would not notice."""
    transformers = the_rival()
    if transformers is None:
        yield Row("SNVs end to end", float("nan"), "", None, "transformers is not installed")
        return
    with tempfile.TemporaryDirectory() as name:
        folder, genome = Path(name), dnalect.open_genome(REFERENCE)
        chosen = natural(genome, OURS)
        random_model({}).save(folder / "model")
        fasta = folder / "genome.fa"
        fasta.write_text(f">{genome.names[0]}\n{genome.contig(genome.names[0]).tobytes().decode()}\n")
        pysam.faidx(str(fasta))
        # The shorter run has its estimate, too, for which a few windows are read.
        some, all_ = (_ours(folder, fasta, vcf(folder / f"{n}.vcf", genome, chosen[:n])) for n in (THEIRS, OURS))
        each = (all_[0] - some[0]) / (OURS - THEIRS)
        theirs, scores = _theirs(transformers, folder / "model", fasta, chosen[:THEIRS], genome)
        apart = np.abs(np.array(all_[1][:THEIRS]) - scores).max()
        assert apart < SAME, f"the scores differ by {apart}"
        every = (chosen[-1].start - chosen[0].start) / (OURS - 1)
        how = (
            f"of pysam, tokens and float32 of transformers; {OURS} and {THEIRS} SNVs, one in {every:.0f} bases, for "
            f"10,000: {ASKED * each / 3600:.1f} core-hours here; {apart:.0e} apart"
        )
        yield Row("SNVs end to end, DNABERT's size", theirs / each, "times the rate", TARGET, how)


def natural(genome: Genome, count: int) -> list[Variant]:
    """Return the first SNVs of the cross."""
    found: list[Variant] = []
    with open_variants(str(SNVS), genome) as source:
        names = ContigNames(genome, "auto")
        for record in source.records:
            made = resolve(record, names.number(record.contig), genome, Rules(50, FLANK))
            found += [each for each in made if isinstance(each, Variant) and each.kind == "snv"]
            if len(found) >= count:
                break
    return found[:count]


def _ours(folder: Path, fasta: Path, variants: Path) -> tuple[float, list[float]]:
    """Return the processor seconds of a whole command, and the scores."""
    out = folder / "scored.tsv"
    given = ["score", str(fasta), str(variants), "--model", str(folder / "model"), "--background", "0", "-o", str(out)]
    used = run_python([*DNALECT, *given], folder)
    with out.open() as lines:
        rows = list(csv.DictReader((line for line in lines if not line.startswith("# ")), delimiter="\t"))
    return used.computed, [float(row["llr"]) for row in rows]


def _theirs(transformers: Any, model: Path, fasta: Path, variants: Sequence[Variant], genome: Genome) -> Any:
    """Return the processor seconds of an SNV, the network loaded, and the scores."""
    network = transformers.AutoModelForMaskedLM.from_pretrained(model).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    found: list[float] = []

    @torch.inference_mode()
    def score() -> None:
        found.clear()
        source = pysam.FastaFile(str(fasta))
        for low in range(0, len(variants), BATCH // 2):
            part = variants[low : low + BATCH // 2]
            texts, sites, alleles = [], [], []
            for each in part:
                seen = source.fetch(genome.names[each.contig], each.start - FLANK, each.start + FLANK + 1).upper()
                ref, alt = decode(each.ref), decode(each.alt)
                for text, pair in ((seen, (ref, alt)), (_reverse(seen), (_reverse(ref), _reverse(alt)))):
                    texts.append(text)
                    sites.append(FLANK)
                    alleles.append(pair)
            spelled = [" ".join(_words(text)) for text in texts]
            given = tokenizer(spelled, return_tensors="pt", padding=True)
            hidden = [range(site - WORD + 1, site + 1) for site in sites]
            for row, at in enumerate(hidden):
                given["input_ids"][row, [n + 1 for n in at]] = tokenizer.mask_token_id
            logs = network(**given).logits.log_softmax(-1)
            strands = []
            for row, (text, site, pair, at) in enumerate(zip(texts, sites, alleles, hidden, strict=True)):
                before, after = (
                    tokenizer.convert_tokens_to_ids(_words(text[:site] + base + text[site + 1 :])[at.start : at.stop])
                    for base in pair
                )
                mine = logs[row, [n + 1 for n in at]]
                strands.append(float((mine[range(WORD), after] - mine[range(WORD), before]).mean()))
            found.extend((a + b) / 2 for a, b in zip(strands[::2], strands[1::2], strict=True))

    (seconds,) = costs(score, repeats=1)
    return seconds / len(variants), np.array(found)


def _words(text: str) -> list[str]:
    return [text[n : n + WORD] for n in range(len(text) - WORD + 1)]


def _reverse(text: str) -> str:
    return text[::-1].translate(str.maketrans("ACGT", "TGCA"))
