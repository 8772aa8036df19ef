"""Colours of classes, the same in every picture of a map."""

from collections import Counter
from collections.abc import Sequence

# Told apart by most eyes; what is rarer than these shares a grey.
CLASSES = ("#0b6e99", "#e07b00", "#2e8540", "#b3261e", "#7b4fa3", "#8c6d31", "#d45087", "#12a5a5", "#9aa300", "#4a5fd0")
OTHERS = "#b8bec6"


def shades(cells: Sequence[str]) -> dict[str, str]:
    """Return the colour of each class, the most frequent first; "" has the grey of the rare ones."""
    counts = Counter(cells)
    ranked = sorted((name for name in counts if name), key=lambda name: (-counts[name], name))
    found = {name: CLASSES[at] if at < len(CLASSES) else OTHERS for at, name in enumerate(ranked)}
    return {**found, **({"": OTHERS} if "" in counts else {})}
