"""Commands out of the dataclasses of their options; the door that studies use, too.

    @command("scan", Options)
    def scan(options: Options) -> None:
        "Compute every single-base substitution of REFERENCE (FASTA)."

A field of the class is an argument or option: its name is the flag, unless a `Flag` says another; its kind, its bounds
and its choices what is taken; its Doc the help; its default the default. A wrong value is a wrong usage.
"""

import inspect
import math
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin

import click
from annotated_types import Ge, Le

from dnalect.core.configs import with_file
from dnalect.core.described import OneOf, choices_of, hints_of, key_lines, notes, own_first, plain, sentence
from dnalect.core.errors import ConfigError, DnalectError
from dnalect.core.flags import Flag
from dnalect.core.near import near
from dnalect.core.reporter import Reporter, show, using
from dnalect.core.urls import cleaned

T = TypeVar("T")
PLAIN = Flag()
DEFAULT = click.core.ParameterSource.DEFAULT
CONTEXT = {"help_option_names": ["-h", "--help"]}


def command(name: str, kind: type[T], quiet: str = "") -> Callable[[Callable[[T], None]], click.Command]:
    """Make a function of options a command. Its docstring is the help.

    kind: a config class, see `dnalect.core.configs`. quiet: help of --quiet, where the command has it: notes and
    progress are then left out.
    """

    def made(function: Callable[[T], None]) -> click.Command:
        def called(**values: Any) -> None:
            hushed = values.pop("quiet", False) if quiet else False
            with using(Reporter(False, _nothing, show) if hushed else None), near(_options(kind, values)) as options:
                function(options)

        params = parameters(kind)
        if "config" in hints_of(kind):
            params.append(_init_config(name, kind))
        if quiet:
            params.append(click.Option(["--quiet"], is_flag=True, help=quiet))
        return click.Command(name, CONTEXT, called, params, inspect.getdoc(function))

    return made


def _options(kind: type[T], values: dict[str, Any]) -> T:
    """Return the options; what wasn't typed is as the file of --config has it, or as it is by default."""
    if file := values.get("config"):
        context = click.get_current_context()
        given = {name: each for name, each in values.items() if context.get_parameter_source(name) is not DEFAULT}
        return with_file(kind, file, given | typed(kind))
    with wrong_usage(ConfigError):
        return kind(**values, **typed(kind))


def _nothing(_: str) -> None: ...


@contextmanager
def wrong_usage(*kinds: type[DnalectError]) -> Iterator[None]:
    """Make errors of these kinds a wrong usage of the command, which is shown beside it and ends it with 2."""
    try:
        yield
    except kinds as error:
        raise click.UsageError(str(error)) from error


def typed(kind: type[Any]) -> dict[str, str]:
    """Return the field `command` as it was typed, less passwords and signatures in URLs; {} for options without."""
    root = click.get_current_context().find_root().command.name
    program = "dnalect" if root == "dnalect" else f"python -m {root}"
    return {"command": cleaned(f"{program} {shlex.join(sys.argv[1:])}")} if "command" in hints_of(kind) else {}


def parameters(kind: type[Any]) -> list[click.Parameter]:
    """Return the arguments and options that the fields of a config class are."""
    hints = hints_of(kind)
    found: list[click.Parameter] = []
    for each in own_first(kind):
        hint = hints[each.name]
        flag = next((note for note in notes(hint) if isinstance(note, Flag)), PLAIN)
        if flag.typed:
            found.append(_argument(each, hint, flag) if flag.argument else _option(each, hint, flag))
    return found


def _init_config(name: str, kind: type[Any]) -> click.Option:
    def printed(context: click.Context, _option: click.Parameter, asked: bool) -> None:
        if asked and not context.resilient_parsing:
            required = [each.name for each in fields(kind) if each.default is each.default_factory is MISSING]
            keys = key_lines(kind, {}, {*required, "config", "command"})
            click.echo("\n".join([f"# Options of dnalect {name}, as they are by default.", "", *keys[:-1]]))
            context.exit()

    help = "Print such a file, with all keys explained."
    return click.Option(["--init-config"], is_flag=True, is_eager=True, expose_value=False, callback=printed, help=help)


def _argument(field: Field[Any], hint: Any, flag: Flag) -> click.Argument:
    one, several = _one(hint)
    return click.Argument(
        [field.name],
        type=_kind(one),
        nargs=_count(plain(hint)) if several else 1,
        metavar=flag.metavar,
        **_default(field),
    )


def _option(field: Field[Any], hint: Any, flag: Flag) -> click.Option:
    names = [*(flag.names or (f"--{field.name.replace('_', '-')}",)), field.name]
    default = None if field.default is MISSING else field.default
    if plain(hint) is bool:
        pair = "/" in names[0]
        way = {} if pair else {"is_flag": True, "flag_value": not default}
        return click.Option(names, default=default, show_default=pair, help=sentence(hint), **way)
    one, several = _one(hint)
    return click.Option(
        names,
        type=_kind(one),
        multiple=several,
        show_default=bool(default) and default != Path(),
        metavar=flag.metavar,
        help=sentence(hint),
        **_default(field),
    )


def _default(field: Field[Any]) -> dict[str, Any]:
    """What click is told of a default: for it a None that is named is a value, too."""
    return {"required": True} if field.default is MISSING else {"required": False, "default": field.default}


def _one(hint: Any) -> tuple[Any, bool]:
    """Return what one value is, and whether several may be given."""
    bare = plain(hint)
    if get_origin(bare) is tuple:
        return get_args(bare)[0], True
    inner = [each for each in get_args(bare) if each is not NoneType]
    return (inner[0] if NoneType in get_args(bare) else hint), False


def _count(bare: Any) -> int:
    """How many an argument has: -1 for any number."""
    return -1 if get_args(bare)[-1] is Ellipsis else len(get_args(bare))


def _kind(hint: Any) -> click.ParamType[Any]:
    """Return click's type of one value."""
    bare, noted = plain(hint), notes(hint)
    low: Any = next((each.ge for each in noted if isinstance(each, Ge)), None)
    high: Any = next((each.le for each in noted if isinstance(each, Le)), None)
    if choices := choices_of(hint):
        return Words(choices, next((each for each in noted if isinstance(each, OneOf)), OneOf(())))
    if bare is int:
        return click.INT if low is None and high is None else click.IntRange(low, high)
    if bare is float:
        return Finite(low, high)
    return click.Path(path_type=Path) if bare is Path else click.STRING


class Words(click.Choice[str]):
    """A choice with other words for the same: they are taken, not shown."""

    def __init__(self, choices: list[str], words: OneOf):
        super().__init__(choices)
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the choice that a word stands for."""
        return super().convert(self.words.meant(value), param, ctx)


class Finite(click.FloatRange):
    """A number, neither NaN nor infinite, perhaps within bounds."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is no finite number.", param, ctx)
        return found
