"""Names that a mistyped one may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches

ALIKE = 0.6
MOST = 3


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three known names that are spelled like `name`, the likeliest first.

    One that differs by case, dashes, dots and underscores alone stands alone.
    """
    plain: dict[str, str] = {}
    for each in known:
        plain.setdefault(_plain(each), each)
    if (mine := _plain(name)) in plain:
        return [plain[mine]]
    return [plain[found] for found in get_close_matches(mine, plain, MOST, ALIKE)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean a or b?" with the nearest names, "" where none is near; begins with a space."""
    found = nearest(name, known)
    told = " or ".join(filter(None, [", ".join(found[:-1]), *found[-1:]]))
    return f" Did you mean {told}?" if told else ""


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in "-_. ")
