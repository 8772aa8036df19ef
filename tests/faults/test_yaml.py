"""A YAML file takes no more time and room than it looks like."""

import time

import pytest

from dnalect.core.errors import ConfigError
from dnalect.core.yaml_files import read_yaml

LIST = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
MAPPING = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n} {{{', '.join(f'k{m}: *a{n - 1}' for m in range(9))}}}\n" for n in range(1, 12)
)
MERGED = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], m{n}: 1}}\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LIST, "values once its aliases are written out"),
        (MAPPING, "values once its aliases are written out"),
        (MERGED, "values once its aliases are written out"),
        ("a0: &a0 1\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60)), "50 levels once"),
        ("a: &a [*a]\n", "line 1: an alias stands within"),
        ("a: &a {b: *a}\n", "an alias stands within"),
        ("[" * 60 + "]" * 60, "more than 50 levels"),
        ("[" * 50_000, "YAML"),
        ("- " * 5000, "YAML"),
        ("{a: " * 5000, "YAML"),
        (f"seed: {'9' * 5000}\n", "line 1: a number of 5,000 characters"),
        (f"seed: {'1:' * 5000}1\n", "a number of 10,001 characters"),
        (f"rate: 1.{'0' * 5000}\n", "a number of"),
        ("day: 2024-13-45\n", "YAML"),
        ("x: " + "y" * (1 << 18), "more than 262,144"),
        ("a: \x01\n", "is no YAML"),
    ],
)
def test_what_would_grow_is_refused_at_once(tmp_path, text, message):
    path = tmp_path / "suite.yaml"
    path.write_text(text)
    begun = time.process_time()
    with pytest.raises(ConfigError, match=message):
        read_yaml(path)
    assert time.process_time() - begun < 2


def test_aliases_of_a_usual_suite_are_fine(tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_text("common: &common {k: 6, rate: 1.5e-3}\nmodels: [*common, {<<: *common, k: 3}]\n")
    assert read_yaml(path)["models"] == [{"k": 6, "rate": 0.0015}, {"k": 3, "rate": 0.0015}]


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "bytes.yaml").write_bytes(b"a: \xff\n")
    for name, message in (("bytes.yaml", "no text"), ("none.yaml", "No such file"), (".", "no regular file")):
        with pytest.raises(ConfigError, match=message):
            read_yaml(tmp_path / name)
