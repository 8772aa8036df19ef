"""What is checked of how a page looks: checks.js, run in it."""

from pathlib import Path

_TEXT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def checked(page, name):
    """Run one of the functions of checks.js in a page of Playwright."""
    return page.evaluate(f"({_TEXT.partition('(')[2].rpartition(')')[0]}).{name}()")
