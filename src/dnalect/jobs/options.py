"""What the small jobs are asked for; larger ones have their options beside them."""

from dataclasses import field
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Interval, Len
from pydantic import Strict
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.core.errors import ConfigError
from dnalect.core.flags import (
    ARGUMENT,
    MODEL,
    OUTPUT,
    REFERENCE,
    Device,
    Dtype,
    File,
    Flag,
    Named,
    Natural,
    NotNegative,
    Positive,
    Rename,
    Texts,
    Threads,
)

GOALS = {
    "accuracy": "the greatest accuracy",
    "speed": "speed and efficiency",
    "variants": "non-coding variants",
    "resources": "little hardware",
    "species": "several species",
}
REGIONS = Flag("--regions", metavar="REGION|BED")
PLACES = "contig, contig:start-end (1-based, ends inside), or a BED file; repeatable"
Size = Annotated[int, Interval(ge=9, le=1 << 20)]
Fastas = Annotated[Texts, Len(1), Flag(argument=True, metavar="FASTA...")]
Regions = Annotated[Texts, REGIONS, Doc(f"Only these bases: {PLACES}.")]


@config
class TokenizeOptions:
    """What to tokenize, and how."""

    inputs: Annotated[
        Texts,
        Flag(argument=True, metavar="SEQUENCE|FASTA|-..."),
        Doc("Sequences, FASTA files, or - for standard input (FASTA, or a sequence a line)."),
    ]
    tokenizer: Annotated[
        Any,
        Flag("-t", "--tokenizer", metavar="NAME|FILE"),
        Doc(
            "dnabert-3 to -6, nt-v1, nt-v2, logo-3 to -6, single; or a tokenizer.json, a vocab.txt, or a folder with "
            "one [default: dnabert-6]."
        ),
    ] = None
    model: Annotated[
        str | None,
        Flag("-m", "--model", metavar="NAME|FOLDER"),
        Doc("Read as this model does: dnabert-2, grover, duplex-yeast ..., OWNER/NAME on the hub, or a folder."),
    ] = None
    output: Annotated[str, OUTPUT, Doc("TSV to write, - for standard output.")] = "-"
    regions: Annotated[Texts, REGIONS, Doc(f"Only these bases of the FASTA: {PLACES}.")] = ()
    special: Annotated[bool, Doc("List the special tokens of the model too.")] = False

    def __post_init__(self) -> None:
        if self.tokenizer and self.model:
            raise ConfigError("--tokenizer and --model both say how to read; give one")


@config
class LikelihoodOptions:
    """Which model to measure, and on what."""

    name: Annotated[Named, MODEL, Doc("Any model: a name, a folder, OWNER/NAME.")] = "duplex-yeast"
    reference: Annotated[Any, REFERENCE, Doc("FASTA of the genome.")] = field(kw_only=True)
    regions: Annotated[
        Texts,
        REGIONS,
        Doc(
            f"Measure on these bases: {PLACES} [default: the test regions of the model's card; of another genome all "
            "of it, or 2 Mb spread over it]."
        ),
    ] = ()
    output: Annotated[File | None, OUTPUT, Doc("Also write all rows here (TSV).")] = None
    all_rivals: Annotated[bool, Doc("Print all rows: Markov models of every order, kind and region.")] = False
    markov: Annotated[bool, Flag("--markov/--no-markov"), Doc("Fit the Markov rivals too.")] = True
    annotate: Annotated[str | None, Doc("GFF or GTF: figures for coding, intergenic and promoter bases too.")] = None
    tss: Annotated[
        str | None, Doc("BED of transcripts with measured starts, for the promoters [default: the GFF's genes].")
    ] = None
    sample: Annotated[
        Annotated[int, Ge(100)] | None, Doc("Random bases for all [default: 2,000 for masked models].")
    ] = None
    stratum: Annotated[Texts, Flag(metavar="NAME=BED"), Doc("Figures for the bases of a BED too; repeatable.")] = ()
    alignment: Annotated[
        str | None,
        Flag(metavar="FOLDER|MAF"),
        Doc("Of a model that reads relatives: their genomes laid on the reference, a MAF or a folder of FASTA."),
    ] = None
    rename: Rename = None
    device: Device = "auto"
    dtype: Dtype = "float32"
    threads: Threads = None

    def __post_init__(self) -> None:
        self.beds  # noqa: B018

    @property
    def beds(self) -> dict[str, str]:
        """Name -> BED of each stratum. Raises ConfigError for a text that is none."""
        found = {}
        for text in self.stratum:
            label, mark, path = text.partition("=")
            if not (label and mark and path):
                raise ConfigError(f"--stratum takes NAME=BED, not {text!r}")
            found[label] = path
        return found


@config
class LeaksOptions:
    """Which labelled data to audit, and how they are read and split."""

    data: Annotated[Texts, Len(1), ARGUMENT, Doc("Whatever `dnalect finetune` reads.")]
    output: Annotated[File | None, OUTPUT, Doc("Write the table here (TSV) [default: stdout].")] = None
    labels: Annotated[Texts, Flag("--label"), Doc("Columns of the labels; repeatable.")] = ()
    sequence: Annotated[str | None, Doc("Column of the sequences.")] = None
    reference: Annotated[str | None, REFERENCE, Doc("FASTA that the places of the data lie on.")] = None
    place: Annotated[bool, Doc("Look for the sequences on the reference.")] = False
    split: Annotated[
        Annotated[str, OneOf(("given", "chromosome", "blocks", "cluster", "random"))] | None,
        Doc("[default: the file's parts, else contigs, else blocks, else clusters]."),
    ] = None
    drop_conflicts: Annotated[bool, Doc("Leave out sequences with contradictory classes.")] = False
    seed: Natural = 1


@config
class VocabularyOptions:
    """What a vocabulary is learned from, and which."""

    references: Fastas
    output: Annotated[File, OUTPUT, Doc("tokenizer.json (vocab.txt).")]
    algorithm: Annotated[str, OneOf(("bpe", "kmers"))] = "bpe"
    size: Annotated[Size, Doc("Words, five special ones included.")] = 4096
    k: Annotated[int, Interval(ge=3, le=6), Doc("Length of k-mers.")] = 6
    both_strands: Annotated[bool, Doc("Count the reverse complement too.")] = False
    regions: Regions = ()


@config
class CompareOptions:
    """Which vocabularies to compare, and on what."""

    references: Fastas
    out: Annotated[File | None, OUTPUT, Doc("Folder for vocabulary.tsv and vocabulary.png.")] = None
    kmers: Annotated[tuple[int, ...], Strict(False), Flag("--k"), Doc("Repeatable.")] = (3, 6, 9, 12)
    sizes: Annotated[
        tuple[Size, ...], Strict(False), Flag("--size"), Doc("Words of a byte-pair vocabulary; repeatable.")
    ] = (64, 256, 1024, 4096)
    regions: Regions = ()


@config
class Wishes:
    """What a user needs of a model."""

    goals: Annotated[
        tuple[Annotated[str, OneOf(GOALS)], ...], Strict(False), Flag("--goal"), Doc("What matters; repeatable.")
    ] = ()
    species: Annotated[str, Doc("human, yeast or a scientific name [default: any].")] = ""
    context: Annotated[Natural, Doc("Bases that must be read at once.")] = 0
    memory: Annotated[NotNegative | None, Doc("Gigabytes that there are [default: enough].")] = None
    commercial: Annotated[bool, Doc("The licence must allow commercial use.")] = False


@config
class ShowOptions:
    """Which model to describe."""

    name: Annotated[str, ARGUMENT]


@config
class VerifyOptions:
    """Which model to check."""

    folder: Annotated[str, ARGUMENT, Doc("A folder, or a name, which is fetched.")]
    published_as: Annotated[
        str | None, Flag("--as", metavar="NAME"), Doc("The published model that it must be, such as dnabert-6.")
    ] = None
    dtype: Dtype = "float32"
    write: Annotated[
        bool, Doc("Write what the model says of 64 bases, for others to compare: known-answer.json in its folder.")
    ] = False


@config
class BackgroundOptions:
    """Whose background to draw, and how large."""

    model: Annotated[str, ARGUMENT, Doc("A name or a folder.")]
    references: Annotated[Texts, Len(1), ARGUMENT, Doc("FASTA files.")]
    output: Annotated[str | None, OUTPUT, Doc("File to write [default: background.npz in the model's folder].")] = None
    among: Annotated[str, Flag(metavar="TEXT"), Doc("What the references are, in words, for the provenance.")] = ""
    snvs: Annotated[int, Ge(100), Doc("SNVs to draw.")] = 100_000
    others: Annotated[
        int,
        Ge(48),
        Doc("Variants of every other class and range of lengths up to 8 bases; half of that up to 64, then a fifth."),
    ] = 240
    longest: Annotated[Positive, Doc("Bases of the longest alleles.")] = 2_048
    seed: Annotated[int, Doc("Seed of the draws.")] = 1
    device: Device = "auto"
    dtype: Dtype = "float32"
    threads: Threads = None


@config
class PretrainOptions:
    """What to train, and where."""

    source: Annotated[File | None, ARGUMENT, Doc("A FASTA, a config (TOML), or the name of a shipped recipe.")] = None
    out: Annotated[File | None, OUTPUT, Doc("Model folder; a run found there goes on.")] = None
    data: Annotated[
        File | None,
        Doc("Folder that the files of a config are relative to [default: the current one; of a FASTA its own]."),
    ] = None
    steps: Annotated[Positive | None, Doc("Steps [default: 1,000 of a FASTA, else the config's].")] = None
    dry_run: Annotated[bool, Doc("Check everything that can be checked, and train nothing.")] = False
    init_config: Annotated[bool, Doc("Print a config with all keys explained, for a FASTA SOURCE or none.")] = False
    device: Device = "auto"
    threads: Threads = None

    def __post_init__(self) -> None:
        if self.source is None and not self.init_config:
            raise ConfigError("name a FASTA, a config or a shipped recipe: dnalect pretrain genome.fa -o my-model")
        if self.out is None and not (self.dry_run or self.init_config):
            raise ConfigError("name the model folder: -o my-model")


@config
class DemoOptions:
    """Where the demo writes."""

    out: Annotated[File, OUTPUT] = Path("demo-out")


@config
class GenerateOptions:
    """What to generate, with which model."""

    model: Annotated[
        Named,
        MODEL,
        Doc("duplex-yeast, a published one, OWNER/NAME on the hub, or a folder; MODEL:SPECIES where it reads one."),
    ]
    template: Annotated[
        str | None,
        Flag("--from", metavar="SEQUENCE|FASTA"),
        Doc(
            "What is given: a causal model goes on from it, any other draws the bases that are N in it, and those "
            "that it lacks behind it [default: nothing]."
        ),
    ] = None
    count: Annotated[int, Interval(ge=1, le=1_000_000), Flag("-n", "--count"), Doc("Sequences of each template.")] = 10
    length: Annotated[
        int, Interval(ge=1, le=10_000_000), Doc("Bases of a sequence, those that are given included.")
    ] = 200
    output: Annotated[str, OUTPUT, Doc("FASTA, or .tsv, .csv, .parquet with GC and bits; - for standard output.")] = "-"
    temperature: Annotated[
        float, Interval(ge=0, le=100), Doc("Below 1 the likelier is preferred, above 1 less so; 0 takes the likeliest.")
    ] = 1.0
    top_k: Annotated[int, Ge(0), Doc("Causal models: choose among so many of the likeliest words; 0 for all.")] = 0
    top_p: Annotated[
        float, Interval(gt=0, le=1), Doc("Causal models: choose among the likeliest words that hold this share.")
    ] = 1.0
    sweeps: Annotated[
        int, Interval(ge=1, le=100_000), Doc("Masked models and duplex: how often every base is drawn anew.")
    ] = 10
    apart: Annotated[
        int,
        Ge(0),
        Doc(
            "Masked models and duplex: bases this far apart may be drawn at once; 0 for one at a time, which is exact."
        ),
    ] = 32
    seed: Annotated[int, Interval(ge=0, le=(1 << 32) - 1), Doc("Of all that is drawn.")] = 0
    batch: Annotated[Annotated[int, Ge(1)] | None, Flag("--batch-size"), Doc("Most sequences of a forward.")] = None
    device: Device = "auto"
    dtype: Dtype = "float32"
    threads: Threads = None


@config
class ExportOptions:
    """Which model to export, and where to."""

    model: Annotated[Named, Flag(argument=True), Doc("Embedded or published model, or a folder of a tuned one.")]
    output: Annotated[str, OUTPUT, Doc("model.onnx.")] = field(kw_only=True)
    threads: Threads = None


@config
class LabelOptions:
    """What to label windows by."""

    peaks: Annotated[
        Texts, Len(1), Flag(argument=True, metavar="CELL=BED..."), Doc("Peaks of one assay in each of several cells.")
    ]
    reference: Annotated[Any, REFERENCE, Doc("Genome (FASTA) that the peaks lie on.")] = field(kw_only=True)
    output: Annotated[str, OUTPUT, Doc("out.tsv, out.csv or out.parquet.")] = field(kw_only=True)
    window: Annotated[Annotated[int, Interval(ge=16, le=1 << 20)], Doc("Bases of an element.")] = 512
    background: Annotated[
        Natural, Doc("Windows without a peak for every element, of about its GC, closed in every cell.")
    ] = 0
    long: Annotated[bool, Doc("A row for each element in each cell: columns cell and label, for finetune --with.")] = (
        False
    )
    seed: Annotated[Natural, Doc("Of the background.")] = 1
