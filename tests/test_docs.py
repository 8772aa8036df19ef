"""The documentation tells the truth: its Python runs, its commands exist, its links lead somewhere."""

import functools
import importlib.util
import re
import shlex
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from forked import run_script
from golden.keep import run

ROOT = Path(__file__).resolve().parents[1]
DEMO_DATA = ROOT / "src" / "dnalect" / "demo_data"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
NO_RUN = "<!-- no-run -->"


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    text: str
    run: bool

    def __str__(self):
        return f"{self.page.name}:{self.line}"


def blocks_of(page: Path, text: str) -> list[Block]:
    found = []
    for match in FENCE.finditer(text):
        before = text[: match.start()].rstrip("\n").rpartition("\n")[2].strip()
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, line, match[1], match[2], before != NO_RUN))
    return found


BLOCKS = [block for page in PAGES for block in blocks_of(page, page.read_text(encoding="utf-8"))]
PYTHON = [block for block in BLOCKS if block.language == "python"]
COMMANDS = sorted(
    {
        (f"{block}", line.removeprefix("$ ").strip())
        for block in BLOCKS
        if block.language in ("console", "bash")
        for line in block.text.replace("\\\n", " ").splitlines()
        if re.match(r"(\$ )?(dnalect|python -m studies)\b", line)
    }
)


def test_blocks_are_found():
    text = "a\n\n```python\nx = 1\n```\n\n<!-- no-run -->\n```python\ny\n```\n"
    assert [(b.line, b.text, b.run) for b in blocks_of(Path("a.md"), text)] == [(3, "x = 1\n", True), (8, "y\n", False)]
    assert PYTHON
    assert COMMANDS


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_compiles(block):
    compile(block.text, str(block), "exec")


# Each scores or learns from all of the demo data; what they show is tested in small elsewhere.
LONG = ("python.md", "alike.md", "rank.md", "design-sequences.md", "embed.md", "attention.md")


def _pages() -> list:
    pages = sorted({block.page for block in PYTHON if block.run})
    marks = {True: [pytest.mark.slow], False: []}
    return [pytest.param(page, id=page.name, marks=marks[page.name in LONG]) for page in pages]


@pytest.mark.parametrize("page", _pages())
def test_python_runs(page, tmp_path):
    """Blocks of a page run one after another, as a reader takes them: a later one has the names of those before it."""
    shutil.copytree(DEMO_DATA, tmp_path, dirs_exist_ok=True)
    blocks = [(str(each), each.text) for each in PYTHON if each.run and each.page == page]
    run_script(f"told = {{}}\nfor name, text in {blocks!r}: exec(compile(text, name, 'exec'), told)", cwd=tmp_path)


@functools.cache
def _help(*words: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        asked = ["studies", *words[1:]] if words[0] == "studies" else [*words[1:]]
        status, out, err = run([*asked, "--help"], Path(folder), Path(folder))
    assert status == "0", err.decode()
    return out.decode()


def _commands(text: str) -> set[str]:
    """Names under "Commands:" of a help text."""
    return set(re.findall(r"^  (\S+)", text.partition("Commands:")[2], re.MULTILINE))


@pytest.mark.parametrize(("where", "line"), COMMANDS)
def test_commands_and_their_options_exist(where, line):
    words = shlex.split(line.removeprefix("python -m "), comments=True)
    path = [words.pop(0)]
    while words and words[0] in _commands(_help(*path)):
        path.append(words.pop(0))
    assert len(path) > 1 or not words or words[0].startswith("-"), f"{where}: there is no command {path[0]} {words[0]}"
    options = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    missing = [word for word in options if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", _help(*path))]
    assert not missing, f"{where}: {' '.join(path)} has no {missing}"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"], ids=lambda p: p.name)
def test_links_lead_to_files(page):
    links = [link.partition("#")[0] for link in LINK.findall(page.read_text(encoding="utf-8"))]
    wanted = {link for link in links if link and "://" not in link}
    assert not [link for link in wanted if not (page.parent / link).exists()]


def _cells(text: str) -> list[str]:
    """The cells of all tables, outside of code."""
    lines = FENCE.sub("", text).splitlines()
    rows = [line.strip() for line in lines if line.startswith("|")]
    return [cell.strip() for row in rows for cell in re.split(r"(?<!\\)\|", row.strip("|"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_cells_of_tables_can_be_read_on_a_phone(page):
    long = [cell for cell in _cells(page.read_text(encoding="utf-8")) if len(cell) > 200]
    assert not long, "longer than 200 characters: make it several rows, or a list below the table"


def test_long_cells_are_seen():
    assert _cells("a | b\n\n| x | y \\| z |\n|---|---|\n") == ["x", "y \\| z", "---", "---"]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pages_need_no_textbook(page):
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"(?i)\bthe (?:textbook )?chapter\b|\bsection 13\b|\b13\.[15]\b(?! min)", text)


def _nav(entries) -> list[str]:
    found = []
    for entry in entries:
        for target in entry.values() if isinstance(entry, dict) else [entry]:
            found += _nav(target) if isinstance(target, list) else [target]
    return found


def test_every_page_of_the_site_exists_and_is_listed():
    yaml = pytest.importorskip("yaml")
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    listed = _nav(config["nav"])
    files = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "docs" / "notebooks").glob("*.ipynb")]
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in files}
    assert not [name for name in listed if name not in pages]
    assert not pages - set(listed)


def test_every_reason_and_info_key_is_documented():
    from dnalect.core.records import Reason
    from dnalect.scored.fields import COLUMNS, FIELDS

    text = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")
    assert not [reason for reason in Reason if f"`{reason}" not in text]
    text = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    names = [*(f"DNALECT_{field.key}" for field in FIELDS), *(column.name for column in COLUMNS)]
    assert not [name for name in names if f"`{name}`" not in text]


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_lines_of_the_families_are_those_of_today():
    made = script("families")
    text = made.PAGE.read_text(encoding="utf-8")
    assert text == made.page(text), "run python scripts/families.py"


def test_the_page_of_all_config_keys_is_what_its_script_writes():
    made = script("config_page")
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), "run python scripts/config_page.py"
