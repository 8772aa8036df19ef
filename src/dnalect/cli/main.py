"""The command `dnalect`. Commands are thin: they import their workflow when they run."""

import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

import click

from dnalect import __version__
from dnalect.cli.start import begin_quickly
from dnalect.core.errors import DnalectError
from dnalect.core.interrupts import Stopped
from dnalect.core.nearest import did_you_mean
from dnalect.core.reporter import Reporter, show, using

COMMANDS = {
    "score": "dnalect.cli.score",
    "merge": "dnalect.cli.merge",
    "scan": "dnalect.cli.scan",
    "embed": "dnalect.cli.embed",
    "map": "dnalect.cli.map",
    "similar": "dnalect.cli.similar",
    "discover": "dnalect.cli.discover",
    "rank": "dnalect.cli.rank",
    "link": "dnalect.cli.link",
    "explain": "dnalect.cli.explain",
    "demo": "dnalect.cli.demo",
    "pretrain": "dnalect.cli.pretrain",
    "label": "dnalect.cli.label",
    "finetune": "dnalect.cli.finetune",
    "predict": "dnalect.cli.predict",
    "generate": "dnalect.cli.generate",
    "design": "dnalect.cli.design",
    "conservation": "dnalect.cli.conservation",
    "evaluate": "dnalect.cli.evaluate",
    "benchmark": "dnalect.cli.benchmark",
    "models": "dnalect.cli.models",
    "tokenize": "dnalect.cli.tokenize",
    "vocabulary": "dnalect.cli.vocabulary",
    "export": "dnalect.cli.export",
    "page": "dnalect.cli.page",
    "serve": "dnalect.cli.serve",
}
SUMMARIES = {
    "score": "Score the variants of a VCF, TSV or BED with a DNA language model.",
    "merge": "Put the shards of a run together: the outputs of one run.",
    "scan": "Compute every single-base substitution of a genome.",
    "rank": "Rank scored variants within loci and pick those that a budget buys, with reasons.",
    "link": "Name candidate target genes of variants, by contact, with what speaks for each.",
    "explain": "Show what a model sees at a place, beside what it sees where there is nothing.",
    "embed": "Write the vectors that a model has for sequences, windows or alleles.",
    "map": "Draw a map of windows by a model's vectors, with clusters, beside simple rivals.",
    "similar": "List the windows of a genome that a model finds most like a sequence.",
    "discover": "Find candidates that are like known elements of another genome.",
    "demo": "Score natural promoter variants of yeast chromosome I; makes demo-out/.",
    "pretrain": "Train a model from a config and genomes.",
    "label": "Label windows of a genome by the cells in which they are open.",
    "finetune": "Tune a model on labelled sequences, and measure it beside simple rivals.",
    "predict": "Write what a fine-tuned model predicts of sequences, windows or a genome.",
    "generate": "Draw sequences that a model finds likely, or fill gaps in one.",
    "design": "Design sequences towards fine-tuned models, under constraints.",
    "conservation": "Write how slowly each base of a genome changes among its relatives.",
    "evaluate": "Measure a model against its rivals on held-out sequence.",
    "benchmark": "Measure models on labelled tasks beside simple rivals, over several seeds.",
    "models": "List the models that can be loaded, choose one, check a downloaded one.",
    "tokenize": "Show how models read DNA: a table of tokens and the bases they cover.",
    "vocabulary": "Learn, compare and choose the words that a model reads DNA in.",
    "export": "Write a model as a file of ONNX, for programs in other languages.",
    "page": "Write a page that runs DNA language models in the browser: one file, no network.",
    "serve": "Open the page on any model and on your own files, from this machine alone.",
}


class LateGroup(click.Group):
    """Imports a command's module only when the command is called.

    homes: command -> module, which holds it under its own name or as `command`. summaries: command -> one line.
    """

    def __init__(self, *args: Any, homes: Mapping[str, str], summaries: Mapping[str, str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.homes, self.summaries = homes, summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.homes)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.homes:
            return None
        from importlib import import_module

        module = import_module(self.homes[cmd_name])
        command: click.Command = getattr(module, cmd_name, None) or module.command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the command. Raises UsageError with the nearest name for a mistyped one."""
        if args and args[0] not in self.homes and not args[0].startswith("-"):
            hint = did_you_mean(args[0], self.homes) or f" There are {', '.join(self.homes)}."
            ctx.fail(f"there is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.summaries[name]) for name in self.homes])


@click.group(
    cls=LateGroup, homes=COMMANDS, summaries=SUMMARIES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="dnalect")
@click.pass_context
def dnalect(context: click.Context) -> None:
    """DNA language models: from a genome and a VCF to ranked variants.

    \b
    Try it:   dnalect demo
    Score:    dnalect score genome.fa variants.vcf.gz -o scored.vcf.gz --report report.html
    """
    context.with_resource(using(Reporter(say=show)))


def _terminate(*_: Any) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run `dnalect`; see `run`."""
    run(dnalect)


def run(command: click.Command) -> None:
    """Run a command and leave with 0 (done), 1 (error), 2 (wrong usage) or 130 (interrupted)."""
    signal.signal(signal.SIGTERM, _terminate)
    begin_quickly()
    if strange := [each for each in sys.argv[1:] if _undecodable(each)]:
        shown = strange[0].encode(errors="surrogateescape").decode(errors="backslashreplace")
        _fail(f"the name {shown} is not UTF-8; rename the file, or set a UTF-8 locale", 2)
    try:
        command.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as stop:
        # click takes the end of any file for Ctrl-D at a question.
        if isinstance(stop.__cause__, EOFError):
            _fail(f"a file ended before it was whole: {stop.__cause__}", 1)
        # click puts its own error around what interrupted the command.
        told = next((each for each in (stop, stop.__cause__) if isinstance(each, Stopped)), None)
        _fail(str(told or "interrupted; no output was written"), 130)
    except BrokenPipeError:
        # The reader of our stdout is gone, as with `| head`: nothing is wrong.
        _settle_stdout()
        sys.exit(0)
    except DnalectError as error:
        _fail(str(error), 1)
    except MemoryError:
        _fail("out of memory; try a smaller --batch-size", 1)
    except OSError as error:
        _settle_stdout()
        name = str(error.filename or "standard input or output")
        _fail(f"{name if len(name) <= 300 else name[:300] + '...'}: {error.strerror or error}", 1)


def _undecodable(text: str) -> bool:
    """Whether a name of the command line has bytes that are no text in this locale."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _settle_stdout() -> None:
    """Give up what standard output does not take, so that Python says nothing of it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, status: int) -> None:
    sys.stderr.write(f"dnalect: {message}\n")
    sys.exit(status)
