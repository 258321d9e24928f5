"""What can go wrong by the client's doing, each named after the fact and carrying its evidence.

No HTTP status stands here: `wire.problems` chooses status, code and text by a table.
"""

from runflow_mock.domain.money import Money


class DomainError(Exception):
    """A command that cannot be carried out; the world has not changed."""


class NotFound(DomainError):
    """The thing does not exist in this world, or belongs to somebody else: both look the same."""

    def __init__(self, noun: str, identifier: str) -> None:
        super().__init__(f"no {noun} {identifier}")
        self.noun = noun
        self.identifier = identifier


class ModelNotFound(DomainError):
    """No model of that id is offered."""

    def __init__(self, model_id: str, nearest: str | None) -> None:
        super().__init__(f"no model {model_id}")
        self.model_id = model_id
        self.nearest = nearest


class ModelNotBatchable(DomainError):
    """The model takes single runs only."""

    def __init__(self, model_id: str) -> None:
        super().__init__(f"{model_id} does not take batches")
        self.model_id = model_id


class InsufficientCredits(DomainError):
    """The projected cost exceeds what the balance leaves after the holds: nothing was created."""

    def __init__(self, *, projected: Money, available: Money) -> None:
        super().__init__("the projected cost exceeds the available balance")
        self.projected = projected
        self.available = available


class NotTerminal(DomainError):
    """Only a finished run or batch can be redelivered."""

    def __init__(self, noun: str, identifier: str, status: str) -> None:
        super().__init__(f"{noun} {identifier} is {status}")
        self.noun = noun
        self.identifier = identifier
        self.status = status


class CallbackUrlMissing(DomainError):
    """The run or batch was created without a callback URL, so that there is nothing to redeliver."""

    def __init__(self, noun: str, identifier: str) -> None:
        super().__init__(f"{noun} {identifier} has no callback_url")
        self.noun = noun
        self.identifier = identifier


class DeliveryInFlight(DomainError):
    """A delivery of the same run or batch has neither succeeded nor given up yet."""

    def __init__(self, noun: str, identifier: str, delivery_id: str) -> None:
        super().__init__(f"delivery {delivery_id} of {noun} {identifier} is still in flight")
        self.noun = noun
        self.identifier = identifier
        self.delivery_id = delivery_id


class SecretIsCurrent(DomainError):
    """The signing secret is replaced by promoting another one, never by demoting it."""

    def __init__(self, secret_id: str) -> None:
        super().__init__(f"secret {secret_id} is the current one")
        self.secret_id = secret_id


class NameTaken(DomainError):
    """Another thing of the same kind and parent has this name."""

    def __init__(self, noun: str, name: str) -> None:
        super().__init__(f"there is already a {noun} {name}")
        self.noun = noun
        self.name = name


class ForeignRecord(DomainError):
    """The thing is published by another organization: it can be read and used, but not changed."""

    def __init__(self, noun: str, identifier: str) -> None:
        super().__init__(f"{noun} {identifier} belongs to another organization")
        self.noun = noun
        self.identifier = identifier


class Outdated(DomainError):
    """The caller's `updated_at` is not the record's: somebody else has changed it meanwhile."""

    def __init__(self, noun: str) -> None:
        super().__init__(f"the {noun} has changed meanwhile")
        self.noun = noun


class BytesMissing(DomainError):
    """An upload was confirmed before its bytes arrived."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(f"no bytes of upload {upload_id} have arrived")
        self.upload_id = upload_id


class KeyReused(DomainError):
    """An Idempotency-Key came back with another body."""

    def __init__(self, key: str) -> None:
        super().__init__("the Idempotency-Key was used with another body")
        self.key = key


class LimitReached(DomainError):
    """The world is full: one of the kit's own limits, not the API's."""

    def __init__(self, limit: str, value: int) -> None:
        super().__init__(f"{limit} is {value}")
        self.limit = limit
        self.value = value
