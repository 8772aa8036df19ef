"""A scored file -> ranked table, table of haplotypes, page: the whole job."""

from collections.abc import Sequence
from pathlib import Path

from dnalect.core.errors import OutputError
from dnalect.core.files import check_writable
from dnalect.core.notices import say
from dnalect.workflows.rank.outputs import haplotype_path, kind_of, write_outputs
from dnalect.workflows.rank.ranking import Options, Ranked, rank_variants


def rank_file(path: str, output: str, options: Options, report: str | None = None) -> Ranked:
    """Rank a scored file and write the table, the table of haplotypes, and the page, all or none.

    output: .tsv, .parquet or "-" for a TSV on stdout. Raises a DnalectError and leaves nothing
    behind where an input or output is unusable.
    """
    kind_of(output)
    more = [haplotype_path(output)] if options.haplotypes else []
    _check_paths([path, options.labels, options.haplotypes], [output, report, *more])
    ranked = rank_variants(path, options)
    write_outputs(ranked, output, report)
    if not options.quiet:
        for note in ranked.notes:
            say(note)
    return ranked


def _check_paths(inputs: Sequence[str | None], outputs: Sequence[str | None]) -> None:
    taken = {Path(each).resolve() for each in inputs if each and each != "-"}
    for output in outputs:
        if not output or output == "-":
            continue
        if Path(output).resolve() in taken:
            raise OutputError(f"{output} is an input, or is named twice; write to another name")
        taken.add(Path(output).resolve())
        check_writable(Path(output))
