"""Every study is a command that the list names, and `worth` names every study of its own."""

import click

from studies import commands
from studies.__main__ import SUMMARIES
from studies.worth.studies import STUDIES


def test_every_command_is_in_the_list():
    made = {each.name for each in vars(commands).values() if isinstance(each, click.Command)}
    assert made == set(SUMMARIES)


def test_worth_names_all_its_studies():
    (option,) = (each for each in commands.worth.params if each.name == "studies")
    assert isinstance(option, click.Option)
    told = set((option.help or "").replace(",", " ").replace(";", " ").split())
    assert {study.name for study in STUDIES} <= told
