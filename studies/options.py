"""What each study is asked for: the options of its command."""

from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Interval
from pydantic import Strict
from typing_extensions import Doc

from dnalect import ConfigError
from dnalect.core import (
    ARGUMENT,
    MODEL,
    OUTPUT,
    REFERENCE,
    Command,
    Device,
    Dtype,
    File,
    Flag,
    Natural,
    Positive,
    Texts,
    Threads,
    config,
)

Out = Annotated[File, OUTPUT, Doc("Folder for figures.tsv and index.html.")]
Tabled = Annotated[File | None, OUTPUT, Doc("Also write the figures here (TSV).")]
VariantsData = Annotated[File, Doc("Folder with genomes/ and variants/.")]
Sample = Annotated[int, Ge(100)]


@config
class Dependency:
    """Dependency maps of yeast."""

    data: Annotated[File, Doc("Folder with genomes/.")]
    model: Annotated[str, MODEL, Doc("Embedded model or model folder.")] = "duplex-yeast"
    output: Tabled = None
    contigs: Annotated[Texts, Flag("--contig"), Doc("Only these; repeatable.")] = ()
    part: Annotated[Literal["both", "trnas", "introns"], Doc("Stems of tRNAs, splice sites of introns.")] = "both"
    every: Annotated[bool, Doc("All tRNAs, and not one of each anticodon.")] = False
    longest: Annotated[Positive, Doc("Bases of an intron.")] = 150
    seed: Natural = 1
    command: Command = ""


@config
class Structural:
    """Junctions of structural variants. models: of yeast, of human."""

    data: Annotated[File, Doc("Folder with genomes/ and variants/.")]
    # Newer versions of duplex-yeast learned from the very strains.
    models: Annotated[Texts, Flag("--model"), Doc("Of yeast, then of human.")] = ("duplex-yeast@1", "duplex-human")
    output: Tabled = None
    most: Annotated[Positive, Doc("Natural variants of a class.")] = 100
    shared: Annotated[Positive, Doc("Sides that share fewer bases share little.")] = 10
    window: Annotated[Positive, Doc("Bases of a window over a junction.")] = 640
    dtype: Dtype = "float32"
    seed: Natural = 1
    command: Command = ""


@config
class Human:
    """The studies of measured variants in human. predictors: NAME=FOLDER of fine-tuned models."""

    data: Annotated[File, Doc("Folder with variants/, and of saturation with genomes/.")]
    out: Out
    model: Annotated[str, MODEL, Doc("Embedded model or model folder.")] = "duplex-human"
    predictors: Annotated[
        Texts,
        Flag("--predictor", metavar="NAME=FOLDER"),
        Doc("A model of `dnalect finetune`, whose predicted changes are measured too; repeatable."),
    ] = ()
    device: Device = "auto"
    threads: Threads = None
    command: Command = ""

    def __post_init__(self) -> None:
        for text in self.predictors:
            name, mark, folder = text.partition("=")
            if not (name.strip() and mark and folder) or len(self.tuned) < len(self.predictors):
                raise ConfigError(f"--predictor: give NAME=FOLDER, each name once, not {text!r}")

    @property
    def tuned(self) -> dict[str, Path]:
        """Name -> folder of each predictor."""
        return {name: Path(folder) for name, _, folder in (text.partition("=") for text in self.predictors)}


@config
class Saturation(Human):
    """The study of the HNF4A promoter."""

    reference: Annotated[
        File | None,
        REFERENCE,
        Doc(
            "Chromosome 20 of GRCh37, or a slice whose record is named 20:START-END [default: the one in DATA/genomes]."
        ),
    ] = None


@config
class Expression:
    """The study of yeast promoters. run: folder of kept predictions."""

    suite: Annotated[File, ARGUMENT]
    data: Annotated[File, Doc("Folder of tasks, variants and genomes.")]
    out: Out
    models: Annotated[File, Doc("Folder of the suite's model folders.")] = Path()
    run: Annotated[File | None, Doc("Folder of kept predictions [default: OUT/predictions].")] = None
    rivals_also: Annotated[
        File | None,
        Doc(
            "Table of more promoters that the rivals learn from too, where the models know them already: columns "
            "sequence and expression, in any unit."
        ),
    ] = None
    natural: Annotated[Natural, Doc("Variants; 0: none.")] = 2000
    seeds: Annotated[Positive | None, Doc("[default: the suite's]")] = None
    device: Device = "auto"
    threads: Threads = None
    command: Command = ""


@config
class Motifs:
    """The study of motifs in yeast. page: the Markdown page to write; its pictures go to images/ beside it."""

    data: Annotated[File, Doc("Folder with genomes/, annotation/ and motifs/.")]
    out: Annotated[File, OUTPUT, Doc("Folder for figures.tsv and patterns.tsv.")] = Path("results/motifs")
    page: Annotated[File | None, Doc("Also write the page; its pictures go to images/ beside it.")] = None
    model: Annotated[str, MODEL, Doc("Embedded model or model folder.")] = "duplex-yeast"
    contigs: Annotated[Texts, Flag("--contig"), Doc("Only these; repeatable [default: chrI to chrXIV].")] = ()
    dtype: Dtype = "float32"
    command: Command = ""


@config
class Recipes:
    """The models to compare on one split of yeast."""

    models: Annotated[Texts, ARGUMENT]
    data: VariantsData
    out: Annotated[File, OUTPUT, Doc("Folder.")] = Path("results/recipes")
    sample: Annotated[Sample, Doc("Held-out bases.")] = 4_000
    variants: Annotated[Annotated[int, Ge(20)], Doc("Common variants.")] = 1_000
    dtype: Dtype = "float32"
    command: Command = ""


@config
class Heads:
    """The multi-task model whose heads are judged."""

    model: Annotated[File, ARGUMENT]
    data: Annotated[File, Doc("Folder that the config's files are in.")]
    part: Annotated[Literal["test", "validate"], Doc("Regions.")] = "test"
    sample: Annotated[Sample, Doc("Tokens to judge.")] = 8_000
    output: Tabled = None
    command: Command = ""


@config
class Attention:
    """The study of attention at introns and CTCF sites. predictor: tuned on CTCF; by default it is tuned into `out`."""

    model: Annotated[str, MODEL, Doc("Model with attention: a name or a folder.")]
    data: Annotated[File, Doc("Folder with genomes/, tasks/ and motifs/.")]
    out: Annotated[File, OUTPUT, Doc("Folder for figures.tsv and the CTCF model.")] = Path("results/attention")
    parts: Annotated[Texts, Flag("--part", metavar="splice|ctcf"), Doc("Only this one; repeatable.")] = (
        "splice",
        "ctcf",
    )
    predictor: Annotated[File | None, Doc("The model tuned on CTCF [default: OUT/ctcf-model, tuned if missing].")] = (
        None
    )
    introns: Annotated[Annotated[int, Ge(8)], Doc("Introns, at most.")] = 200
    sites: Annotated[Sample, Doc("CTCF sites to tune on.")] = 4000
    judged: Annotated[Annotated[int, Ge(8)], Doc("Held-out CTCF sites to mutate.")] = 200
    device: Device = "auto"
    threads: Threads = None
    command: Command = ""

    def __post_init__(self) -> None:
        if wrong := set(self.parts) - {"splice", "ctcf"}:
            raise ConfigError(f"--part is splice or ctcf, not {min(wrong)!r}")


@config
class Probe:
    """Two models, and a task: a folder, or a table that is placed on the genome of `data`."""

    models: Annotated[tuple[File, File], Strict(False), ARGUMENT]
    task: Annotated[File | None, Doc("Folder with train, dev and test tables sequence,label.")] = None
    placed: Annotated[File | None, Doc("One table, placed on the genome of --data.")] = None
    data: Annotated[File | None, Doc("Folder of the genome of the first model's card.")] = None
    output: Tabled = None
    command: Command = ""

    def __post_init__(self) -> None:
        if (self.task is None) == (self.placed is None) or (self.placed is not None and self.data is None):
            raise ConfigError("give --task FOLDER, or --placed TABLE with --data FOLDER")


@config
class Vocabulary:
    """Which sizes of a byte-pair vocabulary to try on a genome, and how they are judged.

    sizes: words of each vocabulary, special ones included. test, validate: regions or BEDs. By default the last
    contigs that make up a tenth of the genome are for the test, those before them for validation. judge: "bits" (of
    the true bases, low is good) or "accuracy" (how often the likeliest k-mer came); either is the mean over k = 2 to 6.
    steps: of 256 windows, for each model.
    """

    reference: Annotated[str, Flag(argument=True, metavar="FASTA")]
    out: Annotated[File, OUTPUT, Doc("Folder for the results.")]
    sizes: Annotated[
        tuple[Annotated[int, Interval(ge=9, le=1 << 20)], ...],
        Strict(False),
        Flag("--size"),
        Doc("Words of a vocabulary to try; repeatable."),
    ] = (16, 64, 256, 1024, 4096)
    test: Annotated[Texts, Flag(metavar="REGION|BED"), Doc("Held out for the judgement [default: last contigs].")] = ()
    validate: Annotated[Texts, Flag(metavar="REGION|BED"), Doc("For the rivals' order [default: those before].")] = ()
    judge: Literal["bits", "accuracy"] = "bits"
    steps: Annotated[Positive, Doc("Training steps of a model.")] = 1000
    seeds: Annotated[Annotated[int, Interval(ge=1, le=100)], Doc("Models of a vocabulary.")] = 3
    windows: Annotated[Sample, Doc("Test places.")] = 20_000
    threads: Threads = None


@config
class Hidden:
    """Masked models of single bases, and leave-one-out models."""

    models: Annotated[Texts, ARGUMENT]
    data: Annotated[File, Doc("Folder with genomes/.")]
    genome: Annotated[str, Doc("FASTA in it.")] = "genomes/yeast_S288C.fa.gz"
    region: Annotated[str, Doc("Bases to judge on: a contig, or a part of one (1-based).")] = "chrXIV"
    share: Annotated[float, Interval(gt=0, lt=1), Doc("Of the bases that are hidden.")] = 0.15
    window: Annotated[int, Ge(16), Doc("Bases that a masked model reads at once, at most its context.")] = 16_384
    output: Tabled = None
    command: Command = ""


@config
class Context:
    """Models of any kind, which are asked with windows of several lengths."""

    models: Annotated[Texts, ARGUMENT]
    data: Annotated[File, Doc("Folder with genomes/.")]
    genome: Annotated[str, Doc("FASTA in it.")] = "genomes/yeast_S288C.fa.gz"
    region: Annotated[str, Doc("Bases to judge on: a contig, or a part of one (1-based).")] = "chrXIV"
    windows: Annotated[tuple[int, ...], Strict(False), Flag("--window"), Doc("Of what lengths, repeatable.")] = (
        *(16, 32, 64, 128, 256, 512, 1024),
    )
    sample: Annotated[Sample, Doc("Random bases.")] = 400
    picture: Annotated[File | None, Doc("Also draw the figures here (PNG).")] = None
    output: Tabled = None
    command: Command = ""


@config
class Ensemble:
    """Networks whose answers are averaged."""

    models: Annotated[Texts, ARGUMENT]
    data: Annotated[File, Doc("Folder with genomes/.")]
    genome: Annotated[str, Doc("FASTA in it.")] = "genomes/yeast_S288C.fa.gz"
    region: Annotated[str, Doc("Bases to judge on (1-based).")] = "chrXIII:300,001-600,000"
    output: Tabled = None
    command: Command = ""


@config
class Clusters:
    """The study of places that cluster without labels."""

    data: Annotated[File, Doc("Folder of genomes, annotation and tracks.")]
    out: Annotated[File, OUTPUT, Doc("Folder for figures.tsv and plots.")] = Path("results/clusters")
    models: Annotated[Texts, MODEL, Doc("Embedded model or model folder; repeatable.")] = (
        "duplex-yeast",
        "duplex-human",
    )
    each: Annotated[Positive, Doc("Windows of each class.")] = 150
    permutations: Annotated[Natural, Doc("Turns of the labels.")] = 499
    page: Annotated[File | None, Doc("Also write the page of the documentation.")] = None
    device: Device = "auto"
    threads: Threads = None
    command: Command = ""


@config
class Discover:
    """The study of elements across species."""

    data: Annotated[File, Doc("Folder of genomes, annotation, alignment and tracks.")]
    out: Annotated[File, OUTPUT, Doc("Folder for figures.tsv.")] = Path("results/discover")
    yeast: Annotated[str, Doc("Model of yeast.")] = "duplex-yeast"
    human: Annotated[str, Doc("Model of human; empty: leave human out.")] = "duplex-human"
    labelled: Annotated[Sample, Doc("Windows of 500 bases to learn from and judge on, of the labelled genome.")] = 1_200
    searched: Annotated[Sample, Doc("Windows of 500 bases of each other genome.")] = 300
    pairs: Annotated[Natural, Doc("Genes whose promoters are looked for in relatives; 0: none.")] = 120
    finetune: Annotated[Natural, Doc("Epochs of models of yeast that learn each kind of element; 0: none.")] = 0
    page: Annotated[File | None, Doc("Also write the page of the documentation.")] = None
    device: Device = "auto"
    threads: Threads = None
    command: Command = ""
