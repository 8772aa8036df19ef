"""The published DNABERT-2 checkpoint (Zhou 2023)."""

from dnalect.models.published import PublishedCard

CARDS = (
    PublishedCard(
        name="dnabert-2",
        family="dnabert2",
        hub="zhihan1996/DNABERT-2-117M",
        revision="7bce263b15377fc15361f52cfab88f8b586abda0",
        parameters=117_074_176,
        sizes={},
        tokenizer="byte pairs, 4,096 words",
        context_tokens=512,
        context_bases=2500,
        species="135 species, Homo sapiens among them",
        many_species=True,
        assembly="GRCh38",
        year=2023,
        licence="Apache-2.0 (of the code)",
        paper="Zhou et al. 2024, ICLR, arXiv:2306.15006",
        notes=(
            "tokens hold 1 to many bases, about 5: the context in bases depends on the sequence",
            "it reads longer texts than 512 tokens, which it was not made for",
        ),
    ),
)
