"""dnalect finetune labels.csv --model duplex-human --out my-model"""

import shlex
import sys
from pathlib import Path

import click

from dnalect.cli import machine
from dnalect.cli.options import Finite


@click.command("finetune")
@click.argument("data")
@click.option(
    *machine.OUTPUT,
    "out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for the model, made if missing.",
)
@click.option(*machine.MODEL, help="Model to begin with [default: the embedded one of the reference].")
@click.option(
    "--method",
    type=click.Choice(["probe", "lora", "full"]),
    default="lora",
    show_default=True,
    help="probe: heads on frozen states, minutes. lora: small updates of all layers. full: all weights.",
)
@click.option("--label", "labels", multiple=True, help="Column of labels; several are several tasks [default: label].")
@click.option("--sequence", help="Column of sequences [default: sequence].")
@click.option("--kind", type=click.Choice(["classes", "tracks", "signal"]), help="[default: told by the labels]")
@click.option(*machine.REFERENCE, help="FASTA that intervals lie on, or that sequences are placed on.")
@click.option("--signal", metavar="BIGWIG", help="Label: the mean of this track over the intervals of DATA.")
@click.option("--place", is_flag=True, help="Find the sequences on the reference, to split them by chromosome.")
@click.option("--background", type=click.IntRange(min=0), default=0, help="Windows to draw for every positive.")
@click.option(
    "--split",
    type=click.Choice(["given", "chromosome", "blocks", "cluster", "random"]),
    help="[default: the file's parts, else chromosomes or, of fewer than three, blocks where places are known, "
    "else clusters]",
)
@click.option("--block", type=click.IntRange(min=1), help="Bases of a block [default: 1 Mb, less on short contigs].")
@click.option("--test", type=Finite(), default=0.2, show_default=True, help="Share of the test part.")
@click.option("--validate", type=Finite(), default=0.1, show_default=True, help="Share of the validation part.")
@click.option("--test-contig", "test_contigs", multiple=True, help="Held out for the test; repeatable.")
@click.option("--validate-contig", "validate_contigs", multiple=True, help="For validation; repeatable.")
@click.option("--keep-leaks", is_flag=True, help="Keep test sequences that are met in training.")
@click.option("--drop-conflicts", is_flag=True, help="Leave out sequences with contradictory classes.")
@click.option(
    "--pool",
    type=click.Choice(["mean", "max", "mean-max", "eighths", "summary", "best"]),
    default="mean",
    show_default=True,
    help="How states become one vector; eighths: the mean of each eighth, where place counts; best: mean or eighths, "
    "whichever a probe ranks the validation part better with.",
)
@click.option("--layer", type=click.IntRange(min=0), help="Hidden states to read [default: the last].")
@machine.strands("both: average over both strands, and train on both.", "forward")
@click.option("--both-strands", is_flag=True, hidden=True, help="The same as --strands both.")
@click.option("--longest", type=click.IntRange(min=1), help="Bases; of longer sequences the middle is read.")
@click.option("--epochs", type=click.IntRange(min=1), default=20, show_default=True, help="At most.")
@click.option("--batch-size", type=click.IntRange(min=1), default=32, show_default=True)
@click.option("--accumulate", type=click.IntRange(min=1), default=1, help="Parts of a batch, for little memory.")
@click.option("--rate", type=Finite(), help="Peak learning rate [default: the method's].")
@click.option("--rank", type=click.IntRange(min=1), default=8, show_default=True, help="Of LoRA's updates.")
@click.option("--patience", type=click.IntRange(min=1), default=5, show_default=True, help="Checks without progress.")
@click.option("--class-weights", is_flag=True, help="Weigh classes as if they were equally frequent.")
@click.option(
    "--rival",
    "rivals",
    multiple=True,
    help="words, words-one-strand, composition, likelihood, cnn, motifs, untrained; repeatable "
    "[default: words, composition, likelihood, cnn, untrained].",
)
@click.option("--motifs", help="MEME file for the rival motifs.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@machine.device
@machine.dtype
@machine.threads
def command(
    data: str,
    out: Path,
    model: str | None,
    method: str,
    labels: tuple[str, ...],
    pool: str,
    layer: int | None,
    both_strands: bool,
    longest: int | None,
    batch_size: int,
    rank: int,
    rivals: tuple[str, ...],
    motifs: str | None,
    drop_conflicts: bool,
    device: str,
    seed: int,
    epochs: int,
    accumulate: int,
    rate: float | None,
    patience: int,
    class_weights: bool,
    strands: str,
    dtype: str,
    **rest: object,
) -> None:
    """Tune a language model on labelled DATA: a table, a BED or FASTA, or a folder of train, dev and test.

    Writes a model folder that predict, score and load take, its figures beside those of simple rivals,
    and report.html. A run that was cut short goes on when the command is given again.

    \b
    dnalect finetune peaks.bed --reference genome.fa --background 1 --out peaks-model
    dnalect finetune expression.csv --model duplex-yeast --label expression --method full --out expression
    """
    from dnalect.jobs.tuning.data import DataOptions
    from dnalect.jobs.tuning.finetune import RIVALS, FinetuneOptions, finetune_file
    from dnalect.models.lora import LoraConfig
    from dnalect.models.pooled import Reading
    from dnalect.training.tuning import TuneConfig

    both_strands = both_strands or strands == "both"
    pools = ("mean", "eighths") if pool == "best" else ()
    reading = Reading(
        "mean" if pools else pool, layer, 2 if both_strands else 1, **({"longest": longest} if longest else {})
    )
    config = TuneConfig(
        method=method,
        reading=reading,
        pools=pools,
        lora=LoraConfig(rank=rank, alpha=2.0 * rank),
        seed=seed,
        epochs=epochs,
        batch=batch_size,
        accumulate=accumulate,
        rate=rate,
        patience=patience,
        reverse_complement=both_strands,
        class_weights=class_weights,
        precision={"float32": "fp32", "bfloat16": "bf16"}[dtype],
    )
    options = FinetuneOptions(
        data=DataOptions(
            data,
            labels=labels,
            conflicts="drop" if drop_conflicts else "error",
            seed=seed,
            **rest,  # type: ignore[arg-type]
        ),
        config=config,
        model=model,
        rivals=rivals or RIVALS,
        motifs=motifs,
        device=device,
        command=shlex.join(["dnalect", *sys.argv[1:]]),
    )
    finetune_file(options, out)
    click.echo(f"dnalect: the model is in {out}; open {out / 'report.html'}", err=True)
