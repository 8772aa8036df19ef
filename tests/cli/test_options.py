"""Commands out of dataclasses: what is typed, what a file says, and what is wrong with either."""

import tomllib
from dataclasses import fields
from typing import Annotated

import click
import pytest
from annotated_types import Interval
from click.testing import CliRunner
from typing_extensions import Doc

from dnalect.api.given import options_of
from dnalect.cli.main import COMMANDS, dnalect
from dnalect.cli.options import command
from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.core.errors import ConfigError
from dnalect.core.flags import ARGUMENT, IN_FILE, STRANDS, Command, Config, File, Flag, Positive, Texts
from dnalect.core.reporter import Reporter, say, using, warn


@config
class Options:
    """Of everything one."""

    source: Annotated[str, ARGUMENT]
    out: Annotated[File | None, Flag("-o", "--out"), Doc("Where to.")] = None
    names: Annotated[Texts, Flag("--name"), Doc("Repeatable.")] = ()
    size: Annotated[Positive | None, Doc("How large.")] = None
    share: Annotated[Annotated[float, Interval(ge=0, le=1)], Doc("Of all.")] = 0.5
    strands: Annotated[str, OneOf(("forward", "both"), STRANDS), Doc("Which.")] = "forward"
    kept: Annotated[bool, Flag("--no-keep"), Doc("Throw away.")] = True
    rare: Annotated[int, IN_FILE, Doc("Seldom changed.")] = 3
    config: Config = None
    command: Command = ""


@pytest.fixture
def run():
    """Run a command of these options; return its exit status, its output, and the options that it got."""

    def call(*words):
        told = []

        @command("thing", Options, quiet="Say less.")
        def thing(options):
            """Do it."""
            say("done")
            warn("careful")
            told.append(options)

        with using(Reporter(say=click.echo)):
            done = CliRunner().invoke(thing, list(map(str, words)))
        return done.exit_code, done.output, told[0] if told else None

    return call


def test_what_is_typed_becomes_options(run, tmp_path):
    words = (
        "x.fa",
        "-o",
        tmp_path,
        "--name",
        "a",
        "--name",
        "b",
        "--size",
        4,
        "--share",
        1,
        "--strands",
        2,
        "--no-keep",
    )
    status, output, options = run(*words, "--strands", 2)
    assert status == 0, output
    told = (options.source, options.out, options.names, options.size, options.share, options.strands, options.kept)
    assert told == ("x.fa", tmp_path, ("a", "b"), 4, 1.0, "both", False)
    plain = run("x.fa")[2]
    assert plain == options_of(Options, {"source": "x.fa", "command": plain.command})


def test_a_value_is_as_wrong_when_typed_as_from_python(run):
    for name, value, words in (
        ("size", 0, "is not in the range"),
        ("share", 2, "is not in the range"),
        ("share", "nan", "no finite number"),
        ("strands", "three", "is not one of"),
    ):
        status, output, _ = run("x.fa", f"--{name}", value)
        assert status == 2, output
        assert words in output
        with pytest.raises(ConfigError, match=f"{name} = .*: must be"):
            options_of(Options, {"source": "x.fa", name: value})


def test_what_is_typed_goes_above_the_file_and_the_file_above_the_defaults(run, tmp_path):
    path = tmp_path / "o.toml"
    path.write_text('size = 7\nshare = 0.25\nrare = 9\nnames = ["z"]\nstrands = "both"\n')
    _, output, options = run("x.fa", "--config", path, "--size", 2, "--strands", "forward")
    assert options is not None, output
    assert (options.size, options.strands) == (2, "forward")
    assert (options.share, options.rare, options.names, options.kept) == (0.25, 9, ("z",), True)
    assert options_of(Options, {"source": "x.fa", "config": path, "size": 2}).rare == 9
    path.write_text("rrae = 9\nsize = -1\n")
    with pytest.raises(ConfigError, match=r"2 faults\n  size = -1: must be .*\n  rrae is unknown. Did you mean rare"):
        options_of(Options, {"source": "x.fa", "config": path})


def test_the_file_that_is_printed_holds_the_defaults(run, tmp_path):
    status, output, _ = run("--init-config")
    assert status == 0
    path = tmp_path / "o.toml"
    lines = [line[2:] if " = " in line and not line.endswith("nothing") else line for line in output.splitlines()]
    path.write_text("\n".join(lines))
    assert tomllib.loads(path.read_text())["rare"] == 3
    assert run("x.fa", "--config", path)[2].rare == 3


def test_quiet_leaves_out_notes_and_not_warnings(run, capsys):
    assert "done" in run("x.fa")[1]
    status, output, _ = run("x.fa", "--quiet")
    assert (status, "done" in output) == (0, False)
    assert "careful" in output


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_its_sentence(name):
    context = click.Context(dnalect)
    found = dnalect.get_command(context, name)
    commands = found.commands.values() if isinstance(found, click.Group) else [found]
    bare = [each.opts for one in commands for each in one.params if isinstance(each, click.Option) and not each.help]
    plain = (["--algorithm"], ["--seed"], ["--batch-size"], ["-o", "--output", "--out"])
    assert [each for each in bare if each not in plain] == []


def test_the_fields_are_the_flags(run):
    text = run("--help")[1]
    assert "-o, --out PATH" in text
    assert "--rare" not in text
    assert {each.name for each in fields(Options)} >= {"rare", "command"}
