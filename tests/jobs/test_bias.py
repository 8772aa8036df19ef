"""Where a model is better than elsewhere: parts make the whole, a planted weakness is found, files are as shown."""

import numpy as np
import pytest

import dnalect
import forked
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.figures import read_figures
from dnalect.core.reporter import DnalectWarning
from dnalect.jobs.bias import BiasOptions, bias, table, variant_bias
from dnalect.jobs.bias_variants import APART, PLACE
from dnalect.stats.ranking import quantiles_within


@pytest.fixture(scope="module")
def found(fasta, model_folder, tmp_path_factory):
    bed = tmp_path_factory.mktemp("bias") / "part.bed"
    bed.write_text("chrA\t1000\t2000\n")
    with pytest.warns(DnalectWarning, match="learned from 100%"):
        return bias(BiasOptions(model_folder, reference=fasta, regions=("chrA",), stratum=(f"part={bed}",)))


def test_the_kinds_of_a_question_make_up_the_whole(found):
    means = {}
    for question in ("part", "repeats"):
        kinds = [each for each in found if each.question == question]
        if sum(each.share for each in kinds) == pytest.approx(1):
            means[question] = sum(each.share * each.bits.mean for each in kinds)
    assert "part" in means
    inside, outside = (each for each in found if each.question == "part")
    assert inside.bases == 1000
    assert inside.bits_against.mean == pytest.approx(inside.bits.mean - outside.bits.mean)
    assert inside.bits_against.mean == pytest.approx(-outside.bits_against.mean)


def test_what_a_model_learned_more_of_is_told_of_its_own_regions_alone(found):
    # The card names no regions of this genome: its rivals learn from what is left, which says nothing of the model.
    assert all(np.isnan(each.learned) for each in found)


def test_a_kind_that_is_easier_is_found(tmp_path, model_folder):
    rng = np.random.default_rng(2)
    blocks = ["".join(rng.choice(list("ACGT"), 1000)) if n % 2 else "ACGTTGCA" * 125 for n in range(40)]
    (tmp_path / "g.fa").write_text(">a\n" + "".join(blocks[:20]) + "\n>b\n" + "".join(blocks[20:]) + "\n")
    (tmp_path / "same.bed").write_text("".join(f"a\t{at}\t{at + 1000}\n" for at in range(0, 20_000, 2000)))
    asked = BiasOptions(
        model_folder, reference=tmp_path / "g.fa", regions=("a",), stratum=(f"same={tmp_path / 'same.bed'}",)
    )
    inside = next(each for each in bias(asked) if (each.question, each.name) == ("same", "inside"))
    # A random model knows neither; a Markov model that read b knows the sequence that comes again.
    assert inside.saved_against.mean < -1
    assert "same" in table([inside])


def test_the_command(fasta, model_folder, tmp_path):
    out, picture = tmp_path / "bias.tsv", tmp_path / "bias.png"
    command = ["evaluate", "bias", "--model", model_folder, "--reference", fasta, "--regions", "chrA"]
    done = forked.dnalect(*command, "-o", out, "-o", picture, text=True)
    assert done.returncode == 0, done.stderr
    rows = read_figures(out)
    assert {row.metric for row in rows} >= {"bits a base"}
    assert all(row.command.startswith("dnalect evaluate bias") for row in rows)
    assert picture.read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(ConfigError, match=r"none of the suffixes"):
        BiasOptions(reference=fasta, outputs=("bias.csv",))
    with pytest.raises(ConfigError, match="NAME=BED"):
        BiasOptions(reference=fasta, stratum=("bed",))


HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def cohort(path, fasta, model_folder):
    """SNVs whose frequency in one population follows the model's score, and in the other nothing."""
    genome, rng = dnalect.open_genome(fasta), np.random.default_rng(3)
    text = genome["chrA"][:]
    sites = [n for n in range(200, len(text) - 200, 3) if text[n].upper() in "ACGT"][:300]
    variants = [("chrA", n + 1, text[n].upper(), "ACGT"[("ACGT".index(text[n].upper()) + 1) % 4]) for n in sites]
    scores = np.array(dnalect.score(fasta, variants, model_folder, background=0)["llr"], dtype=float)
    kinds = np.array([ref for _, _, ref, _ in variants])
    high = quantiles_within(scores, kinds) > 0.7
    lines = []
    for (contig, at, ref, alt), follows, chance in zip(variants, high, rng.random(len(high)) > 0.7, strict=True):
        told = f"AF={0.2 if chance else 0.0004};ONE_AF={0.3 if follows else 0.002};TWO_AF={0.3 if chance else 0.002}"
        lines.append(f"{contig}\t{at}\t.\t{ref}\t{alt}\t.\t.\t{told}\n")
    path.write_text(HEADER + "".join(lines))
    return path


def test_a_population_that_a_model_knows_better_is_found(tmp_path, fasta, model_folder):
    vcf, out = cohort(tmp_path / "c.vcf", fasta, model_folder), tmp_path / "bias.tsv"
    asked = BiasOptions(model_folder, reference=fasta, variants=str(vcf), outputs=(str(out),))
    found = {(each.question, each.name): each for each in variant_bias(asked)}
    assert found["population", "ONE_AF"].value.mean == 1.0
    assert abs(found["population", "TWO_AF"].value.mean - 0.5) < 0.1
    assert found["population", "ONE_AF"].difference.mean == pytest.approx(1 - found["population", "AF"].value.mean)
    rare, common = (found["frequency", name] for name in ("below 0.1%", "5% and more"))
    assert rare.difference.mean == pytest.approx(-common.difference.mean)
    assert {each.metric for each in read_figures(out)} == {APART, PLACE}
    named = variant_bias(BiasOptions(model_folder, reference=fasta, variants=str(vcf), frequency=("TWO_AF",)))
    assert [each.name for each in named] == ["TWO_AF"]


def test_a_file_without_frequencies_is_refused(tmp_path, fasta, model_folder):
    (tmp_path / "none.vcf").write_text(HEADER + "chrA\t300\t.\tA\tC\t.\t.\tDP=3\n")
    with pytest.raises(InputError, match="has no frequencies"):
        variant_bias(BiasOptions(model_folder, reference=fasta, variants=str(tmp_path / "none.vcf")))
    vcf = cohort(tmp_path / "c.vcf", fasta, model_folder)
    with pytest.raises(InputError, match="no frequencies NO of any SNV"):
        variant_bias(BiasOptions(model_folder, reference=fasta, variants=str(vcf), frequency=("NO",)))
    with pytest.raises(ConfigError, match="--frequency is a key"):
        BiasOptions(model_folder, reference=fasta, frequency=("AF",))
    with pytest.raises(ConfigError, match="no picture"):
        BiasOptions(model_folder, reference=fasta, variants=str(vcf), outputs=("bias.png",))
