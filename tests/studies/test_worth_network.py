"""The study of a network that reads relatives, on a small genome whose relatives are made up."""

import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import dnalect
from conftest import make_model
from dnalect.core.errors import ConfigError
from dnalect.genome.regions import Region
from dnalect.models.families.aligned import Aligned
from dnalect.stats import draws
from dnalect.tokens.bases import encode
from models.aligning import make_aligned, network
from planted import LENGTHS, Planted
from studies.motifs import sites
from studies.motifs.sites import PEAKS
from studies.worth import network_variants, promoter_bases, strains
from studies.worth.bench import Options
from studies.worth.coding_bases import Genes
from studies.worth.network import COLUMN, LLR, MOTIFS, NETWORK, SUM, WEIGHED, WEIGHTS, Networked, _weighed, run
from studies.worth.reporter import EFFECTS
from studies.worth.species import YEAST

SIZES = {"relatives": ("CBS432", "N44", "Sarb"), "width": 8, "join": "concat", "dilations": (1, 2, 4)}
MEME = "MEME version 4\n\nMOTIF f FAC\nletter-probability matrix: alength= 4 w= 6\n"


def trusting(folder: Path) -> Aligned:
    """A network that adds to its duplex what a vote of the relatives at the base says."""
    made = network(**SIZES)
    made.trunk.load_state_dict(dnalect.load(folder).network.state_dict())
    with torch.no_grad():
        for parameter in (*made.join.parameters(), *made.between.parameters(), *made.logits.parameters()):
            parameter.zero_()
        made.site_embedding.weight.zero_()
        for number in range(3):
            for base in range(4):
                made.site_embedding.weight[number * 5 + base + 1, base] = 2.0
        for base in range(4):
            made.logits.weight[base, base] = 0.4
    return made


class Bound(Planted):
    """With a word between genes, which a factor binds at every sixth place."""

    def _write(self) -> None:
        for name, bases in self.bases.items():
            for at in self.places(name):
                bases[at : at + 6] = list("ATATAT")
        super()._write()
        for file in (MOTIFS, PEAKS):
            (self.folder / file).parent.mkdir(exist_ok=True)
        with gzip.open(self.folder / MOTIFS, "wt") as out:
            out.write(MEME + "\n".join(["0.85 0.05 0.05 0.05", "0.05 0.05 0.05 0.85"] * 3) + "\n")
        with gzip.open(self.folder / PEAKS, "wt") as out:
            for name in LENGTHS:
                out.writelines(f"{name}\t{at + 3}\t{at + 4}\tfac\t1\t.\n" for at in self.places(name)[::6])

    @staticmethod
    def places(name: str) -> range:
        return range(920, LENGTHS[name] - 900, 700)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return Bound(tmp_path_factory.mktemp("data")).folder


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("models")
    duplex = make_model(folder / "duplex")
    card = {"training": {"init": f"{duplex} sha"}}
    return duplex, make_aligned(folder / "beside", trusting(duplex), **card)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(promoter_bases, "CONTIGS", tuple(LENGTHS))
    monkeypatch.setattr(strains, "DRAWN", 2000)
    monkeypatch.setattr(draws, "RESAMPLES", 100)
    monkeypatch.setattr(sites, "FEWEST", 2)


def test_what_the_relatives_add_is_measured_beside_what_it_is_made_of(data, models):
    found = run(Options(data, str(models[1]), command="c"))
    rows = {(row.who, row.metric, row.part): row for row in found.rows if row.who != "beside"}
    own = [row for row in found.rows if row.who == "beside"]
    told = {(row.metric, row.part, row.against): row for row in own}
    saved = "2 less the bits per base"
    # Relatives have the base seven times in nine: whoever reads them saves much, whoever doesn't nothing.
    assert rows["relatives", saved, "all"].value.mean > 0.8
    assert told[saved, "all", LLR].value.mean > 0.4
    assert told[saved, "all", LLR].difference.low > 0.5
    assert rows[LLR, saved, "all"].value.mean < 0.1
    assert {row.against for row in own} >= {SUM, WEIGHED, COLUMN, LLR, "Markov log-ratio"}
    parts = {row.part for row in found.rows}
    assert {"synonymous over missense", "natural over random, ALT in no relative"} <= parts
    assert any(part.startswith("bound over unbound motifs of 1 factors") for part in parts)
    assert not any(row.seen for row in found.rows)
    assert "beside reads CBS432, N44, Sarb" in found.notes[0]


def test_answers_are_the_networks_own_and_normalised(data, models):
    studied = Networked(Options(data, str(models[1])))
    region = Region(0, 0, 24_000)
    answers = studied.answers(region)
    for each in answers.values():
        assert np.exp(each).sum(1) == pytest.approx(1, abs=1e-2)
    assert {*answers} == {NETWORK, SUM, WEIGHED, COLUMN, LLR, "Markov log-ratio"}
    plain = studied.bench.read(region).model
    bases = studied.related.columns.alignment.only(SIZES["relatives"]).bases(0)
    # What the network adds is a vote: gelu(2 n) and its double pass, from both strands.
    nobody = np.flatnonzero((bases == 4).all(0))[:50]
    assert answers[NETWORK][nobody] == pytest.approx(plain[nobody], abs=2e-2)
    three = np.flatnonzero((bases == bases[0]).all(0) & (bases[0] < 4))[:50]
    gained = (answers[NETWORK] - plain)[three, bases[0, three]]
    assert (gained > 0.2).mean() > 0.9
    genes = Genes(studied.bench, YEAST)
    assert genes.of(region)


def test_the_weight_of_a_chromosome_comes_from_the_others():
    rng = np.random.default_rng(0)
    contig = np.repeat([0, 1], 400)
    positive = rng.random(800) < 0.5
    llr, column = rng.normal(size=800), positive + rng.normal(size=800)
    found = _weighed(llr, column, positive, contig)
    assert np.isin(np.round((found - column) / llr, 6), np.round(WEIGHTS, 6)).all()
    assert np.allclose(found, column + 0.1 * llr, atol=0.5)
    assert np.array_equal(_weighed(llr[:400], column[:400], positive[:400], contig[:400]), (llr + column)[:400])


def test_another_model_is_refused(data, models, tmp_path):
    with pytest.raises(ConfigError, match="reads no relatives beside a duplex"):
        run(Options(data, str(models[0])))
    with pytest.raises(ConfigError, match="reads no relatives beside a duplex"):
        run(Options(data, str(make_aligned(tmp_path / "it"))))


def effects(studied: Networked, folder: Path) -> None:
    """An assay: of each base the variants with the larger log-ratios of the network are the significant ones."""
    columns = "chr pos ref alt logFC adj.P.Val library RMDerived distFromGene nucleosomeScore MAF"
    genome, lines = studied.bench.genome, ["\t".join(columns.split())]
    places = np.arange(200, 20_000, 60)
    ref = encode(genome.fetch(0, 0, 24_000))[places]
    logs = studied.log_probs(Region(0, 0, 24_000))[places]
    for base in range(4):
        here = ref == base
        alt = (base + 1) % 4
        ratios = np.abs(logs[here, alt] - logs[here, base])
        large = ratios > np.median(ratios)
        for place, yes in zip(places[here].tolist(), large.tolist(), strict=True):
            told = f"chrI\t{place + 1}\t{'ACGT'[base]}\t{'ACGT'[alt]}\t1"
            lines.append(f"{told}\t{0.01 if yes else 0.5}\tTSS\tTrue\t1\t\t0.1")
    (folder / EFFECTS).parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / EFFECTS, "wt") as out:
        out.write("\n".join(lines) + "\n")


def test_promoter_variants_are_asked_where_nobody_learned_from_them(data, models, monkeypatch):
    for module in (promoter_bases, network_variants):
        monkeypatch.setattr(module, "CONTIGS", tuple(LENGTHS))
    options = Options(data, str(models[1]))
    studied = Networked(options)
    effects(studied, data)
    found = network_variants.run(options)
    assert not any(row.seen for row in found.rows)
    assert "beside and duplex inside it, on chr" in found.notes[0]
    rows = {(row.who, row.part): row for row in found.rows}
    part = "reporter: significant over others, sizes of the scores, within the type"
    assert rows["beside", part].value.mean > 0.97
    assert rows[LLR, part].value.mean < 0.8
    assert ("beside", "common over singletons, REF to ALT, within the type") in rows


def test_what_was_seen_is_asked_on_request_alone_and_marked(data, models, tmp_path, monkeypatch):
    for module in (promoter_bases, network_variants):
        monkeypatch.setattr(module, "CONTIGS", tuple(LENGTHS))
    card = json.loads((models[1] / "card.json").read_text())
    shutil.copytree(models[1], tmp_path / "beside")
    genome = {"name": "yeast", "contigs": LENGTHS, "train": [*LENGTHS]}
    (tmp_path / "beside" / "card.json").write_text(json.dumps(card | {"genomes": [genome]}))
    options = Options(data, str(tmp_path / "beside"))
    with pytest.raises(ConfigError, match="beside saw all that duplex did not"):
        network_variants.run(options)
    found = network_variants.run(replace(options, allow_seen=True)).rows
    assert all(row.seen for row in found)


def test_the_duplex_inside_may_be_a_fold(data, models, tmp_path):
    duplex, folder = models
    (tmp_path / "folds").mkdir()
    shutil.copytree(duplex, tmp_path / "folds" / "one")
    shutil.copytree(folder, tmp_path / "beside")
    card = json.loads((tmp_path / "beside" / "card.json").read_text())
    card["training"]["init"] = f"{duplex.name} sha"
    (tmp_path / "beside" / "card.json").write_text(json.dumps(card))
    options = Options(data=data, model=str(tmp_path / "beside"), folds=tmp_path / "folds")
    assert Networked(options).bench.options.model == str(tmp_path / "folds" / "one")
