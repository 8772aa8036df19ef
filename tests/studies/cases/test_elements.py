"""Measured elements in the layout of CAGI5, made up so that the right answer is known."""

from dataclasses import replace

import numpy as np
import pandas
import pytest

from dnalect.core.errors import InputError, ModelError
from dnalect.core.figures import read_figures
from dnalect.tokens.bases import BASES, decode
from inference.predictors import make_predictor
from studies.cases import compared, elements, haplotypes
from studies.cases.element_figures import (
    FIRST,
    LOWERED,
    MEAN,
    MEASURES,
    RAISED,
    RANDOM,
    SHARE,
    TENTH,
    cell_type_figures,
    first_figures,
    mean_figures,
)
from studies.cases.measured import FLANK, read_measured
from studies.options import Human

LETTERS = np.array(list("ACGT"))
ELEMENTS, SITES = 7, 70


@pytest.fixture
def assay(tmp_path):
    """Elements in which changing a G has an effect, and the conservation says so in most of them.

    A change of G to A raises expression, all others lower it. E0 was measured in two cell types.
    """
    rng = np.random.default_rng(5)
    (tmp_path / "variants/cagi5").mkdir(parents=True)
    rows, sequences = [], []
    for number in range(ELEMENTS):
        text = "".join(rng.choice(LETTERS, 110))
        sequences.append((f"E{number}", text, 1000))
        for name in [f"E{number}"] if number else ["E0-liver", "E0-skin"]:
            for at in range(20, 20 + SITES):
                alt = BASES[(BASES.index(text[at]) + 1 + at % 3) % 4]
                hit = text[at] == "G"
                effect = (1.0 if alt == "A" else -1.0) * hit + rng.normal() * 0.1
                told = (effect, 0.3 if hit else 0.01, -1 if hit else 0, f"release_{name}")
                rows.append(("1", 1001 + at, text[at], alt, *told, 0.5, 1.0 if hit else rng.random(), 1.0, 1.0))
    columns = ["#Chrom", "Pos", "Ref", "Alt", "Value", "Confidence", "class", "regulatory_element"]
    table = pandas.DataFrame(rows, columns=[*columns, "phastCon", "phyloP", "GerpN", "GerpRS"])
    table.loc[0, "Ref"] = "A" if table.loc[0, "Ref"] != "A" else "C"
    table.to_csv(tmp_path / "variants/cagi5/cagi5_df.csv", index=False)
    names = ["regulatory_element", "ref_sequence", "start_pos"]
    pandas.DataFrame(sequences, columns=names).to_csv(tmp_path / "variants/cagi5/base_seqs.csv", index=False)
    return tmp_path


def kept(figures, part):
    return {(each.who, each.metric): each for each in figures if each.part == part}


def test_measured_variants_stand_where_they_belong(assay):
    found = read_measured(assay)
    assert len(found.ref) == (ELEMENTS + 1) * SITES - 1
    assert np.array_equal(found.reference[:, FLANK], found.ref)
    assert np.array_equal(found.alternate[:, FLANK], found.alt)
    assert np.array_equal(found.significant, found.ref == 2)
    assert len(set(found.group.tolist())) == ELEMENTS
    assert len(set(found.element.tolist())) == ELEMENTS + 1


def test_variants_on_the_elements_are_those_of_the_windows(assay):
    found = read_measured(assay)
    for number in (0, 150, 500):
        variant = found.variants[number]
        assert (variant.ref.tolist(), variant.alt.tolist()) == ([found.ref[number]], [found.alt[number]])
        text = found.genome.fetch(variant.contig, variant.start - 5, variant.end + 5).tobytes().decode()
        assert text == decode(found.reference[number, FLANK - 5 : FLANK + 6])


def test_elements_are_judged_without_their_own_variants(assay, model_folder, monkeypatch):
    sizes = []
    fit = compared.tuned_logistic

    def spy(features, labels, classes, tune, *rest):
        sizes.append(len(features) + len(tune[0]))
        return fit(features, labels, classes, tune, *rest)

    monkeypatch.setattr(compared, "tuned_logistic", spy)
    figures = elements.run_elements(Human(assay, assay / "out", str(model_folder)))
    whole = (ELEMENTS + 1) * SITES - 1
    # Both cell types of E0 are left out together.
    assert set(sizes) == {whole - SITES, whole - (2 * SITES - 1)}
    found = kept(figures, MEAN)
    # A G that is changed is seen by the states and by the words; conservation knows it in part.
    assert found["words of 3-5, learned", "AUROC"].value.low > 0.55
    tiny = next(who for who, _ in found if "states and likelihood" in who)
    assert found[tiny, "AUROC"].value.low > 0.55
    assert 0.6 < found["phyloP", "AUROC"].value.mean <= 1
    assert found["phyloP", "AUROC"].against
    assert "ranked first" in (assay / "out" / "index.html").read_text()
    assert [each.cells() for each in read_figures(assay / "out/figures.tsv")] == [each.cells() for each in figures]


@pytest.mark.slow
def test_a_predictor_that_knows_the_effect_is_seen(assay, model_folder, monkeypatch):
    made = haplotypes.predicted_changes

    def knowing(name, folder, genome, variants, device):
        changed = made(name, folder, genome, variants, device)
        found = read_measured(assay)
        assert changed.values.shape == (len(variants), 4)
        assert [(v.contig, v.start) for v in variants] == list(zip(found.contig, found.at, strict=True))
        return replace(changed, values=found.effect[:, None], signal=True) if name == "told" else changed

    monkeypatch.setattr(haplotypes, "predicted_changes", knowing)
    folder = make_predictor(assay / "predictor", model_folder)
    predictors = (f"told={folder}", f"untold={folder}")
    figures = elements.run_elements(Human(assay, assay / "out", str(model_folder), predictors))
    found = kept(figures, MEAN)
    told, untold = (f"{name}: |change|, zero labels of the assay" for name in ("told", "untold"))
    assert found[told, "AUROC"].value.mean > 0.99
    assert found[told, "signed Spearman"].value.mean == pytest.approx(1)
    assert found[told, RAISED].value.mean > 0.99
    assert found[told, LOWERED].value.mean > 0.99
    assert found["told: change, learned", "AUROC"].value.mean > 0.99
    # Random heads on a random network have no direction of the assay, nor one number.
    assert found[untold, "AUROC"].value.mean < 0.8
    assert (untold, "signed Spearman") not in found
    assert ("tiny, predictors and conservation", "AUROC") in found


def test_labels_that_mean_nothing_give_chance(assay):
    found = read_measured(assay)
    rng = np.random.default_rng(3)
    order = rng.permutation(len(found.effect))
    shuffled = replace(found, significant=found.significant[order], effect=found.effect[order])
    score = (found.ref == 2).astype(float) + rng.normal(size=len(order)) * 0.01
    figures = kept(mean_figures(shuffled, {"G": score}, {"G": score}, []), MEAN)
    assert set(figures) == {("G", measure) for measure in MEASURES}
    assert abs(figures["G", "AUROC"].value.mean - 0.5) < 0.05
    assert figures["G", "AUROC"].value.low < 0.5 < figures["G", "AUROC"].value.high
    assert abs(figures["G", "signed Spearman"].value.mean) < 0.08
    first = kept(first_figures(shuffled, {"G": score}), FIRST)
    assert first["G", SHARE].difference.low < 0 < first["G", SHARE].difference.high


def test_how_many_of_the_first_have_an_effect(assay):
    found = read_measured(assay)
    rng = np.random.default_rng(3)
    good = found.significant + rng.normal(size=len(found.ref)) * 0.01
    # Knows in which element the share is highest, and nothing else.
    rates = {name: found.significant[found.element == name].mean() for name in np.unique(found.element)}
    element = np.array([rates[name] for name in found.element]) + rng.normal(size=len(found.ref)) * 1e-6
    figures = first_figures(found, {"good": good, "element": element})
    for part in (FIRST, TENTH):
        told = kept(figures, part)
        assert told["good", SHARE].value.mean == 1
        assert told["good", SHARE].against == RANDOM
        assert told["good", SHARE].difference.low > 0.5
        assert told[RANDOM, SHARE].value.mean == pytest.approx(found.significant.mean(), abs=0.01)
    assert kept(figures, FIRST)["good", SHARE].n == 50
    assert kept(figures, TENTH)["good", SHARE].n == (ELEMENTS + 1) * SITES // 10
    # Among all, many of the first; within an element, as good as none.
    assert kept(figures, FIRST)["element", SHARE].difference.mean > 0.05
    assert abs(kept(figures, TENTH)["element", SHARE].difference.mean) < 0.1


def test_two_cell_types_say_how_far_one_can_come(assay):
    figures = cell_type_figures(read_measured(assay))
    found = {(each.part, each.who, each.metric): each for each in figures}
    assert {part for part, _, _ in found} == {"E0-liver", "E0-skin"}
    # The first variant of the liver does not fit its element's sequence.
    assert {each.n for each in figures} == {SITES - 1}
    assert found["E0-liver", "measured in E0-skin", "AUROC"].value.mean > 0.99
    assert 0.2 < found["E0-skin", "measured in E0-liver", "signed Spearman"].value.mean < 0.9


def test_what_is_missing_or_no_predictor_is_named(assay, tmp_path, model_folder):
    with pytest.raises(InputError, match="which is missing"):
        elements.run_elements(Human(tmp_path / "nowhere", tmp_path / "out", str(model_folder)))
    with pytest.raises(ModelError, match="no fine-tuned model"):
        elements.run_elements(Human(assay, tmp_path / "out", str(model_folder), (f"base={model_folder}",)))
