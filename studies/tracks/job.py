"""The study: make the runs, judge them beside the rivals, write the table and the picture."""

from collections.abc import Sequence

from dnalect.core import Figure, made_folder
from studies.tracks import runs
from studies.tracks.data import divided, opened
from studies.tracks.options import Tracks


def run(options: Tracks) -> Sequence[Figure]:
    """Return the figures; the folder takes the runs, tracks.tsv and tracks.png. No run is made twice."""
    made_folder(options.out)
    genome, labels = opened(options)
    parts = divided(options, genome, labels)
    known = runs.kept(options.out) if options.part == "figures" else runs.made(options, parts)
    if options.part == "runs":
        return []
    from studies.tracks.judge import judged

    return judged(options, genome, parts, known)
