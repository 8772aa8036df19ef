"""The validator of configs: what is wrong is told with its path, its value and what is allowed."""

import datetime
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Interval, Len
from typing_extensions import Doc

from dnalect.core.configs import config, config_text, read_toml, validated
from dnalect.core.described import OneOf, allowed, described
from dnalect.core.errors import ConfigError, DnalectError

Share = Annotated[float, Interval(ge=0, lt=1)]


@dataclass(frozen=True)
class Inner:
    width: Annotated[int, Ge(1), Doc("Channels.")] = 3


@config
class Part:
    name: Annotated[str, Len(1), Doc("A name.")]
    train: Annotated[tuple[str, ...], Len(1)] = ("a",)
    weight: float = 0.0

    def __post_init__(self) -> None:
        if self.weight == 7:
            raise ConfigError("weight must not be seven")


@config
class Whole:
    """Of every kind of field."""

    parts: Annotated[tuple[Part, ...], Doc("The parts.")]
    inner: Inner = field(default_factory=Inner)
    betas: tuple[Share, Share] = (0.9, 0.98)
    kind: Annotated[Literal["a", "b"], Doc("Which kind.")] = "a"
    number: Annotated[int, Interval(ge=0, le=10), Doc("How many.")] = 3
    yes: bool = False
    files: dict[str, str] | str = ""
    weights: dict[Annotated[str, OneOf(["left", "right"])], Share] = field(default_factory=dict)
    most: int | None = None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "c: parts is missing: it must be a list of tables"),
        ([], "c: must be a table"),
        ({"parts": "x"}, 'c: parts = "x": must be a list of tables'),
        ({"parts": [{"name": "a", "train": "t"}]}, 'c: parts[0].train = "t": must be a list of texts, at least 1'),
        ({"parts": [{"name": "a"}, {"name": ""}]}, 'c: parts[1].name = "": must be a text, not empty'),
        ({"parts": [{"name": "a", "trian": []}]}, "c: parts[0].trian is unknown. Did you mean train?"),
        ({"parts": [{"name": "a", "weight": 7}]}, "c: parts[0]: weight must not be seven"),
        ({"parts": [3]}, "c: parts[0] = 3: must be a table"),
        ({"parts": [], "number": 3.0}, "c: number = 3.0: must be a whole number, 0 to 10"),
        ({"parts": [], "number": True}, "c: number = true: must be a whole number"),
        ({"parts": [], "number": "3"}, 'c: number = "3": must be a whole number'),
        ({"parts": [], "number": 10**30}, "c: number = 1000000000000000000000000000000: is too large"),
        ({"parts": [], "yes": 1}, "c: yes = 1: must be true or false"),
        ({"parts": [], "kind": "c"}, 'c: kind = "c": must be one of a, b'),
        ({"parts": [], "betas": [0.5, 1]}, "c: betas[1] = 1: must be a number, 0 or more and below 1"),
        ({"parts": [], "betas": [0.5]}, "c: betas[1] is missing"),
        ({"parts": [], "betas": [0.5, float("nan")]}, "c: betas[1] = nan: must be a finite number"),
        ({"parts": [], "files": {"a": 1}}, "c: files.a = 1: must be a text"),
        ({"parts": [], "files": 1}, "c: files = 1: must be a table with texts or a text"),
        ({"parts": [], "weights": {"rihgt": 0.1}}, "c: weights.rihgt is unknown. Did you mean right?"),
        ({"parts": [], "weights": {"left": 2}}, "c: weights.left = 2: must be a number"),
        ({"parts": [], "inner": {"width": 0}}, "c: inner.width = 0: must be a whole number, 1 or more"),
        ({"parts": [], "inner": {"wdith": 0}}, "c: inner.wdith is unknown. Did you mean width?"),
        ({"parts": [], "most": "all"}, 'c: most = "all": must be a whole number or nothing'),
        ({"parts": [], "kind": datetime.date(2020, 1, 2)}, "c: kind = 2020-01-02: is a date; put it in quotes"),
        ({"parts": [], 3: 4}, "the key 3 must be a text"),
    ],
)
def test_a_wrong_value_is_told_with_its_path_and_what_is_allowed(values, message):
    with pytest.raises(ConfigError) as error:
        validated(Whole, values, "c")
    assert message in str(error.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError, match=r"c: 3 faults\n  parts is missing.*\n  kind = .*\n  nmuber is unknown"):
        validated(Whole, {"kind": 1, "nmuber": 2}, "c")


def test_right_values_are_taken_as_they_are():
    found = validated(Whole, {"parts": [{"name": "a", "weight": 2}], "betas": [0, 0.5], "files": {"a": "b"}}, "c")
    assert (found.parts, found.betas, found.files) == ((Part("a", ("a",), 2.0),), (0, 0.5), {"a": "b"})
    assert replace(found, number=4).number == 4
    for wrong in ({"number": -1}, {"number": 1.5}, {"betas": (float("inf"), 0.5)}, {"kind": "z"}):
        with pytest.raises(ConfigError, match="must be"):
            replace(found, **wrong)
    with pytest.raises(DnalectError, match="parts is missing"):
        Whole()


def test_annotations_describe_themselves():
    told = {each.name: each for each in described(Whole)}
    assert (told["number"].allowed, told["number"].default, told["number"].sentence) == (
        "a whole number, 0 to 10",
        "3",
        "How many.",
    )
    assert (told["parts"].required, told["betas"].default, told["kind"].default) == (True, "[0.9, 0.98]", '"a"')
    assert allowed(Annotated[float, Interval(gt=0, le=4)]) == "a number, above 0 and at most 4"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = ", "is no TOML"),
        (b"\xff\xfe", "is no text"),
        (b"a = 1" + b"0" * 5000, "thousands of digits"),
        (b"a = " + b"[" * 20_000, "nested too deep|no TOML"),
        (b"#" * (1 << 22) + b"##", "larger than 4 MB"),
        (b"a = 1\na = 2", "is no TOML"),
    ],
    ids=["cut", "utf-8", "digits", "nested", "large", "twice"],
)
def test_a_file_that_is_no_config_is_said_to_be_none(tmp_path, content, message):
    path = tmp_path / "c.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_toml(path)


def test_what_is_no_file_is_not_read(tmp_path):
    with pytest.raises(ConfigError, match="no regular file"):
        config_text(tmp_path)
    with pytest.raises(ConfigError, match="No such file"):
        config_text(tmp_path / "none.toml")
