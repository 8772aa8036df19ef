"""Files of every kind as short texts that are the same on every machine."""

import gzip
import html
import io
import json
import re
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

# Characters of a text that are kept at its head; of the other lines a checksum, and sums of their numbers.
HEAD = 2_300
# Drawings of a page that are told one by one.
BLOCKS = 5
# Of decimal numbers.
DIGITS = 4
DATE = re.compile(r"\b20\d\d-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?\b")
DURATION = re.compile(
    r"\b\d[\d,.]*(?:e[-+]\d+)? ?(?:ms|s|sec|seconds?|min|minutes?|h|hours?|days?)\b(?: \d+ ?(?:s|min|minutes?)\b)?"
    r"|\b\d[\d,.]*(?:e[-+]\d+)?"
    r"(?= (?:windows|variants|SNVs|bases|sequences|records|tokens|steps)(?: a|/| per )\s?(?:s|second)\b)"
)
DIGEST = re.compile(
    r"(?<![\w.])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{16}|(?=\d*[a-f])[0-9a-f]{12}|(?<=\")[0-9a-f]{12}(?=\"))\b"
)
# What tells of the machine, of time, or of all bits of what was computed.
HOST = (
    (re.compile(r'("(?:seconds|minutes|core_minutes)": )[\d.e+-]+'), r"\1<time>"),
    (re.compile(r"\b\d+ threads(, in )\w+"), r"<n> threads\1<dtype>"),
    (re.compile(r"\b[\d,]+ bytes"), "<n> bytes"),
    (re.compile(r", (?:about|at most) <time> left"), ""),
    (re.compile(r'("crc32": \[\s*)\d+'), r"\1<crc32>"),
)
TEMPORARY = re.compile(r"<tmp>/[\w.-]+")
NUMBER = re.compile(r"(?<![\w.])[-+−]?(?:\d[\d,]*\.\d+|\d+)(?:[eE][-+]?\d+)?(?![\w])")  # noqa: RUF001
DECIMAL = re.compile(r"(?<![\w.])([-+−]?)(\d[\d,]*\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)(?![\w]|\.\d)")  # noqa: RUF001
PROGRESS = re.compile(
    r"\d+%\||Ctrl-C keeps|this will take about|\bit/s|s/it\b"
    r"|^dnalect: [\w ]+: [\d,]+ (?:of|\w+ (?:in|after)) .*\d+ (?:s|min|h|days)\b"
)


@dataclass
class Rules:
    """Normalise a text. paths: text -> word. digests: known sha256 -> word. digits: of decimal numbers."""

    paths: dict[str, str]
    digests: dict[str, str]
    versions: set[str]
    digits: int = DIGITS
    _ordered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ordered = sorted(self.paths, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for path in self._ordered:
            text = text.replace(path, self.paths[path])
        text = TEMPORARY.sub("<tmp>/<name>", text)
        for version in self.versions:
            text = re.sub(rf"(?<![\w.]){re.escape(version)}(?![\w]|\.\d)", "<version>", text)
        text = DIGEST.sub(self._digest, text)
        text = DATE.sub("<date>", text)
        text = DURATION.sub("<time>", text)
        for pattern, word in HOST:
            text = pattern.sub(word, text)
        return DECIMAL.sub(lambda found: found[1] + self.number(found[2]), text)

    def _digest(self, found: re.Match[str]) -> str:
        known = (word for digest, word in self.digests.items() if digest.startswith(found[0]))
        # Digests of sequences are the same everywhere, those of weights that were learned and of scores are not.
        before = found.string[max(0, found.start() - 40) : found.start()]
        fixed = ".fa" in before or "digest" in before
        other = f"{found[0][:8]}..." if fixed else f"<digest of {len(found[0])}>"
        return next(known, other)

    def number(self, text: str) -> str:
        """Round a decimal number to the digits that are kept; one that has fewer stays as it is."""
        value = float(text.replace(",", ""))
        if len(re.sub(r"e.*|\D", "", text.lower()).lstrip("0")) <= self.digits and "e" not in text.lower():
            return text if abs(value) >= 1e-4 or not value else self.short(value)
        return self.short(value)

    def short(self, value: float) -> str:
        """A number with the digits that are kept, and at most so many decimals."""
        if not np.isfinite(value):
            return str(float(value))
        if value and abs(value) < 10.0**-self.digits:
            return f"{value:.0e}" if abs(value) >= 1e-5 else "0.0~"
        text = f"{value:.{self.digits}g}"
        if "e" in text:
            return text
        return text if len(text.partition(".")[2]) <= self.digits else f"{value:.{self.digits}f}"


def without_progress(data: bytes) -> str:
    """Text of a stream without bars and the lines that say how far something is."""
    lines = [line.split("\r")[-1] for line in data.decode(errors="backslashreplace").splitlines()]
    return "".join(f"{line}\n" for line in lines if not PROGRESS.search(line))


def same(one: str, other: str, unit: float = 1.0) -> bool:
    """Whether two texts are equal but for numbers that differ by one unit of their last digit."""
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    return all(a == b or _near(a, b, unit) for a, b in zip(NUMBER.findall(one), NUMBER.findall(other), strict=True))


def _near(one: str, other: str, unit: float) -> bool:
    def parts(text: str) -> tuple[float, int]:
        text = text.replace(",", "").replace("−", "-")  # noqa: RUF001
        mantissa, _, exponent = text.lower().partition("e")
        return float(text), int(exponent or 0) - len(mantissa.partition(".")[2])

    (a, last_a), (b, last_b) = parts(one), parts(other)
    if "." not in one + other and "e" not in (one + other).lower():
        return False  # whole numbers are counts
    # 0.1 and 0.09999 were rounded at different digits: the coarser one counts.
    return abs(a - b) <= unit * 1.01 * 10.0 ** max(min(last_a, last_b), min(-4, max(last_a, last_b)))


def describe(path: Path, rules: Rules) -> str:
    """Return a file as a text."""
    name = path.name.lower()
    for suffix, how in KINDS.items():
        if name.endswith(suffix):
            return how(path, rules)
    return binary(path, rules)


def binary(path: Path, rules: Rules) -> str:
    """A file of an unknown kind: its text if it is one, the arrays of a sealed npz, else its size."""
    data = path.read_bytes()
    if data.startswith(b"PK\x03\x04"):
        return npz(io.BytesIO(data), rules)
    try:
        return rules(data.decode())
    except UnicodeDecodeError:
        return f"binary, {len(data)} bytes, crc {zlib.crc32(data):08x}\n"


def presence(path: Path, rules: Rules) -> str:
    return "an index or image that is not read\n"


def lines_of(text: str, rules: Rules, head: int = HEAD) -> str:
    """A text; of a long one its head, and of the rest a checksum of what is no number, and sums of the numbers."""
    lines = rules(text).splitlines()
    sizes = np.cumsum([len(line) + 1 for line in lines])
    if not lines or sizes[-1] <= head + 1000:
        return "".join(f"{line}\n" for line in lines)
    head = int(np.searchsorted(sizes, head))
    rest = "\n".join(lines[head:])
    numbers = [float(each.replace(",", "").replace("−", "-")) for each in NUMBER.findall(rest)]  # noqa: RUF001
    skeleton = zlib.crc32(NUMBER.sub("#", rest).encode())
    return "".join(f"{line}\n" for line in lines[:head]) + (
        f"... {len(lines) - head} more lines, without numbers crc {skeleton:08x}, "
        f"{len(numbers)} numbers: {values(np.array(numbers), rules)}\n"
    )


def cut(line: str, longest: int = 150) -> str:
    """The beginning of a long line, and a checksum of the rest without its numbers."""
    rest = line[longest:]
    return line[:longest] + (
        f"... without numbers crc {zlib.crc32(NUMBER.sub('#', rest).encode()):08x}" if rest else ""
    )


def text(path: Path, rules: Rules) -> str:
    return lines_of(path.read_text(encoding="utf-8"), rules)


def vcf(path: Path, rules: Rules) -> str:
    return lines_of(path.read_text(encoding="utf-8"), rules, 2 * HEAD)


def zipped(path: Path, rules: Rules) -> str:
    head = path.read_bytes()[:16]
    kind = "bgzip" if head[12:14] == b"BC" else "gzip"
    data, plain = gzip.decompress(path.read_bytes()), path.with_suffix("")
    if plain.exists() and plain.read_bytes() == data:
        return f"[{kind}]\nthe same as {plain.name}\n"
    return f"[{kind}]\n" + lines_of(data.decode(), rules)


def values(array: Any, rules: Rules) -> str:
    """Numbers: their first, mean, spread, and a sum that knows their order; others: checksum and the first."""
    array = np.asarray(array)
    if array.dtype.kind in "iufb" and array.size:
        flat = array.astype(np.float64).ravel()
        good = np.where(np.isfinite(flat), flat, 0)
        weights = np.random.RandomState(1).standard_normal(min(flat.size, 100_000))
        order = float(good[: weights.size] @ weights) / max(1e-30, float(np.linalg.norm(good[: weights.size])))
        shown = " ".join(rules.short(float(each)) for each in flat[:6])
        return (
            f"first {shown}; mean {rules.short(float(good.mean()))} std {rules.short(float(good.std()))}"
            f" order {rules.short(order)}"
            + (f" not finite {(~np.isfinite(flat)).sum()}" if good.size and not np.isfinite(flat).all() else "")
        )
    items = [rules(each.decode() if isinstance(each, bytes) else str(each)) for each in array.ravel().tolist()]
    return f"crc {zlib.crc32(chr(0).join(items).encode()):08x}, first {' '.join(items[:6])}"


def _array(name: str, array: Any, rules: Rules) -> str:
    array = np.asarray(array)
    kind = str(array.dtype) if array.dtype.kind not in "OSU" else "text"
    return f"{name} {kind} {array.shape}: {values(array, rules)}\n"


def npz(path: Path | io.BytesIO, rules: Rules) -> str:
    with np.load(path, allow_pickle=False) as arrays:
        return "".join(_array(name, arrays[name], rules) for name in sorted(arrays.files))


def npy(path: Path, rules: Rules) -> str:
    return _array("array", np.load(path, allow_pickle=False), rules)


def safetensors(path: Path, rules: Rules) -> str:
    """Names, shapes, mean magnitudes; a file of many tensors in one line each."""
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    told = [f"metadata {rules(json.dumps(header.pop('__metadata__', None)))}\n"]
    kinds = {"F32": np.float32, "F64": np.float64, "F16": np.float16, "I64": np.int64, "I32": np.int32, "U8": np.uint8}
    for name, entry in sorted(header.items()):
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        kind = kinds.get(entry["dtype"])
        array = np.frombuffer(data[begin:end], kind) if kind else np.frombuffer(data[begin:end], np.uint8)
        mean = float(np.abs(array.astype(np.float64)).mean()) if array.size else 0.0
        told.append(f"{name} {entry['dtype']} {entry['shape']}: mean |x| {rules.short(mean)}\n")
    return "".join(told)


def h5(path: Path, rules: Rules) -> str:
    import h5py

    told: list[str] = []

    def visit(name: str, item: Any) -> None:
        for key, value in sorted(item.attrs.items()):
            told.append(f"{name} @{key}: {value if key == 'encoding-version' else rules(str(value))}\n")
        if isinstance(item, h5py.Dataset):
            told.append(_array(name, item[()], rules))

    with h5py.File(path) as file:
        file.visititems(visit)
    return "".join(told)


def parquet(path: Path, rules: Rules) -> str:
    from pyarrow.parquet import read_table

    table = read_table(path)
    meta = table.schema.metadata or {}
    told = [
        f"# {key.decode()}: {rules(value.decode())}\n" for key, value in sorted(meta.items()) if key != b"ARROW:schema"
    ]
    told.append(f"{table.num_rows} rows\n")
    told += [f"{entry.name}: {entry.type}{'' if entry.nullable else ' not null'}\n" for entry in table.schema]
    rows = []
    for row in table.to_pylist():
        cells = []
        for cell in row.values():
            if isinstance(cell, list) and len(cell) > 8:
                cell = f"[{values(np.array(cell), rules)}]"
            cells.append(str(cell))
        rows.append("\t".join(cells))
    return "".join(told) + lines_of("\n".join(rows), rules)


def bigwig(path: Path, rules: Rules) -> str:
    import pyBigWig

    told = []
    with pyBigWig.open(str(path)) as wig:
        told.append(f"bigWig {sorted(wig.chroms().items())}\n")
        for contig in sorted(wig.chroms()):
            spans = wig.intervals(contig) or ()
            told.append(f"{contig}: {len(spans)} intervals\n")
            if spans:
                told.append(f"  starts {values(np.array([s for s, _, _ in spans]), rules)}\n")
                told.append(f"  ends {values(np.array([e for _, e, _ in spans]), rules)}\n")
                told.append(f"  values {values(np.array([v for _, _, v in spans]), rules)}\n")
    return "".join(told)


def png(path: Path, rules: Rules) -> str:
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return f"PNG of {width} x {height}\n"


def jsons(path: Path, rules: Rules) -> str:
    """JSON, laid out; long lists of numbers become what `values` says of them."""
    data = path.read_text(encoding="utf-8")
    told = json.dumps(_shortened(json.loads(data), rules), indent=1, ensure_ascii=False)
    return f"[{len(data.splitlines())} lines]\n" + lines_of(told, rules)


def _shortened(item: Any, rules: Rules) -> Any:
    if isinstance(item, dict):
        return {key: _shortened(value, rules) for key, value in item.items()}
    if isinstance(item, list):
        flat = _flat(item)
        if len(flat) > 8 and all(isinstance(each, int | float) for each in flat):
            return f"{len(item)} of {len(flat)} numbers: {values(np.array(flat, float), rules)}"
        if len(flat) > 8 and all(isinstance(each, str) for each in flat):
            return f"{len(item)} of {len(flat)} texts: {values(np.array(flat), rules)}"
        return [_shortened(each, rules) for each in item]
    return item


def _flat(item: Any) -> list[Any]:
    if isinstance(item, list):
        return [each for one in item for each in _flat(one)]
    return [item]


TAG = re.compile(r"<[^>]*>")
BLOCK = re.compile(r"<(script|style|svg)\b([^>]*)>(.*?)</\1>", re.S)


def page(path: Path, rules: Rules) -> str:
    """HTML: the text that is seen, the data block, and of drawings, styles and scripts what they are made of."""
    told: list[str] = []

    def block(found: re.Match[str]) -> str:
        kind, attributes, inside = found.groups()
        # The bytes of a picture in it are no numbers, and differ by the last bit of what it shows.
        inside = PICTURE.sub("", inside)
        if kind == "script" and "json" in attributes:
            told.append(f"data{attributes}:\n" + _data(inside, rules))
        elif kind == "svg":
            seen = " ".join(html.unescape(TAG.sub(" ", inside)).split())
            counts = {tag: inside.count(f"<{tag}") for tag in ("path", "rect", "circle", "line", "polyline", "text")}
            shapes = ", ".join(f"{count} {tag}" for tag, count in counts.items() if count)
            numbers = [float(each) for each in re.findall(r"-?\d+\.\d+|-?\d+", TAG_VALUES.sub(r" \1 ", inside))]
            told.append(f"drawing of {shapes}; {values(np.array(numbers), rules)}; {cut(rules(seen))}\n")
        else:
            plain = rules(inside)
            told.append(f"{kind}{attributes}: {len(plain.splitlines())} lines, crc {zlib.crc32(plain.encode()):08x}\n")
        return f"\n[{kind} {len(told)}]\n"

    source = BLOCK.sub(block, path.read_text(encoding="utf-8"))
    skeleton = re.findall(r"<(/?\w+)", source)
    source = re.sub(r"</(?:td|th)>", " | ", source)
    source = re.sub(
        r"</?(?:p|div|h\d|tr|table|li|ul|section|figure|figcaption|br|main|header|details|summary)\b[^>]*>",
        "\n",
        source,
    )
    links = re.findall(r'(?:href|src|alt|title|aria-label)="([^"]{0,200})"', source)
    seen = [" ".join(html.unescape(TAG.sub("", line)).split()) for line in source.splitlines()]
    shown = "\n".join(line for line in seen if line)
    parts = [f"{len(skeleton)} tags, crc {zlib.crc32(' '.join(skeleton).encode()):08x}\n", lines_of(shown, rules)]
    parts += [f"links: {cut(rules(' '.join(each for each in links if not each.startswith('data:'))))}\n"]
    blocks = [f"[{n}] {each}" for n, each in enumerate(told, 1)]
    drawings = [each for each in blocks if "] drawing" in each][BLOCKS:]
    kept = "".join(each for each in blocks if each not in drawings)
    return "".join(parts) + kept + lines_of("".join(drawings), rules, 0)


PICTURE = re.compile(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+")
TAG_VALUES = re.compile(r'="([^"]*)"')


def _data(inside: str, rules: Rules) -> str:
    try:
        return lines_of(json.dumps(_shortened(json.loads(html.unescape(inside)), rules), indent=1), rules)
    except ValueError:
        return f"no JSON, {len(inside)} characters: {rules(inside[:300])}\n"


KINDS = {
    ".gz": zipped,
    ".npz": npz,
    ".npy": npy,
    ".safetensors": safetensors,
    ".h5ad": h5,
    ".parquet": parquet,
    ".bw": bigwig,
    ".png": png,
    ".json": jsons,
    ".html": page,
    ".vcf": vcf,
    ".tbi": presence,
    ".csi": presence,
    ".pt": presence,
    ".pdf": presence,
    **dict.fromkeys(
        (".tsv", ".bed", ".bedgraph", ".csv", ".txt", ".toml", ".md", ".fa", ".svg", ".log", ".jsonl"), text
    ),
}
