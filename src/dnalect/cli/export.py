"""dnalect export duplex-yeast -o model.onnx"""

from dnalect.cli.options import command
from dnalect.jobs.options import ExportOptions


@command("export", ExportOptions)
def export(options: ExportOptions) -> None:
    """Write MODEL as a file of ONNX, for programs in other languages.

    A language model gives logits and last states, a fine-tuned one what each head gives, of any number of sequences of
    any length. The file says which word has which id. Its answers are compared with the model's before it is kept.

    \b
    dnalect export duplex-yeast -o duplex-yeast.onnx
    dnalect export my-tuned-model -o tuned.onnx
    """
    from dnalect.jobs.export import export as write_file

    write_file(options)
