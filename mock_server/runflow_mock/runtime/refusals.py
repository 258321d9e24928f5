"""Refusals of the registry of tenants: there is no room, a key is taken, what is to be restored does not fit."""

from runflow_mock.domain.errors import DomainError, ModelNotFound
from runflow_mock.domain.instants import LATEST
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.principals import SANDBOX
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.engine.invariants import Invariant, check
from runflow_mock.engine.slots import caps_by_id
from runflow_mock.engine.store import Store
from runflow_mock.runtime.config import Config, ConfigError
from runflow_mock.wire.control import ControlError
from runflow_mock.wire.tenants import check_settings
from runflow_mock.wire.times import write_instant


class ServerFull(DomainError):
    """There is no room for a tenant; `option` of `serve` makes more."""

    option = ""


class TenantsFull(ServerFull):
    """The server holds as many tenants as it may."""

    option = "--tenants-max"

    def __init__(self, tenants_max: int) -> None:
        super().__init__(f"this server holds {tenants_max} tenants")
        self.tenants_max = tenants_max


class FilesFull(ServerFull):
    """The server has no room for the files that a tenant brings along."""

    option = "--file-bytes-max"

    def __init__(self, file_bytes_max: int) -> None:
        super().__init__(f"the files of all tenants have at most {file_bytes_max} bytes on this server")


class RecordsFull(ServerFull):
    """The server has no room for what a tenant is to be made from."""

    option = "--record-bytes-max"

    def __init__(self, record_bytes_max: int) -> None:
        super().__init__(
            f"what clients have sent takes at most {record_bytes_max} bytes on this server, and seven tenths of them for one tenant"
        )


class KeyTaken(DomainError):
    """A key of the tenant to be made leads to another tenant already."""

    def __init__(self, key: str, owner: str) -> None:
        super().__init__(f"the key {key} belongs to tenant {owner}")
        self.key = key
        self.owner = owner


class ModelMissing(DomainError):
    """A tenant to be restored has a run of a model that this server does not have."""

    def __init__(self, run_id: str, model: str) -> None:
        super().__init__(f"run {run_id} needs {model}, which is not in this server's catalog: start it with the same --catalog")
        self.run_id = run_id
        self.model = model


class Contradiction(DomainError):
    """The records of a tenant to be restored do not add up."""

    def __init__(self, invariant: Invariant) -> None:
        super().__init__(f"the tenant contradicts itself: {invariant.name}, but {invariant.evidence}")


def refuse_contradictions(store: Store, settings: TenantSettings) -> None:
    """Raises for a world whose figures do not add up: neither a snapshot nor a log shows that what it says could have happened.

    Raises:
        Contradiction: an invariant does not hold.
    """
    broken = next((each for each in check(store, settings.concurrency) if not each.is_held), None)
    if broken is not None:
        raise Contradiction(broken)


def refuse_unusable(config: Config, catalog: Catalog) -> None:
    """Raises for a configuration with which no tenant could be made: whoever starts a server is told, not each client.

    Raises:
        ConfigError: a setting cannot be one of a tenant.
    """
    try:
        check_settings(config.tenant(SANDBOX))
        caps_by_id(config.concurrency, catalog, "")
    except ControlError as error:
        raise ConfigError(error.message) from None
    except ModelNotFound as error:
        raise ConfigError(f"concurrency: {error}{f'; did you mean {error.nearest}?' if error.nearest else ''}") from None


class TenantUnavailable(DomainError):
    """A kept tenant cannot be had: its file could not be read."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"tenant {name}: {reason}")


class StepsExceeded(DomainError):
    """An advance fired as many timers as it may."""

    def __init__(self, steps_max: int) -> None:
        super().__init__(f"the advance stopped after {steps_max} timers")
        self.steps_max = steps_max


class BeyondTime(DomainError):
    """A clock is to be moved to where none can stand."""

    def __init__(self) -> None:
        super().__init__(f"the latest instant that a clock can reach is {write_instant(LATEST)}")
