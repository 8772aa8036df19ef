"""dnalect models list, show, choose, verify."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from dnalect.cli.main import dnalect
from dnalect.core.errors import ModelError
from dnalect.core.figures import figures_of
from dnalect.jobs.models import describe
from dnalect.jobs.models_choose import judged
from dnalect.jobs.models_verify import verify
from dnalect.jobs.options import Wishes
from dnalect.models import worth as knows
from dnalect.models.catalogue import PUBLISHED, PublishedCard, embedded_cards
from models.folders import TINY, make

ROOT = Path(__file__).resolve().parents[2]


def run(*words, **more):
    done = CliRunner().invoke(dnalect, ["models", *words], **more)
    if isinstance(done.exception, ModelError):
        raise done.exception
    return done


def test_list_names_every_model():
    out = run("list").output
    first = [line.split()[0] for line in out.splitlines() if line]
    assert first[0] == "name"
    assert set(PUBLISHED) | {"duplex-yeast"} <= set(first)


def test_show_tells_size_licence_and_warnings():
    out = run("show", "nt-v2-50m").output
    for part in ("54,855,179", "0.22 GB", "12,282 bases", "warning: nt-v2-50m is licensed for non-commercial use only"):
        assert part in out
    assert "commercial use allowed" in run("show", "dnabert-2").output
    assert run("show", "zhihan1996/DNABERT-2-117M").output == run("show", "dnabert-2").output
    assert "no commit is known" in run("show", "dnabert-3").output
    assert "Saccharomyces" in run("show", "duplex-yeast").output
    with pytest.raises(ModelError, match="there is no model 'dnabert-9'"):
        run("show", "dnabert-9")


def test_show_reads_a_folder_with_a_card(tmp_path):
    from dnalect.models.load import load

    folder = make("dnabert", tmp_path / "m")
    with pytest.raises(ModelError, match="dnalect models verify"):
        run("show", str(folder))
    load(folder).save_pretrained(tmp_path / "own")
    assert "dnabert" in run("show", str(tmp_path / "own")).output


@pytest.mark.parametrize("goal", ["accuracy", "speed", "variants", "resources", "species"])
def test_every_goal_has_an_answer_that_names_no_chapter_and_no_recipe(goal):
    out = run("choose", "--goal", goal).output
    assert "Models that fit" in out
    assert "chapter" not in out
    assert "recipe" not in out
    assert ("What duplex-yeast was measured to know" in out) == (goal in ("accuracy", "variants"))


def test_human_variants_are_sent_where_they_are_judged_better():
    for species in ("human", "Homo sapiens"):
        out = run("choose", "--goal", "variants", "--species", species).output
        head, fit = out.split("Models that fit")
        asked = (("splice", "SpliceAI, Pangolin"), ("deleterious", "CADD, GPN-MSA"), ("chromatin", "AlphaGenome"))
        for question, tools in asked:
            assert tools in next(line for line in head.splitlines() if question in line)
        assert "none of the models here is good enough alone" in head
        assert "duplex-human, donors: AUROC" in head
        assert "yeast" not in head
        assert "Published checkpoints were not measured here" in head
        assert "->" not in fit
    out = run("choose", "--goal", "variants", "--species", "yeast").output
    assert "SpliceAI" not in out
    assert "  -> duplex-yeast" in out
    assert "Stop-gained, than synonymous: AUROC 0.9" in out


def first(**wishes) -> str:
    verdicts = judged(Wishes(**wishes))
    assert not verdicts[0].against
    return verdicts[0].candidate.name


def test_ours_weighs_licence_context_hardware_and_species():
    assert first(goals=("variants",), species="yeast") == "duplex-yeast"
    assert first(goals=("variants",), species="human") == "duplex-human"
    owned = [verdict for verdict in judged(Wishes(("variants",), "human", commercial=True)) if not verdict.against]
    assert not any(verdict.candidate.name.startswith("nt-") for verdict in owned)
    assert PUBLISHED[first(goals=("accuracy",), species="human", commercial=True)].commercial
    assert PUBLISHED[first(goals=("species",), context=10_000)].context_bases > 10_000
    small = PUBLISHED[first(goals=("accuracy",), species="mouse", memory=0.3)]
    assert small.parameters * 2.4e-9 <= 0.3
    assert all(verdict.against for verdict in judged(Wishes(context=2_000_000)))
    out = run("choose", "--context", "2000000").output
    assert "none reads more than 1,048,576 bases at once" in out
    assert "forbids commercial use" in run("choose", "--commercial").output


def test_choose_asks_in_a_terminal_only(monkeypatch):
    assert run("choose").exit_code == 2
    import dnalect.cli.models as command

    monkeypatch.setattr(command, "_terminal", lambda: True)
    monkeypatch.setattr(command, "_asked", lambda: Wishes(("speed",), commercial=True))
    assert "million parameters read each base" in run("choose").output


@pytest.mark.parametrize("name", TINY)
def test_verify_proves_a_folder(tmp_path, name):
    lines = list(verify(str(make(name, tmp_path / "safe")), write=True))
    other = make(name, tmp_path / "pickle", pickled=True)
    for known in (tmp_path / "safe").glob("known-answer*.json"):
        (other / known.name).write_bytes(known.read_bytes())
    again = list(verify(str(other)))
    assert lines[-2] == again[-2]
    assert lines[-2].startswith("weights digest: ")
    assert again[-1].startswith("known answer: ok")
    text = "\n".join(lines)
    for part in ("fit together", "none missing", "tokens of the gene of U6 RNA", "finite", "by chance"):
        assert part in text
    other = json.loads((tmp_path / "safe" / "config.json").read_text())
    assert {2, 3, 4} & {other.get(name) for name in ("num_hidden_layers", "num_layers", "n_layers", "n_layer")}


def test_verify_fails_with_the_fault(tmp_path, monkeypatch):
    folder = make("dnabert", tmp_path / "m")
    with pytest.raises(ModelError, match="dnabert-3 has 86,095,941 parameters, this folder"):
        run("verify", str(folder), "--as", "dnabert-3")
    with pytest.raises(ModelError, match="there is no published model 'x'"):
        run("verify", str(folder), "--as", "x")
    done = run("verify", str(folder))
    assert done.exit_code == 0
    assert done.output.startswith("ok  family: DNABERT;")


def test_a_published_card_is_plain_data():
    card = PublishedCard("n", "dnabert", 10, {}, "t", 5, 6, "s", 2020, "CC BY-NC-SA 4.0", "p", commercial=False)
    assert card.gigabytes(2) == 2e-8
    assert "non-commercial" in card.warnings[0]


def test_the_figures_shown_are_those_of_the_studies():
    shipped = (ROOT / "src/dnalect/models" / knows.FILE).read_bytes()
    assert shipped == (ROOT / "results/worth/head.tsv").read_bytes(), "copy results/worth/head.tsv over it"
    assert {each.figure.who for each in knows.known()} == {"duplex-yeast", "duplex-human"}
    splice = next(each for each in knows.known() if each.figure.task == "Splice sites")
    assert f"measured: Splice sites, {splice.told()}" in run("show", "duplex-human").output
    own, told = run("list").output.split("\n\n")[:2]
    assert max(map(len, [*own.splitlines(), *told.splitlines()])) <= 100
    newest = own.splitlines()[1 : 1 + len(embedded_cards())]
    assert [line.split()[0] for line in own.splitlines()[1:]][len(newest) :] == [
        "aligned-yeast",
        "duplex-human@2",
        "duplex-human@1",
        "duplex-yeast@2",
        "duplex-yeast@1",
    ]
    for line, card in zip(newest, embedded_cards(), strict=True):
        known = knows.headline(card.id)
        assert line.startswith(card.id)
        if not card.one_pass:  # for attention, not for scores
            assert line.split()[-2:] == ["-", "-"]
            continue
        assert f"{known.figure.value.mean:.2f} [" in line
        assert line.endswith(f"{known.rival.who} {known.rival.value.mean:.2f}")
    assert "duplex-human for Homo sapiens, duplex-yeast for Saccharomyces cerevisiae" in told
    assert knows.headline("dnabert-6") is None


def test_what_a_model_is_worst_at_is_that_of_the_bias_study():
    kept = (ROOT / "results" / "bias" / "duplex-yeast.tsv").read_text().splitlines()
    every = [each for each in figures_of(kept, "kept") if each.metric == "bits less than a Markov model"]
    worst = min((each for each in every if not each.part.endswith(": not")), key=lambda each: each.difference.mean)
    told = knows.worse_in("duplex-yeast")
    assert told[0].startswith(f"{worst.part}, \N{MINUS SIGN}{-worst.difference.mean:.2f} [")
    assert len(told) == 3
    assert {each.who for each in knows.weak()} == {"duplex-yeast", "duplex-human", "aligned-yeast"}
    assert knows.worse_in("dnabert-6") == []
    assert f"worse in: {told[0]}; {told[1]}" in describe("duplex-yeast")
    assert "worse in" not in describe("duplex-yeast@1")
