"""A model -> a file of ONNX that answers as the model does: the whole of `dnalect export`."""

from pathlib import Path

from dnalect.core.errors import OutputError
from dnalect.core.files import check_outputs, written_whole
from dnalect.core.reporter import say
from dnalect.jobs.options import ExportOptions
from dnalect.models.exported import check_libraries, exported
from dnalect.models.load import load
from dnalect.models.precision import use_threads


def export(options: ExportOptions) -> float:
    """Write the file. Returns how far its answers are from the model's, as a share of an output's largest number.

    Raises a DnalectError and leaves nothing behind.
    """
    if not options.output.endswith(".onnx"):
        raise OutputError(f"the output {options.output} must end in .onnx")
    check_outputs([options.output], [])
    check_libraries()
    use_threads(options.threads)
    model = load(options.model)
    say(f"{model.card.id}: traced, which takes a minute or so")
    data, apart = exported(model)
    with written_whole(Path(options.output)) as path:
        path.write_bytes(data)
    size = f"{len(data) / 1e6:.1f} MB"
    say(f"{options.output}: {size}; onnxruntime answers as the model, to {apart:.0e} of the largest number")
    return apart
