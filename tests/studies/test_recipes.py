"""Models of different kinds on the same held-out bases and variants: the numbers are those of the slow way."""

import gzip
import json

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import ConfigError
from dnalect.core.figures import read_figures
from dnalect.genome.fasta import open_genome
from dnalect.inference.likelihood.causal import Causal
from dnalect.inference.tiles import tiled_log_probs
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain import pretrain
from dnalect.models.card import read_card
from dnalect.stats.ranking import auroc
from dnalect.tokens.bases import encode, reverse_complement
from studies import recipes

CONFIG = """
name = "{name}"
[data]
window = 96
[[data.genomes]]
name = "yeast"
fasta = "genomes/yeast_S288C.fa.gz"
train = ["t"]
validate = ["v"]
test = {test}
[model]
{model}
[optim]
batch = 8
steps = {steps}
learning_rate = 3e-3
warmup = 1
check_every = 40
save_every = 40
"""
DUPLEX = 'family = "duplex"\nwidth = 16\nkernel = 4\ndilations = [1, 2, 4]'
CHUNKS = 'family = "logo"\nlike = "logo-3"\ntokenizer = "logo-3"\nscale = 0.3\nlongest = 128'
STATES = 'family = "mamba"\ntokenizer = "marindna"\nscale = 0.05\nlongest = 128'
MOTIF = "ACGTTGCAAC"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A genome of one repeated motif, and variants: common ones in the noise, singletons in the motif."""
    folder = tmp_path_factory.mktemp("recipes")
    rng = np.random.default_rng(0)
    lines, variants = [], []
    for name, tens in (("t", 500), ("v", 60), ("x", 60), ("y", 80)):
        pieces = [(MOTIF, False) if rng.random() < 0.7 else ("".join(rng.choice(list("ACGT"), 10)), True)
                  for _ in range(tens)]  # fmt: skip
        text = "".join(piece for piece, _ in pieces)
        lines.append(f">{name}\n{text}\n")
        for number, (_, noise) in enumerate(pieces if name == "y" else ()):
            at = number * 10 + 5
            alt = "ACGT"[("ACGT".index(text[at]) + 1) % 4]
            count = 90 if noise else 1
            variants.append(f"y\t{at + 1}\t.\t{text[at]}\t{alt}\t.\t.\tAC={count};AF={count / 500};AN=500\n")
    (folder / "genomes").mkdir()
    (folder / "variants").mkdir()
    with gzip.open(folder / "genomes/yeast_S288C.fa.gz", "wt") as file:
        file.writelines(lines)
    with gzip.open(folder / recipes.VARIANTS, "wt") as file:
        file.write("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(variants))
    for name, model, test, steps in (
        ("one", DUPLEX, '["x", "y"]', 120),
        ("two", CHUNKS, '["x", "y"]', 2),
        ("other", DUPLEX, '["y", "x"]', 2),
        ("left", STATES, '["x", "y"]', 3),
    ):
        (folder / f"{name}.toml").write_text(CONFIG.format(name=name, model=model, test=test, steps=steps))
        pretrain(PretrainOptions(folder / f"{name}.toml", folder / name, folder))
    return folder


def test_the_table_holds_the_numbers_of_the_slow_way(data, tmp_path):
    rows = recipes.compare([str(data / "one"), str(data / "two")], data, tmp_path, sample=300, most=100)
    bits = {row.who: row for row in rows if row.part == "x"}
    found = {(row.who, row.part): row.value.mean for row in rows}
    assert set(bits) == {
        "one", "two", f"{recipes.MARKOV}, interpolated", f"{recipes.MARKOV}, mixed"
    }  # fmt: skip
    assert [row.value.mean for row in bits.values()] == sorted(row.value.mean for row in bits.values())
    genome = open_genome(data / "genomes/yeast_S288C.fa.gz")
    codes = encode(np.asarray(genome.contig("x")))
    chosen = np.sort(np.random.default_rng(0).choice(np.flatnonzero(codes < 4), 300, replace=False))
    log_probs = tiled_log_probs(dnalect.load(data / "one"), codes)
    expected = -log_probs[chosen, codes[chosen]].mean() / np.log(2)
    assert found["one", "x"] == pytest.approx(expected, abs=1e-5)
    rival = f"{recipes.MARKOV}, interpolated"
    assert bits["one"].against == rival
    assert bits["one"].difference.mean == pytest.approx(found["one", "x"] - found[rival, "x"], abs=1e-6)
    assert found["one", "x"] < found["two", "x"] - 0.2
    assert found["one", recipes.RANKED] > 0.8
    sizes = {row.who: row.value.mean for row in rows if row.metric == recipes.SIZE}
    assert sizes == {name: read_card(data / name).parameters for name in ("one", "two")}
    table = read_figures(tmp_path / "recipes.tsv")
    assert [(row.who, row.part) for row in table] == [(row.who, row.part) for row in rows]
    assert table[0].value.mean == pytest.approx(rows[0].value.mean, abs=1e-4)
    for name in ("recipes.png", "recipes-variants.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_a_causal_model_stands_apart_in_both_directions(data, tmp_path):
    rows = recipes.compare([str(data / "left"), str(data / "two")], data, tmp_path, sample=60, most=20)
    apart = {row.who: row for row in rows if row.part == f"x{recipes.ONE}"}
    ways = [f"left, {direction}" for direction in recipes.DIRECTIONS]
    assert set(apart) == {*ways, f"{recipes.ONE_SIDED}, interpolated", f"{recipes.ONE_SIDED}, mixed"}
    assert {row.against for row in apart.values()} == {f"{recipes.ONE_SIDED}, interpolated"}
    assert not {row.who for row in rows if row.part == "x"} & {*apart}
    genome, model = open_genome(data / "genomes/yeast_S288C.fa.gz"), dnalect.load(data / "left")
    codes = encode(np.asarray(genome.contig("x")))
    chosen = np.sort(np.random.default_rng(0).choice(np.flatnonzero(codes < 4), 60, replace=False))
    for way, turned in zip(ways, (codes, reverse_complement(codes)), strict=True):
        at = chosen if turned is codes else len(codes) - 1 - chosen
        logs = Causal(model).every(turned, np.isin(np.arange(len(codes)), at))
        assert apart[way].value.mean == pytest.approx(-logs[at, turned[at]].mean() / np.log(2), abs=1e-5)
    assert abs(apart[ways[0]].value.mean - apart[ways[1]].value.mean) > 1e-4
    assert len([row for row in rows if row.part == recipes.RANKED and row.who == ways[0]]) == 1


def test_common_and_rare_are_matched_and_judged_by_the_log_ratio(data):
    genome = open_genome(data / "genomes/yeast_S288C.fa.gz")
    number = genome.index["y"]
    found = recipes._variants(genome, data / recipes.VARIANTS, [recipes.Region(number, 0, 800)], 100)
    types = found.sites.ref.astype(int) * 4 + found.alt
    assert sorted(types[found.common]) == sorted(types[~found.common])
    assert (encode(np.asarray(genome.contig("y")))[found.sites.position] == found.sites.ref).all()
    few = recipes._variants(genome, data / recipes.VARIANTS, [recipes.Region(number, 0, 800)], 3)
    assert int(few.common.sum()) <= 3
    assert auroc(found.common.astype(float), found.common) == 1


def test_models_of_other_splits_are_refused(data, tmp_path):
    with pytest.raises(ConfigError, match="other was|trained on other contigs"):
        recipes.compare([str(data / "one"), str(data / "other")], data, tmp_path)
    card = json.loads((data / "two" / "card.json").read_text())
    assert card["genomes"][0]["test"] == ["x", "y"]
