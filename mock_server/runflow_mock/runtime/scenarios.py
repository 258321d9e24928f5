"""Scenarios at work: those that ship, files of the user, and the watch over a file that changes."""

from asyncio import sleep, to_thread
from os import stat_result
from pathlib import Path
from stat import S_ISREG
from typing import Protocol

from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.hints import did_you_mean
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.scenarios import Scenario, name_of_file
from runflow_mock.resources import data_folder
from runflow_mock.runtime.config import Config, ConfigError
from runflow_mock.runtime.text_files import read_text_file
from runflow_mock.wire.scenarios import read_scenario

SUFFIX = ".yaml"
SECONDS_BETWEEN_LOOKS = 0.5


class UnknownScenario(ConfigError):
    """A name that no scenario has."""

    def __init__(self, name: str) -> None:
        # A path that leads nowhere may still end with a name.
        hint = did_you_mean(Path(name[:80]).stem, scenario_names())
        choose = f"{hint} Choose" if hint else "; choose"
        super().__init__(f"there is no scenario {name[:80]!r}{choose} one of {', '.join(scenario_names())}, or give the path of a file")
        self.name = name


class ScenarioHost(Protocol):
    """Where scenarios are played: the runtime, as the watch needs it."""

    catalog: Catalog

    def play(self, scenario: Scenario) -> None:
        """Takes the scenario for new tenants, and for those that were made from the one before."""

    def warn(self, text: str) -> None:
        """Tells whoever observes the server."""


def scenario_names() -> tuple[str, ...]:
    """Returns the names of the scenarios that ship."""
    return tuple(sorted(file.stem for file in (data_folder("fixtures") / "scenarios").glob(f"*{SUFFIX}")))


def shipped_scenario(name: str, catalog: Catalog) -> Scenario:
    """Returns a scenario that ships.

    Raises:
        UnknownScenario: there is none of that name.
    """
    return load_scenario(_shipped(name), catalog)


def load_scenario(file: Path, catalog: Catalog) -> Scenario:
    """Returns the scenario in a file; without a name of its own it has the file's.

    Raises:
        ConfigError: the file cannot be read.
        ScenarioFileError: it cannot be used; the message begins with file, line and column.
    """
    return read_scenario(read_text_file(file, "scenario file"), str(file), catalog, name_of_file(file.stem))


def find_scenario_file(name: str) -> Path:
    """Returns the file of a scenario that ships, by its name, or the file of that path.

    Raises:
        UnknownScenario: it is neither.
    """
    file = Path(name)
    return _shipped(name) if name in scenario_names() or not file.exists() else file


def configured_scenario(config: Config, catalog: Catalog) -> Scenario | None:
    """Returns the scenario that every new tenant begins with, if one was asked for.

    Raises:
        ConfigError, ScenarioFileError: it cannot be used.
    """
    if config.scenario is not None and config.scenario_inline is not None:
        raise ConfigError("scenario and scenario-inline: give one of them")
    if config.scenario_inline is not None:
        return read_scenario(config.scenario_inline, "scenario-inline", catalog)
    return None if config.scenario is None else load_scenario(find_scenario_file(config.scenario), catalog)


class ScenarioWatch:
    """Plays a file anew whenever it has changed; a file that cannot be used is told and changes nothing."""

    def __init__(self, file: Path, host: ScenarioHost) -> None:
        self._file = file
        self._host = host
        self._seen = self._stamp()

    async def look(self) -> bool:
        """Tells whether the file had changed and is played from now on; it is read while others have their turn."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            self._host.play(await to_thread(self._read))
        except (ValueError, DomainError) as error:
            self._host.warn(f"the scenario stays as it was: {error}")
            return False
        return True

    async def keep_looking(self) -> None:
        """Looks every now and then, until it is cancelled."""
        while True:
            await sleep(SECONDS_BETWEEN_LOOKS)
            await self.look()

    def _read(self) -> Scenario:
        # Whoever opens a pipe waits for its other end.
        if (status := self._status()) is not None and not S_ISREG(status.st_mode):
            raise ConfigError(f"scenario file {self._file} is no file")
        return load_scenario(self._file, self._host.catalog)

    def _stamp(self) -> tuple[int, int] | None:
        status = self._status()
        return None if status is None else (status.st_mtime_ns, status.st_size)

    def _status(self) -> stat_result | None:
        """Returns the status of the file, or nothing where it cannot be had: why, it says when it is read."""
        try:
            return self._file.stat()
        except OSError:
            return None


def _shipped(name: str) -> Path:
    if name not in scenario_names():
        raise UnknownScenario(name)
    return data_folder("fixtures") / "scenarios" / f"{name}{SUFFIX}"
