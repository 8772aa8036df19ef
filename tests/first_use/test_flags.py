"""The same thing is called the same in every command, and what it was called before still works."""

import functools

import click
import pytest
from click.testing import CliRunner

from dnalect.cli.main import COMMANDS, dnalect
from dnalect.core.errors import ContigNameError
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import read_regions

TOGETHER = (
    {"-o", "--output", "--out"},
    {"-m", "--model"},
    {"-r", "--reference"},
    {"--dtype", "--precision"},
)


def _leaves(name: str, command: click.Command):
    if isinstance(command, click.Group):
        for more in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), more)
            assert found is not None
            yield from _leaves(f"{name} {more}", found)
    else:
        yield name, {option for each in command.params for option in each.opts if option.startswith("-")}


@functools.cache
def options() -> dict[str, set[str]]:
    found = {}
    for name in COMMANDS:
        found |= dict(_leaves(name, dnalect.get_command(click.Context(dnalect), name)))
    return found


@pytest.mark.parametrize("together", TOGETHER, ids=sorted)
def test_names_of_one_thing_go_together(together):
    shared = {name: here & together for name, here in options().items()}
    assert [name for name, here in shared.items() if here not in (set(), together)] == []
    assert any(together <= here for here in options().values())


@pytest.mark.parametrize("name", ["score", "scan", "rank", "predict", "embed"])
def test_contigs_are_renamed_everywhere(name):
    assert "--rename-contigs" in options()[name]


@pytest.mark.parametrize("name", ["score", "scan", "embed", "predict", "finetune", "benchmark"])
def test_where_and_how_precisely_is_asked_alike(name):
    assert {"--device", "--dtype", "--threads"} <= options()[name]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["scroe"], "there is no command 'scroe'. Did you mean score"),
        (["embedd", "x"], "Did you mean embed?"),
        (["models", "lst"], "Did you mean 'list'?"),
        (["score", "--modle", "x"], "Did you mean '--model'?"),
        (["predict", "-m", "model", "a", "b", "-o", "c.tsv"], "give the folder of a fine-tuned model and one input"),
        (["embed", "x.fa", "-o", "x.npz", "--precision", "fp8"], "'fp8' is not one of 'float32', 'bfloat16'"),
    ],
)
def test_wrong_usage_is_2_and_guesses(words, told):
    done = CliRunner().invoke(dnalect, words)
    assert done.exit_code == 2
    assert told in done.output


def test_regions_find_contigs_under_other_names(fasta, tmp_path):
    genome = open_genome({"20": "ACGTACGT", "chrM": "ACGT"})
    with pytest.raises(ContigNameError, match=r"the regions call a contig 'chr20', .*--rename-contigs auto"):
        read_regions(genome, ["chr20:1-2"])
    names = tmp_path / "names"
    names.write_text("twenty 20\n")
    bed = tmp_path / "r.bed"
    bed.write_text("MT\t1\t3\n")
    for texts, rename, wanted in (
        (["chr20:2-3"], "auto", [(0, 1, 3)]),
        ([str(bed), "chr20"], "auto", [(1, 1, 3), (0, 0, 8)]),
        (["twenty:1-1"], str(names), [(0, 0, 1)]),
    ):
        assert [(r.contig, r.start, r.end) for r in read_regions(genome, texts, rename)] == wanted
