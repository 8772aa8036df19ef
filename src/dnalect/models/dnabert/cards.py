"""The published DNABERT checkpoints (Ji 2021)."""

from dnalect.models.published import PublishedCard

_PAPER = "Ji et al. 2021, Bioinformatics 37(15), doi:10.1093/bioinformatics/btab083"
_PARAMETERS = {3: 86_095_941, 4: 86_243_589, 5: 86_834_181, 6: 89_196_549}
_REVISIONS = {6: "55e0c0eb7b734c8b9b77bc083bf89eb6fbda1341"}


def _card(k: int) -> PublishedCard:
    return PublishedCard(
        name=f"dnabert-{k}",
        family="dnabert",
        hub=f"zhihan1996/DNA_bert_{k}",
        revision=_REVISIONS.get(k, "main"),
        parameters=_PARAMETERS[k],
        sizes={"vocabulary": 4**k + 5},
        tokenizer=f"overlapping {k}-mers",
        context_tokens=512,
        context_bases=510 + k - 1,
        species="Homo sapiens",
        assembly="GRCh38",
        year=2021,
        licence="Apache-2.0 (of the code)",
        paper=_PAPER,
        notes=(f"every base is in {k} tokens: hiding it takes {k} masks",),
    )


CARDS = tuple(map(_card, _PARAMETERS))
