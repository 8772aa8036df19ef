"""Where a model is better than elsewhere: parts make the whole, a planted weakness is found, files are as shown."""

import numpy as np
import pytest

import forked
from dnalect.core.errors import ConfigError
from dnalect.core.figures import read_figures
from dnalect.core.reporter import DnalectWarning
from dnalect.jobs.bias import BiasOptions, bias, table


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
