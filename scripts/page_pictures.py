"""Draw the pictures of docs/page.md and of the README: what a person sees in the page, in Chromium.

python scripts/page_pictures.py [--page page.html] [--out docs/images] [NAME ...]
"""

import argparse
import io
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from dnalect.page.build import page_text

ROOT = Path(__file__).resolve().parents[1]
HISTONE, CTCF = "at=yeast:576667-576806", "at=human:1089217-1089316"
# name: what is opened, what must be there, what is shown, how wide.
PICTURES = {
    "page": (f"#pane=expect&{HISTONE}", "[data-figure=expect] svg", "body", 1280),
    "page-read": (f"#pane=read&{HISTONE}", "[data-figure=tokens] svg", "[data-figure=tokens]", 1280),
    "page-change": (
        f"#pane=change&{HISTONE}&edits=576727_A_G&base=576727",
        "[data-figure=score] svg",
        "#pane-change",
        1280,
    ),
    "page-depend": (f"#pane=depend&{CTCF}&near=3", "[data-figure=dependency] svg", "#pane-depend", 1280),
    "page-map": (f"#pane=map&{HISTONE}", "[data-figure=map] svg", "[data-figure=map]", 1100),
}
# Colours of a picture: few enough for a small file, more than an eye misses.
COLOURS = 200


def picture(browser: Browser, address: str, name: str) -> Image.Image:
    state, awaited, shown, width = PICTURES[name]
    page = browser.new_page(viewport={"width": width, "height": 820}, color_scheme="light")
    page.goto(address + state)
    page.wait_for_selector(awaited, timeout=60_000)
    page.wait_for_function("() => !document.querySelector('.waiting')", timeout=60_000)
    data = page.screenshot() if shown == "body" else page.locator(shown).screenshot()
    page.close()
    return Image.open(io.BytesIO(data)).convert("RGB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=Path, help="a page that was written before [default: the shipped models]")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/images")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PICTURES)} [default: all]")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = options.page
        if path is None:
            path = Path(folder) / "page.html"
            path.write_text(page_text(), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name in options.names or PICTURES:
            found = picture(browser, path.resolve().as_uri(), name).quantize(COLOURS)
            target = options.out / f"{name}.png"
            found.save(target, optimize=True)
            print(f"{target}: {found.width} x {found.height}, {target.stat().st_size:,} bytes")
        browser.close()


if __name__ == "__main__":
    main()
