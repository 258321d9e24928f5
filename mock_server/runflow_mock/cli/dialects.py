"""How a command speaks where the sources disagree: the options `--dialect`, `--profile` and `--switches`, and what they come to."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from runflow_mock.cli.options import option
from runflow_mock.domain.dialects import BUNDLES, Dialect, dialect_of
from runflow_mock.runtime.config import ConfigError

if TYPE_CHECKING:
    from runflow_mock.wire.profiles import Profile

DEFAULT_DIALECT = "seed"
DecoratedT = TypeVar("DecoratedT", bound=Callable[..., object])


class Speech(NamedTuple):
    """The name of a bundle, and single switches on top of it."""

    dialect: str
    switches: dict[str, str]

    @property
    def spoken(self) -> Dialect:
        """The bundle with the switches set."""
        return dialect_of(self.dialect, self.switches)


class Said(NamedTuple):
    """What of a speech was said: no dialect where it is left to whoever answers."""

    dialect: str | None
    switches: dict[str, str]


def dialect_options(decorated: DecoratedT) -> DecoratedT:
    """Adds the options that say how to speak; each has the variable that `serve` has for it."""
    return dialect_options_or(f"the profile's, or {DEFAULT_DIALECT}", "What to speak where the sources disagree.")(decorated)


def dialect_options_or(shown: str, text: str) -> Callable[[DecoratedT], DecoratedT]:
    """Returns what adds them where another dialect is spoken unless one is said, and where `--dialect` means something more particular."""

    def add(decorated: DecoratedT) -> DecoratedT:
        for add_option in (
            option("--switches", default="", help="Single switches on top of both, such as status_spelling=us,signature=bare."),
            option(
                "--profile",
                default=None,
                type=click.Path(path_type=Path),
                help="Profile of `runflow-mock calibrate`, on top of the dialect.",
            ),
            option("--dialect", default=None, show_default=shown, type=click.Choice(list(BUNDLES)), help=text),
        ):
            decorated = add_option(decorated)
        return decorated

    return add


def read_speech(options: Mapping[str, Any]) -> Speech:
    """Returns what the three options come to: a profile goes on top of the dialect, and the switches on top of both.

    Raises:
        ConfigError: the profile cannot be used, or there is no such switch or value.
    """
    said = read_said(options)
    return Speech(said.dialect or DEFAULT_DIALECT, said.switches)


def read_said(options: Mapping[str, Any]) -> Said:
    """Returns the same where it is another's to choose the dialect unless one is said.

    Raises:
        ConfigError: the profile cannot be used, or there is no such switch or value.
    """
    profile = None if options["profile"] is None else _profile(options["profile"])
    dialect = options["dialect"] or (None if profile is None else profile.dialect)
    switches = {**({} if profile is None else profile.switches), **_read_switches(options["switches"])}
    try:
        dialect_of(dialect or DEFAULT_DIALECT, switches)
    except ValueError as error:
        raise ConfigError(f"switches: {error}") from None
    return Said(dialect, switches)


def _profile(file: Path) -> "Profile":
    from runflow_mock.runtime.profiles import load_profile

    return load_profile(file)


def _read_switches(text: str) -> dict[str, str]:
    switches = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals:
            raise ConfigError(f"switches: {part!r} is not name=value")
        switches[name] = value
    return switches
