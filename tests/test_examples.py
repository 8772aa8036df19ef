"""The examples in the docstrings of public names say what is true."""

import doctest
import inspect

import pytest

import dnalect


def _examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(recurse=False)
    found = [test for name in sorted(dnalect.__all__) for test in finder.find(getattr(dnalect, name), name, globs={})]
    return [test for test in found if test.examples]


EXAMPLES = _examples()


# What takes several seconds and has tests of its own, on smaller models.
LONG = ("discover", "export", "similar", "scan")


@pytest.mark.parametrize(
    "example",
    [pytest.param(each, id=each.name, marks=[pytest.mark.slow] if each.name in LONG else []) for each in EXAMPLES],
)
def test_example(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    assert not doctest.DocTestRunner().run(example, out=told.append).failed, "".join(told)


def test_every_function_has_an_example():
    functions = {name for name in dnalect.__all__ if inspect.isfunction(getattr(dnalect, name))}
    assert functions <= {example.name for example in EXAMPLES}
