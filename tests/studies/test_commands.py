"""Every study is a command that the list names, and `worth` names every study of its own."""

from importlib import import_module

import click

from studies import commands
from studies.__main__ import HOMES, SUMMARIES
from studies.worth.studies import STUDIES


def test_every_command_is_in_the_list():
    homes = [import_module(name) for name in set(HOMES.values())]
    made = {each.name for home in homes for each in vars(home).values() if isinstance(each, click.Command)}
    assert made == set(SUMMARIES)


def test_worth_names_all_its_studies():
    (option,) = (each for each in commands.worth.params if each.name == "studies")
    assert isinstance(option, click.Option)
    told = set((option.help or "").replace(",", " ").replace(";", " ").split())
    assert {study.name for study in STUDIES} <= told
