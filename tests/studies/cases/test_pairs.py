"""Pairs of alleles in the layout of CAGI4, made up so that the right answer is known."""

from dataclasses import replace

import numpy as np
import pandas
import pytest

from dnalect.core.errors import InputError
from dnalect.core.figures import read_figures
from inference.predictors import make_predictor
from studies.cases import pairs as module
from studies.cases.paired import PAIRS, linked, read_pairs
from studies.cases.pairs import (
    ACTIVE,
    ALL,
    CHANGED_WORDS,
    FIRST,
    FOLDS,
    PREVALENCE,
    SIGNED,
    WORDS,
    fold_of,
    pair_figures,
    run_pairs,
)
from studies.options import Human

LETTERS = np.array(list("ACGT"))
COUNT = 200


def table_of(count=COUNT):
    """Pairs of which the alternate has a TATA more or less than the reference where there is a skew."""
    rng = np.random.default_rng(4)
    rows = []
    for number in range(count):
        text = "".join(rng.choice(LETTERS, 150))
        kind = number % 4
        active = kind < 2
        ref, alt = "ACGTA", "ACGTC"
        if kind == 0:
            ref, alt = ("TATAG", "TACAG") if number % 8 else ("TACAG", "TATAG")
        reference, alternate = (text[:75] + allele + text[80:] for allele in (ref, alt))
        if kind == 3:
            alternate = text[:75] + "AC" + text[80:]
        skew = (1.0 if alt == "TATAG" else -1.0 if ref == "TATAG" else 0.0) + rng.normal() * 0.1
        told = (skew, int(active), int(kind == 0), f"lead{number // 2}", reference, alternate)
        rows.append((f"chr1:{number}", 1 + number // 120, 10_000 * number, *told))
    columns = ["ID", "chr", "pos", "LogSkew.Comb", "Regulatory_Hit", "emVar_Hit", "eQTL_lead"]
    return pandas.DataFrame(rows, columns=[*columns, "ref_sequence", "alt_sequence"])


@pytest.fixture
def assay(tmp_path):
    (tmp_path / PAIRS).parent.mkdir(parents=True)
    table_of().to_csv(tmp_path / PAIRS, index=False)
    return tmp_path


def test_pairs_are_read_as_variants(assay):
    pairs = read_pairs(assay)
    assert len(pairs.variants) == COUNT
    assert {each.kind for each in pairs.variants} == {"snv", "deletion"}
    assert all(len(each.ref) <= 3 and len(each.alt) <= 1 for each in pairs.variants)
    assert pairs.significant.sum() == COUNT / 4
    assert pairs.active.sum() == COUNT / 2
    # Two pairs a lead.
    assert pairs.group.max() + 1 == COUNT / 2
    assert pairs.group[0] == pairs.group[1] != pairs.group[2]


def test_dashes_are_deletions_and_other_letters_refused(tmp_path):
    (tmp_path / PAIRS).parent.mkdir(parents=True)
    table = table_of(8)
    text = table.loc[2, "alt_sequence"]
    table.loc[2, "alt_sequence"] = table.loc[2, "ref_sequence"][:75] + "-" + table.loc[2, "ref_sequence"][76:]
    table.to_csv(tmp_path / PAIRS, index=False)
    assert read_pairs(tmp_path).variants[2].kind == "deletion"
    table.loc[2, "alt_sequence"] = text[:75] + "N" + text[76:]
    table.to_csv(tmp_path / PAIRS, index=False)
    with pytest.raises(InputError, match="line 4: alt_sequence must be a sequence of A, C, G and T"):
        read_pairs(tmp_path)


def test_shared_leads_bases_and_sequences_are_one_group():
    rng = np.random.default_rng(0)
    texts = tuple("".join(rng.choice(LETTERS, 150)) for _ in range(6))
    texts = (*texts, texts[0])
    position = np.array([100, 1000, 1149, 1150, 5000, 1000, 9_000])
    contigs = ["1", "1", "1", "2", "1", "2", "3"]
    group = linked(["a", "b", "c", "d", "b", "e", "f"], contigs, position, texts)
    same = {tuple(np.flatnonzero(group == each).tolist()) for each in set(group.tolist())}
    # 0 and 6 are alike; 1 and 4 share their lead, 1 and 2 bases; 3 and 5 lie just beside each other.
    assert same == {(0, 6), (1, 2, 4), (3,), (5,)}


def test_folds_keep_groups_whole(assay):
    pairs = read_pairs(assay)
    folds = fold_of(pairs.group, pairs.significant)
    assert set(folds.tolist()) == set(range(FOLDS))
    assert all(len(set(folds[pairs.group == each].tolist())) == 1 for each in set(pairs.group.tolist()))
    with pytest.raises(InputError, match="too few pairs"):
        fold_of(np.arange(12), np.arange(12) == 0)


@pytest.mark.slow
def test_what_is_planted_is_found_and_each_rival_knows_its_part(assay, model_folder):
    folder = make_predictor(assay / "predictor", model_folder)
    figures = run_pairs(Human(assay, assay / "out", str(model_folder), (f"three={folder}",), command="told"))
    found = {(each.part, each.who, each.metric): each for each in figures}
    assert found[ALL, CHANGED_WORDS, "AUROC"].value.mean > 0.95
    assert found[ALL, CHANGED_WORDS, SIGNED].value.mean > 0.6
    assert found[ALL, CHANGED_WORDS, FIRST].value.mean > 3
    # The sequence by itself says little of the change.
    assert found[ACTIVE, WORDS, "AUROC"].value.mean < 0.85
    assert found[ALL, PREVALENCE, "AUPRC"].value.mean == pytest.approx(0.25)
    assert found[ACTIVE, PREVALENCE, "AUPRC"].value.mean == pytest.approx(0.5)
    assert found[ALL, "tiny: |LLR|, zero-shot", "AUROC"].n == COUNT
    assert found[ACTIVE, "tiny: |LLR|, zero-shot", SIGNED].n == COUNT / 4
    assert (ALL, "three: |change|, zero labels of the assay", "AUROC") in found
    assert (ALL, "three: change, learned", "AUROC") in found
    beside = {each.against for each in figures if each.who == "three: change, learned"}
    assert beside == set(module.RIVALS)
    assert {each.command for each in figures} == {"told"}
    assert [each.cells() for each in read_figures(assay / "out/figures.tsv")] == [each.cells() for each in figures]
    assert "100 are active, 50 of them differ" in " ".join((assay / "out/index.html").read_text().split())


def test_labels_that_mean_nothing_give_chance(assay):
    pairs = read_pairs(assay)
    rng = np.random.default_rng(0)
    score = pairs.significant + rng.normal(size=COUNT) * 0.1
    rows = np.ones(COUNT, dtype=bool)
    right = {each.metric: each.value for each in pair_figures(ALL, pairs, rows, {"it": score}, {"it": pairs.skew})}
    assert right["AUROC"].low > 0.99
    assert right[SIGNED].mean == pytest.approx(1)
    rng = np.random.default_rng(2)
    shuffled = replace(pairs, significant=rng.permutation(pairs.significant), skew=rng.permutation(pairs.skew))
    wrong = pair_figures(ALL, shuffled, rows, {"it": score}, {"it": pairs.skew})
    wrong = {each.metric: each.value for each in wrong if each.who == "it"}
    assert wrong["AUROC"].low < 0.5 < wrong["AUROC"].high
    assert wrong[FIRST].low < 1 < wrong[FIRST].high
    assert wrong[SIGNED].low < 0 < wrong[SIGNED].high


def test_files_that_cannot_be_used_are_named(tmp_path):
    with pytest.raises(InputError, match="which is missing"):
        read_pairs(tmp_path)
    (tmp_path / PAIRS).parent.mkdir(parents=True)
    table_of(8).drop(columns="emVar_Hit").to_csv(tmp_path / PAIRS, index=False)
    with pytest.raises(InputError, match="emVar_Hit"):
        read_pairs(tmp_path)
    table = table_of(8).astype({"LogSkew.Comb": object})
    table.loc[2, "LogSkew.Comb"] = "much"
    table.to_csv(tmp_path / PAIRS, index=False)
    with pytest.raises(InputError, match="line 4: LogSkew.Comb must be a number, not 'much'"):
        read_pairs(tmp_path)
