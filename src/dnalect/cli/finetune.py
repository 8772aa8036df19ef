"""dnalect finetune labels.csv --model duplex-human --out my-model"""

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.jobs.tuning.options import Options


@command("finetune", Options)
def finetune(options: Options) -> None:
    """Tune a language model on labelled DATA: a table, a BED or FASTA, or a folder of train, dev and test.

    Writes a model folder that predict, score and load take, its figures beside those of simple rivals,
    and report.html. A run that was cut short goes on when the command is given again.

    \b
    dnalect finetune peaks.bed --reference genome.fa --background 1 --out peaks-model
    dnalect finetune expression.csv --model duplex-yeast --label expression --method full --out expression
    dnalect finetune sites.bed --bin 32 --reference genome.fa --out sites-model
    """
    from dnalect.jobs.tuning.finetune import finetune_file
    from dnalect.jobs.tuning.tracks import finetune_tracks_file
    from dnalect.training.ranks import check_alone, together

    if options.bin:
        check_alone("fine-tuning for tracks")
    with together(options.device):
        (finetune_tracks_file if options.bin else finetune_file)(options)
        say(f"the model is in {options.out}; open {options.out / 'report.html'}")
