"""What `dnalect score` is asked for."""

from collections.abc import Sequence
from typing import Annotated, Any

from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.core.engines import Engine, RayAddress, Workers, check_engine
from dnalect.core.errors import ConfigError
from dnalect.core.flags import (
    ARGUMENT,
    MODEL,
    OUTPUT,
    STRANDS,
    Batch,
    Command,
    Device,
    Flag,
    Named,
    Natural,
    Positive,
    Precision,
    Rename,
    Texts,
    Threads,
)
from dnalect.core.shards import Shard, shard_of

# What becomes of the bins of a track.
REDUCTIONS = ("sum", "log", "max", "l2", "centre")
# What can be computed of a variant, in the order of the columns.
SCORES = ("llr", "junction", "splice", "distance", "influence", "column", "change")


@config
class Options:
    """How to score, and what. scores: their names, a tuple of them or one text with commas."""

    reference: Annotated[Any, ARGUMENT, Doc("Genome (FASTA).")]
    variants: Annotated[Any, ARGUMENT, Doc("VCF, TSV or BED; - for stdin.")]
    outputs: Annotated[
        Texts,
        OUTPUT,
        Doc(
            "out.vcf, .vcf.gz, .tsv, .parquet, a track (.bw, .bed, .bedgraph) or - (stdout, the default); "
            "may be repeated."
        ),
    ] = ()
    model: Annotated[
        Named,
        MODEL,
        Doc(
            "Model or model folder; several, with commas between them, are an ensemble: the mean of their scores "
            "(write a comma of a name as \\,). Chosen by the reference's contig lengths if not given."
        ),
    ] = None
    scores: Annotated[
        Any,
        Flag("--score", metavar="llr|junction|splice|distance|influence|column|change|llr,junction|..."),
        Doc(
            "llr: log-likelihood ratio. junction: of structural variants of any size, how well what they join fits "
            "together. splice: of a model of splice sites (SpliceAI ...), what they gain and lose. "
            "distance: how far apart the model places the two haplotypes. influence: what "
            "the variant changes in the predictions around it. column: what the bases of relatives say (with "
            "--alignment), and that together with llr. change: of a fine-tuned model or one of tracks, what it "
            "predicts of the alternate less that of the reference. "
            "[default: llr; llr,change with a fine-tuned model; splice with a model of splice sites; change with one "
            "of other tracks; column, too, with --alignment]"
        ),
    ] = None
    report: Annotated[str | None, Doc("Write an HTML report here.")] = None
    multiqc: Annotated[str | None, Doc("Write MultiQC custom content here (..._mqc.json).")] = None
    annotate: Annotated[
        str | None,
        Flag(metavar="GFF3|GTF"),
        Doc(
            "Add gene, region, consequence (missense, splice donor ...) and distance to the nearest TSS. With --score "
            "splice the genes that are scored; SpliceAI's own table of genes will do, too."
        ),
    ] = None
    elements: Annotated[
        str | None,
        Flag(metavar="BED"),
        Doc(
            "Name the elements of this file, beside the genes of --annotate, that structural variants lose, gain, "
            "invert, cut or fuse (with --score junction)."
        ),
    ] = None
    motifs: Annotated[
        str | None,
        Flag(metavar="MEME"),
        Doc(
            "Add the motif whose best match changes most, with its bits; a file in MEME's format, e.g. of HOCOMOCO, or "
            "jaspar:fungi, jaspar:vertebrates ... (with pyjaspar)."
        ),
    ] = None
    alignment: Annotated[
        str | None,
        Flag(metavar="FOLDER|MAF"),
        Doc(
            "Genomes of relatives laid on the reference: a MAF, or a folder of FASTA with one file a relative. Adds "
            "the score column; a model that reads relatives takes them for its llr."
        ),
    ] = None
    rename: Rename = None
    assembly: Annotated[
        str | None,
        Flag(metavar="NAME"),
        Doc("What the reference is a part of, e.g. hg38, where its contigs are parts of chromosomes: 20:1-2000000."),
    ] = None
    force_reference: Annotated[
        bool, Doc("Score even where the variants contradict the reference; the outputs say so.")
    ] = False
    dup_as_tandem: Annotated[bool, Doc("Take <DUP> and <CN2>, <CN3> ... for copies right behind the original.")] = False
    window: Annotated[
        Positive | None,
        Doc(
            "Bases of the window of an indel, of a junction, of distances and influences, and of a predicted change "
            "[default: the model's]."
        ),
    ] = None
    shifts: Annotated[
        Positive, Doc("Predicted change: the mean over an odd number of windows, 5 bases from one to the next.")
    ] = 1
    splice_distance: Annotated[
        Positive, Doc("Splice scores: bases on each side of POS that are searched, up to 5,000.")
    ] = 50
    splice_mask: Annotated[
        bool, Doc("Splice scores: gains at annotated sites and losses at others count 0 (with --annotate).")
    ] = False
    tracks: Annotated[
        Texts,
        Flag("--track", metavar="TRACK"),
        Doc("Model of tracks: which of them are scored; may be repeated [default: all, of up to 16]."),
    ] = ()
    reduce: Annotated[
        Annotated[str, OneOf(tuple(REDUCTIONS))] | None,
        Doc("Model of tracks: what becomes of the bins, over all of them or around the variant [default: log]."),
    ] = None
    strands: Annotated[
        Annotated[str, OneOf(("forward", "reverse", "both"), STRANDS)] | None,
        Doc("Predicted change: strands that the model reads [default: as it was trained]."),
    ] = None
    batch: Annotated[
        Batch | None,
        Flag("--batch-size"),
        Doc("Most windows in a batch; changes no number but by rounding [default: as many as have 16,384 tokens]."),
    ] = None
    indels: Annotated[
        str,
        OneOf(("fast", "exact")),
        Doc(
            "Insertions and deletions of masked models: fast hides the bases around them together (4 passes, 24 of "
            "6-mers side by side), exact one by one and more of them (some 200 passes)."
        ),
    ] = "fast"
    background: Annotated[
        Natural | None,
        Doc(
            "Background SNVs for percentiles; 0: no percentiles [default: what came with the model, else as many as "
            "cost at most twice the scoring]."
        ),
    ] = None
    background_others: Annotated[
        Natural | None,
        Doc(
            "Background variants of every other class and range of lengths; 0: percentiles of SNVs alone [default: as "
            "--background; none for masked models]."
        ),
    ] = None
    seed: Annotated[int, Doc("Seed of the background.")] = 1
    precomputed: Annotated[
        str | None,
        Flag(metavar="FOLDER"),
        Doc("Look SNVs up in OUT.parquet of `dnalect scan`, made with the same model and reference."),
    ] = None
    species: Annotated[
        str,
        Doc("Of SpeciesLM: the species whose name it reads before each sequence (MODEL:SPECIES says the same)."),
    ] = ""
    device: Device = "auto"
    dtype: Precision = "float32"
    threads: Threads = None
    shard: Shard = None
    engine: Engine = None
    workers: Workers = None
    ray_address: RayAddress = None
    provenance: Annotated[
        bool,
        Flag("--no-provenance"),
        Doc("Leave version, command and checksums out, for reproducible bytes."),
    ] = True
    command: Command = ""

    def __post_init__(self) -> None:
        if self.scores is not None:
            named = scores_of(self.scores) if isinstance(self.scores, str) else known_scores(self.scores)
            object.__setattr__(self, "scores", named)
        shard_of(self.shard)
        check_engine(self)


def scores_of(text: str) -> tuple[str, ...]:
    """Return the scores that a list with commas names. ConfigError for another name, or none."""
    return known_scores([part.strip() for part in text.split(",") if part.strip()])


def known_scores(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, each once, in the order of SCORES. ConfigError for another name, or none."""
    if unknown := [name for name in names if name not in SCORES]:
        raise ConfigError(f"there is no score {unknown[0]!r}; known: {', '.join(SCORES)}")
    if not names:
        raise ConfigError(f"name a score: {', '.join(SCORES)}, or several with commas between them")
    return tuple(name for name in SCORES if name in names)
