"""A model, and perhaps what is given of a sequence -> sequences that it finds likely."""

import sys
from pathlib import Path

import pyarrow as pa

from dnalect.core.arrow import SUFFIXES, write_table
from dnalect.core.errors import OutputError
from dnalect.core.files import check_outputs, write_text
from dnalect.design.choice import Choice
from dnalect.design.generation import Generated, generated
from dnalect.design.templates import templates
from dnalect.genome.fasta import is_sequence
from dnalect.jobs.design.asking import given_of
from dnalect.jobs.options import GenerateOptions
from dnalect.models.load import load
from dnalect.models.precision import use_threads

LINE = 80
FASTAS = (".fa", ".fasta", ".fna")


def generate(options: GenerateOptions) -> list[Generated]:
    """Generate sequences and write them, if a file is named. Raises a DnalectError and leaves nothing behind."""
    use_threads(options.threads)
    path = Path(options.output) if options.output not in ("", "-") else None
    if path and path.suffix not in (*SUFFIXES, *FASTAS):
        raise OutputError(f"the output {options.output} must end in one of {', '.join((*FASTAS, *SUFFIXES))}")
    if path:
        check_outputs([options.output], [options.template if not is_sequence(options.template) else None])
    wanted = templates(given_of(options.template), options.count, options.length)
    model = load(options.model, options.device, options.dtype)
    choice = Choice(options.temperature, options.top_k, options.top_p)
    found = generated(model, wanted, choice, options.seed, options.sweeps, options.apart, options.batch)
    if options.output == "-":
        sys.stdout.write(fasta_of(found))
    elif path and path.suffix in SUFFIXES:
        write_table(table_of(found), path)
    elif path:
        write_text(path, fasta_of(found))
    return found


def fasta_of(found: list[Generated]) -> str:
    """Return the text of a FASTA; the header says how many bits a base has by the model itself."""
    lines = []
    for each in found:
        text = each.sequence
        lines += [f">{each.name} bits={each.bits:.4f}", *(text[at : at + LINE] for at in range(0, len(text), LINE))]
    return "\n".join(lines) + "\n"


def table_of(found: list[Generated]) -> pa.Table:
    """Return a row a sequence: name, sequence, length, drawn, gc, bits."""
    rows = [
        {
            "name": each.name,
            "sequence": each.sequence,
            "length": len(each.sequence),
            "drawn": each.drawn,
            "gc": round(each.gc, 4),
            "bits": round(each.bits, 4),
        }
        for each in found
    ]
    return pa.Table.from_pylist(rows)
