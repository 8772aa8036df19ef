"""`dnalect serve` typed for the first time."""

import sys

import pytest
from click.testing import CliRunner

from dnalect.cli.main import dnalect
from dnalect.core.errors import ConfigError


def told(*words):
    return CliRunner().invoke(dnalect, ["serve", *words])


@pytest.mark.parametrize("missing", ["uvicorn", "fastapi", "orjson"])
def test_without_its_libraries_it_says_how_to_install_them(monkeypatch, missing):
    for name in [each for each in sys.modules if each.startswith("dnalect.serve.") and not each.endswith("options")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    found = told()
    assert isinstance(found.exception, ConfigError)
    assert str(found.exception) == f"dnalect serve needs {missing}: pip install 'dnalect[serve]'"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("no/such/folder",), "there is no folder no/such/folder"),
        (("--token", "short"), "--token must have at least 8 characters"),
        (("--port", "99999"), "--port"),
        (("--upload-mb", "0"), "--upload-mb"),
    ],
)
def test_a_wrong_option_is_told(words, says):
    found = told(*words)
    assert found.exit_code == 2
    assert says in found.output
