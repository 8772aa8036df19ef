"""Predictors and goals -> designs, rivals at as many calls, and what others say of both: all of `dnalect design`."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from dnalect.core.errors import ConfigError
from dnalect.core.files import check_outputs
from dnalect.core.reporter import phase, say
from dnalect.design import rivals
from dnalect.design.ascent import ascend
from dnalect.design.asked import Asked, Numbers, Problem
from dnalect.design.beam import beam
from dnalect.design.evolution import evolve
from dnalect.design.goals import Panel, aim_of
from dnalect.design.pareto import apart, crowding, front
from dnalect.genome.fasta import is_sequence
from dnalect.genome.motifs import read_motifs
from dnalect.jobs.design.asking import known_of, problem_of
from dnalect.jobs.design.judging import Group, Jury, Known, beyond, judged
from dnalect.jobs.design.options import Options, check_suffix
from dnalect.jobs.design.outputs import Designed, facts_of, write_outputs
from dnalect.models.load import language_model, tuned_model
from dnalect.models.precision import use_threads
from dnalect.tokens.bases import UNKNOWN

DESIGN = "design"
SEARCHES: dict[str, Callable[[Asked, np.random.Generator], None]] = {
    "gradient": ascend,
    "beam": beam,
    "evolution": evolve,
}


def design_file(options: Options) -> Designed:
    """Design, judge and write every output. Raises a DnalectError and leaves nothing behind."""
    use_threads(options.threads)
    for output in options.outputs:
        check_suffix(output)
    template = None if options.template is None or is_sequence(options.template) else options.template
    inputs = (template, options.known, options.motifs, options.likelihood, *options.models, *options.judges)
    check_outputs(options.outputs, inputs)
    machine = options.device, options.dtype
    predictors = [tuned_model(each, *machine) for each in options.models]
    judges = [tuned_model(each, *machine) for each in options.judges]
    language = language_model(options.likelihood, *machine) if options.likelihood is not None else None
    panel = Panel(predictors, [aim_of(text) for text in options.goals], language, options.batch)
    problem, known = problem_of(options, panel), Known.of(known_of(options.known))
    motifs = tuple(read_motifs(options.motifs)) if options.motifs else ()
    groups = [_designed(options, problem), *_rivals(options, problem, known.texts)]
    jury = Jury(panel, tuple(judges), language, known, motifs, options.batch)
    table, figures, content = judged(groups, jury)
    facts = facts_of(options, jury, problem)
    notes = tuple(beyond(panel, groups[0]))
    for note in notes:
        say(note)
    done = Designed(table, figures, tuple(groups), content, facts, notes)
    write_outputs(options.outputs, done)
    return done


def _designed(options: Options, problem: Problem) -> Group:
    """Return the designs."""
    rng = np.random.default_rng(options.seed)
    with phase(f"designing ({options.method})", options.calls, "calls") as bar:
        asked = Asked(problem, options.calls, bar)
        SEARCHES[options.method](asked, rng)
    if not asked.codes:
        raise ConfigError(_impossible(problem, rng))
    return Group(DESIGN, asked, _first(options, asked))


def _rivals(options: Options, problem: Problem, given: Sequence[str]) -> Iterator[Group]:
    """Yield the rivals that there can be."""
    asks: dict[str, Callable[[Asked, np.random.Generator], str | None]] = {
        rivals.RANDOM: rivals.random,
        rivals.SHUFFLED: lambda asked, rng: rivals.shuffle(asked, given, rng),
        rivals.KNOWN: lambda asked, rng: rivals.known(asked, given, rng),
    }
    for number, name in enumerate(each for each in rivals.RIVALS if each in options.rivals):
        with phase(f"rivals ({name})", options.calls, "calls") as bar:
            asked = Asked(problem, options.calls, bar)
            why = asks[name](asked, np.random.default_rng((options.seed, 1 + number)))
        if asked.codes:
            yield Group(name, asked, _first(options, asked))
        elif why:
            say(f"no rival {name!r}: {why}")


def _first(options: Options, asked: Asked) -> Numbers:
    """Return the rows of the best, apart from each other; with several goals those of the front alone."""
    gains = asked.gains()
    if gains.shape[1] == 1:
        order = np.argsort(-gains[:, 0], kind="stable")
    else:
        rows = front(gains)
        order = rows[np.argsort(-crowding(gains[rows], np.zeros(len(rows), dtype=np.int64)), kind="stable")]
    free = int(asked.problem.free.sum(axis=1).max())
    distance = options.apart if options.apart is not None else 1 if options.edits is not None else max(1, free // 10)
    return apart(np.stack(asked.codes), order, options.count, distance)


def _impossible(problem: Problem, rng: np.random.Generator) -> str:
    """Say which rules no sequence was found to keep."""
    starts = problem.starts
    unknown = starts == UNKNOWN
    codes = starts.copy()
    codes[unknown] = rng.integers(UNKNOWN, size=int(unknown.sum()))
    broken = problem.rules.broken_by(problem.mended(codes, np.arange(len(codes)), rng), starts)
    return (
        f"no sequence was found that keeps all constraints; in the nearest one these are broken: {'; '.join(broken)}. "
        "Loosen one, protect fewer bases, or allow more --edits"
    )
