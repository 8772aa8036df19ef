"""The published Nucleotide Transformer checkpoints (Dalla-Torre 2024)."""

from dnalect.models.published import PublishedCard

_PAPER = "Dalla-Torre et al. 2025, Nature Methods 22, doi:10.1038/s41592-024-02523-z"
_LICENCE = "CC BY-NC-SA 4.0"
_500M = {"version": 1, "vocabulary": 4105, "width": 1280, "layers": 24, "heads": 20, "hidden": 5120, "longest": 1000}
_2B5 = {"version": 1, "vocabulary": 4105, "width": 2560, "layers": 32, "heads": 20, "hidden": 10240, "longest": 1000}
_HUMAN = "3,202 genomes of Homo sapiens (1000 Genomes)"
_SPECIES = "850 species, no plants and no viruses"


def _v1(
    name: str, hub: str, parameters: int, sizes: dict[str, int], species: str, revision: str = "main"
) -> PublishedCard:
    many = species == _SPECIES
    return PublishedCard(
        name=name,
        family="nucleotide_transformer",
        hub=f"InstaDeepAI/nucleotide-transformer-{hub}",
        revision=revision,
        parameters=parameters,
        sizes=sizes,
        tokenizer="6-mers side by side",
        context_tokens=1000,
        context_bases=5994,
        species=species,
        many_species=many,
        assembly="" if many else "GRCh38",
        year=2023,
        licence=_LICENCE,
        commercial=False,
        paper=_PAPER,
        notes=("an N shortens the context: it is a token of its own",),
    )


def _v2(size: str, parameters: int, layers: int, width: int, hidden: int, revision: str) -> PublishedCard:
    return PublishedCard(
        name=f"nt-v2-{size}",
        family="nucleotide_transformer",
        hub=f"InstaDeepAI/nucleotide-transformer-v2-{size}-multi-species",
        revision=revision,
        parameters=parameters,
        sizes={"version": 2, "vocabulary": 4107, "heads": 16, "longest": 2048}
        | {"width": width, "layers": layers, "hidden": hidden},
        tokenizer="6-mers side by side",
        context_tokens=2048,
        context_bases=12282,
        species=_SPECIES,
        many_species=True,
        year=2023,
        licence=_LICENCE,
        commercial=False,
        paper=_PAPER,
        notes=("an N shortens the context: it is a token of its own",),
    )


CARDS = (
    _v1("nt-500m-human-ref", "500m-human-ref", 485_698_825, _500M, "Homo sapiens"),
    _v1("nt-500m-1000g", "500m-1000g", 485_698_825, _500M, _HUMAN),
    _v1("nt-2.5b-1000g", "2.5b-1000g", 2_547_800_585, _2B5, _HUMAN),
    _v1(
        "nt-2.5b-multi-species",
        "2.5b-multi-species",
        2_547_800_585,
        _2B5,
        _SPECIES,
        "b746b125aacd1b0970c05a32fd71ba726754542e",
    ),
    _v2("50m", 54_855_179, 12, 512, 2048, "81b29e5786726d891dbf929404ef20adca5b36f1"),
    _v2("100m", 96_839_179, 22, 512, 2048, "f34324c6fde36a4f635f0f1f06cac5d25acd6798"),
    _v2("250m", 233_545_995, 24, 768, 3072, "c0f0359229f36ff6bc3a021247eefe0a9c344bd1"),
    _v2("500m", 496_245_771, 29, 1024, 4096, "06615c1660c892fc199840c18123f8385b3542a8"),
)
