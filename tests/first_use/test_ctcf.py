"""The fine-tuned model that ships: it tells CTCF sites that it never saw, and knows which base of one matters."""

from pathlib import Path

import numpy as np
import pytest

import dnalect
from dnalect.core.reporter import DnalectWarning
from dnalect.models.catalogue import embedded, embedded_cards, names, tuned_cards
from dnalect.stats import auroc
from forked import dnalect as command

NAME, SITES = "attention-ctcf", str(Path(dnalect.__file__).parent / "demo_data/ctcf_sites.fa.gz")


def test_sites_of_ctcf_are_told_from_those_of_another_protein():
    done = command("predict", NAME, SITES, "-o", "-", text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    at = rows[0].index("label")
    predicted = np.array([float(row[at]) for row in rows[1:]])
    assert len(predicted) == 40
    assert auroc(predicted, np.array([row[0].startswith("CTCF") for row in rows[1:]])) == pytest.approx(0.78, abs=0.02)


def test_a_base_of_the_core_matters_and_the_same_base_beside_it_does_not():
    with pytest.warns(DnalectWarning, match="this reference is another one"):
        found = dnalect.explain(SITES, "CTCF_4:31-60", NAME, show="substitutions", nulls=False, progress=False)
    lowest = found.arrays["substitutions/effects"].min(axis=1)
    core, beside = 56 - 31, 37 - 31
    assert found.places[0].bases[core] == found.places[0].bases[beside] == "G"
    assert lowest[core] < -0.5
    assert lowest[beside] > -0.3


def test_it_is_found_by_its_name_and_is_no_language_model():
    (card,) = tuned_cards()
    assert card.id == NAME
    assert NAME in names()
    assert NAME not in {each.id for each in embedded_cards()}
    folder = embedded(NAME)
    assert folder is not None
    assert not (folder / "base").exists()  # attention-small ships by itself
    assert card.origin.name in {each.id for each in embedded_cards()}
    # Honest: words are better.
    assert card.figures["label AUROC"][0] < card.figures["label AUROC, words of 3-6"][0]
    listed = command("models", "list", text=True).stdout
    assert f"{NAME}: attention-small, fine-tuned" in listed
    assert "fine-tuned  lora, from attention-small" in command("models", "show", NAME, text=True).stdout
