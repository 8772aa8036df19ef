"""Small labelled tables for fine-tuning: what can be learned, what can't, and what leaks."""

import numpy as np

PARTS = ("train", "train", "train", "validate", "test", "test")


def sequences(count, rng, length=48):
    """Random sequences; every second one holds more G and C than A and T in its middle."""
    texts = []
    for number in range(count):
        text = "".join(rng.choice(list("ACGT"), length))
        middle = "".join(rng.choice(list("GGGC" if number % 2 else "ATAT"), 20))
        texts.append(text[:14] + middle + text[34:])
    return texts


def columns(texts, rng):
    """Labels of every kind, each with holes: two classes, three, tracks and a signal."""
    gc = [(text.count("G") + text.count("C")) / len(text) for text in texts]
    hole = rng.random((4, len(texts))) < 0.1
    two = [str(number % 2) for number in range(len(texts))]
    three = [("low", "mid", "high")[int(share > 0.4) + int(share > 0.6)] for share in gc]
    tracks = [";".join(name for name, yes in (("g", "GGG" in t), ("a", "AT" in t[14:34])) if yes) for t in texts]
    values = [f"{share + 0.01 * rng.standard_normal():.4f}" for share in gc]
    found = {"two": two, "three": three, "marks": tracks, "share": values}
    return {
        name: ["NA" if out else cell for cell, out in zip(cells, holes, strict=True)]
        for (name, cells), holes in zip(found.items(), hole, strict=True)
    }


def write(path, labels, texts, parts=None):
    """Write a TSV of sequences, labels and parts, which lie mixed."""
    parts = parts or [PARTS[number // 2 % len(PARTS)] for number in range(len(texts))]
    rows = zip(texts, *labels.values(), parts, strict=True)
    lines = ["\t".join(row) for row in (("sequence", *labels, "split"), *rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def learnable(path, count=120, seed=1):
    """A table with the one label `label` that GC content tells."""
    texts = sequences(count, np.random.default_rng(seed))
    return write(path, {"label": [str(number % 2) for number in range(count)]}, texts)


def shuffled(path, count=240, seed=1):
    """A table whose labels say nothing."""
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice(list("ACGT"), 48)) for _ in range(count)]
    return write(path, {"label": [str(each) for each in rng.permutation(np.arange(count) % 2)]}, texts)
