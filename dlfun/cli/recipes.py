"""The recipes of published figures: flagfiles that are installed with dlfun."""

from __future__ import annotations

from pathlib import Path

from dlfun.errors import unknown

RECIPES = Path(__file__).resolve().parents[1] / "recipes"
NAMES = tuple(sorted(path.stem for path in RECIPES.glob("*.flags")))
PREFIX = "recipe:"


def flagfile_of(name: str) -> str:
    """The file that --flagfile names: `recipe:NAME` is a recipe, all else is a path.

    Raises:
      UserError: if there is no such recipe.
    """
    if not name.startswith(PREFIX):
        return name
    recipe = name.removeprefix(PREFIX)
    if recipe not in NAMES:
        raise unknown("recipe", recipe, NAMES)
    return str(RECIPES / f"{recipe}.flags")
