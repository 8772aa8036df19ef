"""What `dnalect finetune` is asked for: on the command line what most people change, in a file all of it."""

from dataclasses import field
from typing import Annotated

from annotated_types import Gt, Interval
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.core.flags import (
    ARGUMENT,
    IN_FILE,
    MODEL,
    OUTPUT,
    REFERENCE,
    STRANDS,
    Command,
    Config,
    Device,
    Dtype,
    File,
    Flag,
    Natural,
    Positive,
    Texts,
    Threads,
)
from dnalect.training.learning import METHODS, Learning, Seed

RIVALS = ("words", "composition", "likelihood", "cnn", "untrained")
FUSIONS = ("gated", "late", "early")
POOLS = ("mean", "max", "mean-max", "eighths", "summary", "best")


@config
class DataOptions:
    """What to learn from."""

    data: Annotated[str, ARGUMENT, Doc("A labelled file, or a folder of train, dev and test.")] = field(kw_only=True)
    labels: Annotated[Texts, Flag("--label"), Doc("Column of labels; several are several tasks [default: label].")] = ()
    sequence: Annotated[str | None, IN_FILE, Doc("Column of sequences; by default sequence.")] = None
    kind: Annotated[
        Annotated[str, OneOf(("classes", "tracks", "signal"))] | None, Doc("[default: told by the labels]")
    ] = None
    reference: Annotated[
        str | None, REFERENCE, Doc("FASTA that intervals lie on, or that sequences are placed on.")
    ] = None
    signal: Annotated[
        str | None, Flag(metavar="BIGWIG"), Doc("Label: the mean of this track over the intervals of DATA.")
    ] = None
    bin: Annotated[
        Positive | None,
        Flag(metavar="BASES"),
        Doc("Learn tracks: DATA is a BED, a bigWig or a table of such files; bases of a bin, such as 32."),
    ] = None
    fewest: Annotated[
        Positive, IN_FILE, Doc("Of a BED's names, those with so many intervals are tracks, each one by itself.")
    ] = 200
    beside: Annotated[
        Texts,
        Flag("--with", metavar="NAME=FILE"),
        Doc(
            "Signal to read beside the sequence: a bigWig, or a BED of peaks; repeatable. {COLUMN} in FILE is what the "
            "table has there in each row, such as the cell."
        ),
    ] = ()
    around: Annotated[Positive, IN_FILE, Doc("Bases around the middle of a sequence in which signals are read.")] = 4096
    bins: Annotated[Positive, IN_FILE, Doc("Bins of these bases, by 4.")] = 32
    place: Annotated[bool, Doc("Find the sequences on the reference, to split them by chromosome.")] = False
    background: Annotated[Natural, Doc("Windows to draw for every positive.")] = 0
    split: Annotated[
        Annotated[str, OneOf(("given", "chromosome", "blocks", "cluster", "random"))] | None,
        Doc(
            "[default: the file's parts, else chromosomes or, of fewer than three, blocks where places are known, "
            "else clusters]"
        ),
    ] = None
    test: Annotated[float, IN_FILE, Doc("Share of the test part.")] = 0.2
    validate: Annotated[float, IN_FILE, Doc("Share of the validation part.")] = 0.1
    test_contigs: Annotated[
        Texts, Flag("--test-contig"), Doc("Held out for the test; of tracks also CONTIG:START-END; repeatable.")
    ] = ()
    validate_contigs: Annotated[Texts, Flag("--validate-contig"), Doc("For validation; repeatable.")] = ()
    block: Annotated[
        Positive | None,
        IN_FILE,
        Doc("Bases of a block, which asks for blocks; by default 1 Mb, less on short contigs."),
    ] = None
    keep_leaks: Annotated[bool, Doc("Keep test sequences that are met in training.")] = False
    drop_conflicts: Annotated[bool, Doc("Leave out sequences with contradictory classes.")] = False
    seed: Annotated[Seed, Doc("Of all that is drawn at random.")] = 1


@config
class Machine:
    """Where to compute."""

    device: Device = "auto"
    dtype: Dtype = "float32"
    threads: Threads = None


@config
class Options(DataOptions, Learning, Machine):
    """How to fine-tune, and on what. What `config` says stands below what is given besides."""

    out: Annotated[File, OUTPUT, Doc("Folder for the model, made if missing.")] = field(kw_only=True)
    model: Annotated[str | None, MODEL, Doc("Model to begin with [default: the embedded one of the reference].")] = None
    method: Annotated[
        str,
        OneOf(METHODS),
        Doc("probe: heads on frozen states, minutes. lora: small updates of all layers. full: all weights."),
    ] = "lora"
    pool: Annotated[
        str,
        OneOf(POOLS),
        Doc(
            "How states become one vector; eighths: the mean of each eighth, where place counts; best: mean or "
            "eighths, whichever a probe ranks the validation part better with."
        ),
    ] = "mean"
    layer: Annotated[Natural | None, IN_FILE, Doc("Hidden states to read; by default the last.")] = None
    strands: Annotated[
        str, OneOf(("forward", "both"), STRANDS), Doc("both: average over both strands, and train on both.")
    ] = "forward"
    fusion: Annotated[
        str,
        OneOf(FUSIONS),
        Doc("How signals join the sequence: gated, by gates that see all; late, as a sum; early, in one network."),
    ] = "gated"
    missing: Annotated[
        float,
        Interval(ge=0, lt=1),
        IN_FILE,
        Doc("Share of signals that training hides: any may be missing."),
    ] = 0.2
    longest: Annotated[
        Positive | None, Doc("Bases; of longer sequences the middle is read. Of tracks the window [default: 2048].")
    ] = None
    rank: Annotated[Annotated[int, Interval(ge=1, le=1024)], IN_FILE, Doc("Of LoRA's updates.")] = 8
    alpha: Annotated[Annotated[float, Gt(0)] | None, IN_FILE, Doc("LoRA's scale is alpha / rank; by default 2.")] = None
    targets: Annotated[
        Texts, IN_FILE, Doc("Last parts of the names of layers that LoRA updates; by default all that it knows.")
    ] = ()
    rivals: Annotated[
        Texts,
        Flag("--rival"),
        Doc(
            "words, words-one-strand, composition, likelihood, cnn, motifs, or untrained, the same network "
            "without pretraining; repeatable."
        ),
    ] = RIVALS
    motifs: Annotated[str | None, Doc("For the rival motifs: a MEME file, or jaspar:vertebrates ...")] = None
    config: Config = None
    command: Command = ""
