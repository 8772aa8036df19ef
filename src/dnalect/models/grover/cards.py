"""The published GROVER checkpoint (Sanabria 2024)."""

from dnalect.models.published import PublishedCard

CARDS = (
    PublishedCard(
        name="grover",
        family="grover",
        hub="PoetschLab/GROVER",
        revision="6b223110f0d6963e849f55bc2a2f3cff0e38c7a4",
        parameters=86_511_201,
        sizes={"vocabulary": 609},
        tokenizer="byte pairs, 600 merges",
        context_tokens=512,
        context_bases=2100,
        species="Homo sapiens",
        assembly="GRCh37",
        year=2024,
        licence="not known here: see the hub's page",
        commercial=None,
        paper="Sanabria et al. 2024, Nature Machine Intelligence 6, doi:10.1038/s42256-024-00872-0",
        notes=(
            "tokens hold 1 to 16 bases, about 4: the context in bases depends on the sequence",
            "its tokens are unsteady at the ends of a sequence: give 100 bases on either side",
        ),
    ),
)
