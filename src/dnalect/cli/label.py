"""dnalect label K562=k562.bed.gz GM12878=gm12878.bed.gz --reference genome.fa -o cells.tsv"""

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.jobs.options import LabelOptions


@command("label", LabelOptions)
def label(options: LabelOptions) -> None:
    """Label windows of a genome by the cells in which they are open: a table to fine-tune on.

    Peaks of all cells that lie together are one element, of one length. It is open (1) in a cell where a peak and it
    share half of the shorter of the two, closed (0) where no peak touches it, and else empty.

    \b
    dnalect label K562=k562.bed.gz GM12878=gm12878.bed.gz --reference genome.fa --background 1 -o cells.tsv
    dnalect finetune cells.tsv --reference genome.fa --label K562 --label GM12878 --kind tracks -o cells
    """
    from dnalect.jobs.label import label_file

    say(f"{len(label_file(options)):,} rows in {options.output}")
