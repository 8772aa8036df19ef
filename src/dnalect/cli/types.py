"""Kinds of option values that click lacks."""

import math
from typing import Any

import click


class Finite(click.FloatRange):
    """A number, neither NaN nor infinite, perhaps within bounds."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is no finite number.", param, ctx)
        return found
