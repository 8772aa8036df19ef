"""`dnalect.explain`: why a model says what it says of a place."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.api.given import options_of
from dnalect.api.score import Shown
from dnalect.api.table import Table
from dnalect.core.errors import ConfigError
from dnalect.core.reporter import using
from dnalect.core.views import Explained, Explanation
from dnalect.genome.fasta import Reference
from dnalect.jobs.explain.job import arrays_of, explain_places, table_of, write
from dnalect.jobs.explain.options import Options
from dnalect.models.model import Named


class Explanations:
    """Places of a genome with what a model sees there.

    Attributes:
        places: Each with its `views`: tracks, table, arrays, and the same of nulls.
        arrays: All arrays by name: "substitutions/effects"; of the null that is shuffled
            "substitutions/shuffled/effects"; with several places, these before it.
    """

    def __init__(self, found: Explanation):
        self._found, self._names = found, found.names
        self.places: tuple[Explained, ...] = found.places

    @property
    def arrays(self) -> dict[str, npt.NDArray[np.floating[Any]]]:
        """All arrays by name."""
        return arrays_of(self._found)

    def table(self, view: str | None = None) -> Table:
        """Return the rows of a view, by default of the first.

        Raises:
            ConfigError: The view was not asked for.
        """
        name = view or self._names[0]
        if name not in self._names:
            raise ConfigError(f"there is no view {name!r} here; there are {', '.join(self._names)}")
        return Table(table_of(self._found, name))

    def write(self, *paths: str | Path) -> None:
        """Write files, as `dnalect explain -o` does: .html, .npz, .tsv.

        Raises:
            OutputError: Another suffix, or a file that can't be written.
        """
        write(self._found, [str(path) for path in paths])

    def _repr_html_(self) -> str:
        """The page without what was run, in a notebook."""
        from dnalect.report.explained import render_explanation

        # An attribute in single quotes: the page has few of them.
        page = render_explanation(replace(self._found, facts={})).replace("&", "&amp;").replace("'", "&#39;")
        high = "this.style.height = this.contentDocument.documentElement.scrollHeight + 8 + 'px'"
        return f'<iframe srcdoc=\'{page}\' onload="{high}" style="width:100%;height:300px;border:0"></iframe>'

    def __repr__(self) -> str:
        return f"Explanations({', '.join(place.title for place in self.places[:4])}: {', '.join(self._names)})"


def explain(
    reference: Reference,
    region: str | Sequence[str] = (),
    model: Named | None = None,
    *,
    show: str | Sequence[str] = (),
    variant: str | Sequence[str] = (),
    nulls: bool = True,
    progress: Shown = None,
    **more: Any,
) -> Explanations:
    """Show what a model sees at a place, beside what it sees where there is nothing: what `dnalect explain` does.

    Args:
        reference: A FASTA, what `open_genome` gave, sequences by name, or one sequence.
        region: `chrI:1,001-1,200` of it (from 1, ends inside), or several.
        model: A name, a folder or what `load` gave; None lets the reference choose.
        show: Names of [views](explain.md#views); () for `substitutions`, and for variants influence and dependencies
            as well, where the model has them.
        variant: `chrI:1001:A:G`, as a VCF has it, or several.
        nulls: Whether to compute the same of shuffled sequence and of an untrained network.
        progress: A Reporter; a function of a State; False for nowhere; None for a bar on a terminal.
        **more: The other options of the command, by their names here: around, vcf, top, target, head, motifs,
            annotate, hidden, seed, batch, device, dtype, rename.

    Returns:
        `Explanations`: arrays, tables and a page.

    Raises:
        DnalectError: Model, genome, a place or an option can't be used.

    Examples:
        >>> import dnalect
        >>> found = dnalect.explain(dnalect.demo_files().reference, "chrI:10,001-10,050", "duplex-yeast")
        >>> found.arrays["substitutions/effects"].shape
        (50, 4)
        >>> [null.name for null in found.places[0].views[0].nulls]
        ['shuffled', 'untrained']
    """
    told = {"reference": reference, "regions": region, "model": model, "show": show, "variants": variant}
    with using(progress):
        options = options_of(Options, {**told, "nulls": nulls, **more})
        return Explanations(explain_places(options))
