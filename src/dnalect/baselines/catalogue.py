"""The rivals by the names that a suite gives them."""

from pathlib import Path

from dnalect.baselines.base import Rival
from dnalect.core.errors import ConfigError

NAMES = ("words", "words-one-strand", "composition", "likelihood", "cnn", "motifs")


def rival(name: str, motifs: str | Path | None = None, device: str = "cpu") -> Rival:
    """Return a rival of NAMES. motifs: a MEME file, which "motifs" needs. device: where "cnn" is trained.

    Raises ConfigError for another name or without the motifs.
    """
    from dnalect.baselines.cnn import Cnn
    from dnalect.baselines.composition import Composition
    from dnalect.baselines.likelihood import Likelihood
    from dnalect.baselines.motifs import Motifs
    from dnalect.baselines.words import Words
    from dnalect.genome.motifs import read_motifs

    if name == "motifs":
        if motifs is None:
            raise ConfigError("the rival 'motifs' needs a file of motifs in MEME's format; name one")
        return Motifs(tuple(read_motifs(motifs)))
    known: dict[str, Rival] = {
        "words": Words(),
        "words-one-strand": Words(both=False),
        "composition": Composition(),
        "likelihood": Likelihood(),
        "cnn": Cnn(device=device),
    }
    if name not in known:
        raise ConfigError(f"no rival {name!r}; the rivals are {', '.join(NAMES)}")
    return known[name]
