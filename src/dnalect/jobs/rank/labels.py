"""The user's own labels: which variants were hits."""

from dataclasses import dataclass

import numpy as np

from dnalect.core.errors import ConfigError, TableError
from dnalect.scored.reader import KEY, Floats, Scored, read_scored

HITS = ("hit", "label", "hits", "labels", "effect")


@dataclass(frozen=True)
class Labels:
    """hit: 1, 0, or NaN where a variant of the scored file has no label (n,). unmatched: labels of other variants."""

    hit: Floats
    unmatched: int

    @property
    def known(self) -> int:
        """How many variants have a label."""
        return int(np.isfinite(self.hit).sum())


def read_labels(path: str, scored: Scored, column: str | None = None, hit_above: float | None = None) -> Labels:
    """Read a table with chrom, pos, ref, alt and a column of labels, and match it to the scored variants.

    column: of the labels; by default the first of HITS that is there, or the only column
    beside the key. hit_above: absolute effect from which a variant is a hit; None where the
    labels are 0 and 1. Raises TableError or ConfigError for other labels, labels that
    contradict each other, or none that fits.
    """
    table = read_scored(path)
    name = column or _column(table)
    values = table.numbers(name)
    known = np.isfinite(values)
    if hit_above is None and not np.isin(values[known], (0, 1)).all():
        raise ConfigError(
            f"the labels {name!r} of {path} are not all 0 or 1; if they are effects, say from which absolute "
            "effect on a variant is a hit, e.g. --hit-above 0.3"
        )
    hits = values if hit_above is None else np.where(known, np.abs(values) >= hit_above, np.nan)
    found: dict[tuple[str, int, str, str], float] = {}
    for key, hit in zip(table.keys, hits.tolist(), strict=True):
        if not np.isfinite(hit):
            continue
        if found.setdefault(key, hit) != hit:
            contig, position, ref, alt = key
            raise TableError(f"{path}: {contig}:{position} {ref}>{alt} is labelled both as a hit and as none")
    matched = np.array([found.get(key, np.nan) for key in scored.keys])
    if not np.isfinite(matched).any():
        raise TableError(
            f"none of the {len(found):,} labels of {path} is of a variant of {scored.path}: contig names, "
            "1-based positions and alleles must be spelled alike in both"
        )
    return Labels(matched, len(found.keys() - set(scored.keys)))


def _column(table: Scored) -> str:
    names = [name for name in table.table.column_names if name not in (*KEY, "id")]
    lower = {name.lower(): name for name in names}
    found = [lower[name] for name in HITS if name in lower] or (names if len(names) == 1 else [])
    if not found:
        raise ConfigError(
            f"{table.path} needs a column of labels: name it hit, or name it with label_column (--config); it has "
            f"{', '.join(names) or 'none beside the variant'}"
        )
    return str(found[0])
