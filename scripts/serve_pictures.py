"""Draw the pictures of docs/serve.md: a VCF is dropped into `dnalect serve`, scored, and seen in igv.js, in Chromium.

python scripts/serve_pictures.py [--out docs/images]
"""

import argparse
import gzip
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, sync_playwright

import dnalect

ROOT = Path(__file__).resolve().parents[1]
# Few enough for a small file, more than an eye misses.
COLOURS = 128
RECORDS, LONGEST = 40, 1_200_000


@contextmanager
def served(work: Path) -> Iterator[str]:
    """Run a server; yields its address."""
    command = [sys.executable, "-m", "dnalect", "serve", "--port", "0", "--work", str(work)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        found = re.search(r"http://\S+", process.stderr.readline())
        try:
            yield found[0].rstrip("/")
        finally:
            process.terminate()


def few_variants(folder: Path) -> Path:
    with gzip.open(dnalect.demo_files().variants, "rt") as lines:
        found = list(lines)
    head = sum(line.startswith("#") for line in found)
    path = folder / "promoters.vcf"
    path.write_text("".join(found[: head + RECORDS]), encoding="utf-8")
    return path


def keep(page: Page, name: str, out: Path) -> None:
    data = page.screenshot(full_page=True)
    path = out / f"{name}.png"
    Image.open(io.BytesIO(data)).convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size:,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs/images")
    out = parser.parse_args().out
    with TemporaryDirectory() as folder, served(Path(folder) / "work") as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 700}, color_scheme="light")
        page.set_default_timeout(120_000)
        page.goto(f"{address}/files")
        page.set_input_files("#file", few_variants(Path(folder)))
        page.wait_for_function("document.getElementById('told').textContent.includes('is here')")
        keep(page, "serve-files", out)
        page.click("#go")
        page.wait_for_selector(".state.done", timeout=LONGEST)
        page.wait_for_selector("#igv[data-ready]", timeout=60_000)
        keep(page, "serve-job", out)
        browser.close()


if __name__ == "__main__":
    main()
