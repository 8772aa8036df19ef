"""The recipes that come with the package, by name: the TOML files of configs/."""

from pathlib import Path

from dnalect.core.errors import ConfigError
from dnalect.core.nearest import did_you_mean

# In an installed package the files lie inside it, in a checkout beside src.
_PACKAGE = Path(__file__).parents[1]
FOLDERS = (_PACKAGE / "configs", _PACKAGE.parents[1] / "configs")


def shipped() -> dict[str, Path]:
    """Return name -> file of every recipe, sorted by name."""
    folder = next((each for each in FOLDERS if each.is_dir()), FOLDERS[0])
    return {path.stem: path for path in sorted(folder.rglob("*.toml"), key=lambda each: each.stem)}


def recipe_path(name: str | Path) -> Path:
    """Return the file of a config: where it stands, else that of a shipped recipe of this name.

    Raises ConfigError where it is neither.
    """
    path, known = Path(name), shipped()
    if path.exists():
        return path
    if str(name) in known:
        return known[str(name)]
    near = did_you_mean(path.stem, known)
    raise ConfigError(
        f"{name} is no file, and no recipe that comes with dnalect.{near} The recipes are {', '.join(known)}; "
        "`dnalect pretrain genome.fa -o my-model` needs none"
    )
