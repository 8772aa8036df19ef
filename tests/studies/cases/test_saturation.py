"""Every base of a made-up promoter where that of HNF4A lies: slices, deletions, what is planted is found."""

import gzip

import numpy as np
import pytest

from dnalect.core.errors import FastaError, InputError
from dnalect.tokens.bases import BASES
from inference.predictors import make_predictor
from studies.cases.saturation import (
    DELETIONS,
    END,
    FLANK,
    NEAR,
    SIGNED,
    SIZE,
    START,
    SUBSTITUTIONS,
    TSS,
    read_saturation,
    run_saturation,
    saturation_figures,
)
from studies.options import Saturation as Asked

LOW, HIGH = START - FLANK - 40, END + FLANK + 60
HEADER = "Chrom\tPos\tRef\tAlt\tBarcodes\tDNA\tRNA\tCoefficient\tpValue\tElement\tRelease"


@pytest.fixture
def assay(tmp_path):
    """Effects grow towards the TSS; a G that is lost lowers expression, one that is won raises it."""
    rng = np.random.default_rng(6)
    text = "".join(rng.choice(list("ACGT"), HIGH - LOW))
    (tmp_path / "genomes").mkdir()
    (tmp_path / "variants").mkdir()
    with gzip.open(tmp_path / "genomes/human_chr20_HNF4A.fa.gz", "wt") as out:
        out.write(f">20:{LOW + 1}-{HIGH}\n{text}\n")
    inner = tmp_path / "inner.fa"
    inner.write_text(f">chr20:{START - FLANK + 1}-{END + FLANK}\n{text[40:-60].lower()}\n")
    lines = [HEADER]
    for at in range(START, END):
        ref = text[at - LOW]
        alt = "-" if at % 4 == 0 else BASES[(BASES.index(ref) + 1 + at % 3) % 4]
        size = 1 / (5 + abs(at - TSS))
        effect = size * (-1 if ref == "G" else 1)
        told = f"{ref}\t{alt}\t{10 if at % 5 else 9}\t100\t100\t{effect}\t0.01\tHNF4A"
        lines += [f"20\t{at + 1}\t{told}\tGRCh37", f"20\t{at + 1_000_000}\t{told}\tGRCh38"]
    with gzip.open(tmp_path / "variants/kircher2019_HNF4A.tsv.gz", "wt") as out:
        out.write("\n".join(lines) + "\n")
    return tmp_path


def test_variants_of_either_slice_are_the_same(assay):
    found, inner = read_saturation(assay), read_saturation(assay, assay / "inner.fa")
    measured = [at for at in range(START, END) if at % 5]
    assert found.position.tolist() == measured
    assert found.deletion.tolist() == [at % 4 == 0 for at in measured]
    assert int(found.genome.lengths[0]) == END - START + 2 * FLANK
    assert found.genome.packed.tolist() == inner.genome.packed.tolist()
    for at, one, other in zip(measured, found.variants, inner.variants, strict=True):
        assert (one.start, one.ref.tolist(), one.alt.tolist()) == (other.start, other.ref.tolist(), other.alt.tolist())
        # Deletions are moved to the left, as far as they go.
        assert one.start <= at - START + FLANK
        assert one.kind == ("deletion" if at % 4 == 0 else "snv")


def test_what_is_planted_is_found(assay, model_folder):
    folder = make_predictor(assay / "predictor", model_folder)
    figures = run_saturation(
        Asked(data=assay, out=assay / "out", model=str(model_folder), predictors=(f"three={folder}",), command="told")
    )
    found = {(each.part, each.who, each.metric): each.value for each in figures}
    for part in (SUBSTITUTIONS, DELETIONS):
        assert found[part, NEAR, SIZE].low > 0.95
        assert (part, "tiny: |LLR|, zero-shot", SIGNED) in found
        assert abs(found[part, "three: |change|, zero labels of the assay", SIZE].mean) < 0.5
        # It has four outputs: no direction.
        assert (part, "three: |change|, zero labels of the assay", SIGNED) not in found
    assert found[DELETIONS, "GC change", SIGNED].low > 0
    assert {each.command for each in figures} == {"told"}
    assert "words can" in (assay / "out/index.html").read_text()


def test_shuffled_effects_give_chance(assay):
    found = read_saturation(assay)
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(found.effect)
    figures = saturation_figures(found, {"it": np.abs(shuffled)}, {"it": shuffled})
    assert {each.metric for each in figures} == {SIZE, SIGNED}
    assert all(each.value.low < 0 < each.value.high for each in figures)
    same = saturation_figures(found, {"it": np.abs(found.effect)}, {"it": found.effect})
    assert all(each.value.low == pytest.approx(1) for each in same)


def test_another_reference_is_refused(assay, fasta):
    with pytest.raises(FastaError, match=r"cannot read the reference .*no\.fa"):
        read_saturation(assay, assay / "no.fa")
    with pytest.raises(FastaError, match="does not hold 20:42983160-42985444; give chromosome 20"):
        read_saturation(assay, fasta)
    other = assay / "other.fa"
    other.write_text(f">20:{LOW + 1}-{HIGH}\n{'A' * (HIGH - LOW)}\n")
    with pytest.raises(InputError, match="is that chromosome 20 of GRCh37"):
        read_saturation(assay, other)
    with pytest.raises(InputError, match="which is missing"):
        read_saturation(assay / "variants")
