"""What a page may not hold."""

import re

LINK = re.compile(r'<a href="[^"]*" target="_blank" rel="noopener">')
DATA = re.compile(r'<script id="data".*?</script>', re.DOTALL)


def from_outside(page: str) -> list[str]:
    """Return what a page would load from elsewhere; links that one clicks are none of it."""
    rest = DATA.sub("", LINK.sub("", page))
    rest = rest.replace("a.href =", "").replace('href="#', "").replace('href="data:image/png;base64,', "")
    return re.findall(r"https?://|<link|(?:src|href)\s*=|@import|url\(|fetch\(|XMLHttp", rest)
