"""`dnalect.export`: a model as a file that other languages read."""

from pathlib import Path

from dnalect.jobs.export import export as write_file
from dnalect.jobs.options import ExportOptions
from dnalect.models.model import Named


def export(model: Named, output: str | Path) -> float:
    """Write a model as a file of ONNX, for programs in other languages: what `dnalect export` does.

    It takes `input_ids` (B, T) int64 and `attention_mask` (B, T) bool, any number of sequences of any length, and gives
    `logits` (B, T, V) and `states` (B, T, C), or of a fine-tuned model what each head gives (B, outputs): logits,
    before any calibration, or a signal in its own unit. Its metadata say which word has which id.

    Args:
        model: A model by name, folder or object, on the CPU in float32.
        output: The file, .onnx.

    Returns:
        How far onnxruntime's answers are from the model's, as a share of the largest number of an output.

    Raises:
        DnalectError: A library is missing, the network has no one graph for any length, or the file answers otherwise.

    Examples:
        >>> import dnalect
        >>> dnalect.export("duplex-human", "duplex-human.onnx") < 1e-5
        True
    """
    return write_file(ExportOptions(model, output=str(output)))
