"""What `dnalect map` is asked for."""

from dataclasses import field
from typing import Annotated

from annotated_types import Ge
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.core.errors import ConfigError
from dnalect.core.flags import OUTPUT, STRANDS, Flag, Natural, NotNegative, Positive, Texts
from dnalect.jobs.embed.options import PER_BASE, Windows

RIVALS = ("words", "untrained", "gc")


@config
class Options(Windows):
    """What to draw, and how."""

    source: Annotated[
        str,
        Flag(argument=True, metavar="INPUT"),
        Doc("FASTA, BED or table; or vectors that dnalect embed wrote (.h5ad, .parquet, .npz)."),
    ] = field(kw_only=True)
    outputs: Annotated[
        Texts, OUTPUT, Doc("map.html (interactive), map.png, map.svg, map.h5ad (AnnData); may be repeated.")
    ] = field(kw_only=True)
    annotate: Annotated[str | None, Flag(metavar="GFF"), Doc("Colour by what lies in the middle of each window.")] = (
        None
    )
    colours: Annotated[
        Texts,
        Flag("--colour", "--color", metavar="COLUMN"),
        Doc("Label that colours the dots and is tested; repeatable [default: region with --annotate, else the first]."),
    ] = ()
    method: Annotated[
        Annotated[str, OneOf(("umap", "tsne", "pca"))] | None,
        Doc("Beside PCA [default: tsne of up to 2,000 windows, umap of more where umap-learn is installed]."),
    ] = None
    clusters: Annotated[
        Annotated[str, OneOf(("leiden", "kmeans", "none"))] | None,
        Doc("leiden needs igraph; kmeans is scikit-learn's [default: leiden where igraph is installed, else none]."),
    ] = None
    resolution: Annotated[NotNegative, Doc("Of leiden: higher makes more clusters.")] = 1.0
    count: Annotated[Annotated[int, Ge(2)], Flag("--clusters-count"), Doc("Clusters of kmeans.")] = 10
    rivals: Annotated[
        Texts, Flag("--rival", metavar="words|untrained|gc"), Doc("Drawn and tested beside the model; repeatable.")
    ] = ("words", "untrained")
    sample: Annotated[Positive, Doc("Most windows; of more, so many at random.")] = 5_000
    neighbours: Annotated[Positive, Doc("Neighbours of a window: for clusters and purity.")] = 15
    apart: Annotated[Natural, Doc("Neighbours nearer than this on one contig don't count for purity.")] = 10_000
    permutations: Annotated[Natural, Doc("Of the labels, for what chance gives.")] = 499
    seed: Natural = 1
    strands: Annotated[str, OneOf(("forward", "both"), STRANDS), Doc("both: the mean with the reverse complement.")] = (
        "both"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pool == PER_BASE:
            raise ConfigError("a map has a dot a window: choose another --pool than base")
        if unknown := set(self.rivals) - {*RIVALS, "none"}:
            raise ConfigError(f"there is no rival {min(unknown)!r}: give some of {', '.join(RIVALS)}, or none")
