"""dnalect benchmark suite.yaml --data DATA --out results"""

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.jobs.benchmark.options import Options


@command("benchmark", Options)
def benchmark(options: Options) -> None:
    """Measure the models of a SUITE (YAML) on its tasks, beside simple rivals, over several seeds.

    Writes a table of figures with intervals and paired differences, plots, and a page.

    \b
    dnalect benchmark configs/benchmarks/core.yaml --data DATA --out results/core
    """
    from dnalect.jobs.benchmark.run import run_benchmark

    run_benchmark(options)
    say(f"the figures are in {options.out / 'figures.tsv'}; open {options.out / 'index.html'}")
