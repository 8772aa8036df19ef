"""Pretraining and fine-tuning as somebody meets them who has a genome or labels, and no config."""

from pathlib import Path

import numpy as np
import pytest

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.reporter import Reporter, using
from dnalect.genome.fasta import open_genome
from dnalect.jobs.options import PretrainOptions
from dnalect.jobs.pretrain import init_config, pretrain
from dnalect.training.config import read_config
from dnalect.training.shipped import recipe_path, shipped
from dnalect.training.starting import held_out, starting_toml

ROOT = Path(__file__).parents[2]


def fasta(path, lengths):
    rng = np.random.default_rng(0)
    path.write_text("".join(f">{name}\n{''.join(rng.choice(list('ACGT'), n))}\n" for name, n in lengths.items()))
    return path


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    return fasta(tmp_path_factory.mktemp("genome") / "mine.fa", {"c1": 60_000})


def test_a_genome_is_all_that_is_needed(genome, tmp_path, monkeypatch):
    monkeypatch.setattr("dnalect.jobs.pretrain_plan.VALIDATION_BASES", 1)
    out, said = tmp_path / "my-model", []
    with using(Reporter(say=said.append)):
        pretrain(PretrainOptions(genome, out, steps=2))
    assert said[0] == "held out are the last 6,000 bases of c1, one half to validate on, the other to test on"
    assert "learn from 54,000 bases of mine, 3,000 to validate on; 2 steps of 8 windows" in said[1]
    (told,) = dnalect.load(out).card.genomes
    assert (told.train, told.validate, told.test) == (["c1:1-54000"], ["c1:54001-57000"], ["c1:57001-60000"])
    again = read_config(out / "config.toml")
    assert (again.optim.steps, again.data.genomes[0].fasta) == (2, "mine.fa")
    before = (out / "card.json").read_bytes()
    with using(Reporter(say=said.append)):
        pretrain(PretrainOptions(genome, out, steps=2))
    assert "is finished" in said[-1]
    assert (out / "card.json").read_bytes() == before


@pytest.mark.parametrize(
    ("lengths", "validate", "test"),
    [
        ({f"c{n}": size for n, size in enumerate((400, 70, 75, 60, 395), 1)}, ("c3",), ("c2",)),
        ({"a": 1000}, ("a:900001-950000",), ("a:950001-1000000",)),
        ({"a": 500, "b": 500}, ("a:400001-450000",), ("a:450001-500000",)),
        ({f"s{n:03}": 10 for n in range(100)}, ("s009", "s029", "s049", "s069", "s089"), None),
    ],
)
def test_what_is_held_out(tmp_path, lengths, validate, test):
    class Fake:
        path = Path("x.fa")
        names = (*lengths, "tiny")
        lengths_ = [1000 * n for n in lengths.values()] + [900]

    Fake.lengths = np.array(Fake.lengths_)
    split = held_out(Fake)
    assert split.validate == validate
    assert test is None or split.test == test
    assert not {*split.train} & {*split.validate, *split.test}
    assert "tiny" not in split.train
    assert "1 contigs shorter" in split.told


def test_a_genome_that_is_too_small_says_how_much_is_needed(tmp_path):
    with pytest.raises(ConfigError, match="needs 40,960"):
        held_out(open_genome(fasta(tmp_path / "s.fa", {"a": 3000})))


def test_the_written_config_is_read_back_and_explains_every_key(genome, tmp_path):
    for text in (starting_toml(), init_config(genome, 50)):
        (tmp_path / "x.toml").write_text(text)
        config = read_config(tmp_path / "x.toml")
        for key in ("learning_rate", "soft_mask_weight", "dilations", "full_lengths", "init", "seed", "licence"):
            assert f"{key} = " in text
        uncommented = [line[2:] if line.startswith("# ") and " = " in line[:24] else line for line in text.splitlines()]
        (tmp_path / "y.toml").write_text("\n".join(uncommented))
        assert read_config(tmp_path / "y.toml") == config
    assert config.optim.steps == 50


def test_every_recipe_has_a_name_and_is_valid():
    found = shipped()
    assert {"duplex-yeast", "duplex-human", "dnabert-small"} <= set(found)
    for name in found:
        assert read_config(recipe_path(name)).name in (name, f"duplex-yeast-{name}", f"duplex-{name}")
    with pytest.raises(ConfigError, match="Did you mean duplex-yeast"):
        recipe_path("duplex-yaest")


def test_a_recipe_without_its_data_or_its_first_stage_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"Saccharomyces cerevisiae S288C.*does not exist; --data names the folder"):
        pretrain(PretrainOptions("duplex-yeast", tmp_path / "out", tmp_path))
    lengths = dict.fromkeys([f"chr{n}" for n in "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI".split()], 9_000)
    (tmp_path / "genomes").mkdir()
    fasta(tmp_path / "genomes" / "yeast_S288C.fa.gz", lengths)
    with pytest.raises(ConfigError, match=r"made by `dnalect pretrain duplex-yeast-first --data DATA -o runs/"):
        pretrain(PretrainOptions("duplex-yeast", tmp_path / "out", tmp_path))
    assert not (tmp_path / "out").exists()
    pretrain(PretrainOptions("duplex-yeast-first", tmp_path / "out", tmp_path, dry_run=True))
    assert not (tmp_path / "out").exists()


def documented():
    """Commands `dnalect pretrain ...` of README and docs."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    lines = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    return sorted({line.strip() for line in lines if line.strip().startswith("dnalect pretrain ")})


@pytest.mark.parametrize("line", documented())
def test_documented_commands_name_what_is_there(line, genome, monkeypatch):
    import shlex

    from click.testing import CliRunner

    called = {}
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("dnalect.jobs.pretrain.pretrain", lambda options: called.update(source=options.source))
    words = shlex.split(line.split(">")[0])[1:]
    made_before = ("my.toml", "genome.fa")
    done = CliRunner().invoke(command, [str(genome) if word == "genome.fa" else word for word in words])
    assert done.exit_code == 0, done.output
    if called and words[1] not in made_before:
        assert read_config(recipe_path(called["source"])).name
