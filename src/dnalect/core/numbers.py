"""Whole numbers out of files that anybody may have written: plain digits, and none too large to compute with."""

import re

# No sequence is longer: room for sums and products in 64 bits.
LONGEST = 1 << 40
_WHOLE = re.compile(r"[+-]?[0-9]+")


def whole_number(text: str | bytes, low: int = 0, high: int = LONGEST) -> int:
    """Return a whole number of [low, high] that a text holds, spaces around it allowed.

    Raises ValueError that says what is wrong: no number, or one beyond the bounds, however
    many digits it has.
    """
    text = (text.decode("utf-8", errors="replace") if isinstance(text, bytes) else text).strip()
    shown = text if len(text) <= 24 else f"{text[:20]}..."
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{shown!r} is no whole number")
    # Without leading zeros, more digits than the bounds have are beyond them: int() is slow or refuses there.
    digits = text.lstrip("+-").lstrip("0") or "0"
    if len(digits) > max(len(str(abs(low))), len(str(abs(high)))):
        value = (low - 1) if text.startswith("-") else (high + 1)
    else:
        value = -int(digits) if text.startswith("-") else int(digits)
    if not low <= value <= high:
        raise ValueError(f"{shown} is beyond {low:,} to {high:,}")
    return value


def whole_or_none(text: str | bytes, low: int = 0, high: int = LONGEST) -> int | None:
    """Return a whole number of [low, high], or None for any other text: for fields that may be missing or odd."""
    try:
        return whole_number(text, low, high)
    except ValueError:
        return None
