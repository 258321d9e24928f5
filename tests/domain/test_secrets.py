import pytest
from records import LATER, a_secret
from worlds import START

from runflow_mock.domain.secrets import (
    CallbackSecret,
    SecretChanged,
    SecretDeleted,
    SecretDemoted,
    SecretPromoted,
    SecretRenamed,
    SecretUsed,
    current_secret,
    evolve,
    previous_secret,
    promote,
    successor,
)

SECRET_ID = a_secret().id


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (SecretRenamed(SECRET_ID, LATER, "blue"), a_secret(is_current=True, label="blue", updated_at=LATER)),
        (SecretPromoted(SECRET_ID, LATER), a_secret(is_current=True, updated_at=LATER)),
        (SecretDemoted(SECRET_ID, LATER), a_secret(is_current=False, updated_at=LATER, replaced_at=LATER)),
        (SecretDeleted(SECRET_ID, LATER), a_secret(is_current=False, updated_at=LATER, disabled_at=LATER, replaced_at=LATER)),
        (SecretUsed(SECRET_ID, LATER), a_secret(is_current=True, updated_at=START, last_used_at=LATER)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_event_changes_what_it_names_and_nothing_else(event: SecretChanged, expected: CallbackSecret) -> None:
    assert evolve(a_secret(is_current=True), event) == expected


def test_label_can_be_taken_away() -> None:
    assert evolve(a_secret(label="blue"), SecretRenamed(SECRET_ID, LATER, None)).label is None


def test_promotion_makes_a_secret_current() -> None:
    assert evolve(a_secret(), SecretPromoted(SECRET_ID, LATER)).is_current


def test_only_the_current_secret_signs() -> None:
    secrets = [a_secret(1), a_secret(2, is_current=True), a_secret(3)]
    assert current_secret(secrets) == secrets[1]


def test_without_secrets_nothing_signs() -> None:
    assert current_secret([]) is None
    assert current_secret([a_secret(1, disabled_at=LATER)]) is None


def test_secret_before_the_current_one_is_the_last_that_was_replaced() -> None:
    never, long_ago, lately = a_secret(1), a_secret(2, replaced_at=START), a_secret(3, replaced_at=LATER, disabled_at=LATER)
    assert previous_secret([lately, never, long_ago, a_secret(4, is_current=True)]) == lately


def test_secret_that_came_back_is_not_the_previous_one() -> None:
    assert previous_secret([a_secret(1, is_current=True, replaced_at=START), a_secret(2)]) is None


def test_deleted_secret_that_was_not_current_was_replaced_before_or_never() -> None:
    assert evolve(a_secret(), SecretDeleted(SECRET_ID, LATER)).replaced_at is None


def test_promotion_demotes_the_other_first() -> None:
    old, new = a_secret(1, is_current=True), a_secret(2)
    assert promote([old, new], new.id, LATER) == (SecretDemoted(old.id, LATER), SecretPromoted(new.id, LATER))


def test_promotion_of_the_only_secret_demotes_nobody() -> None:
    only = a_secret(1, is_current=True)
    assert promote([only], only.id, LATER) == (SecretPromoted(only.id, LATER),)


def test_successor_is_the_newest_enabled_secret_left() -> None:
    secrets = [a_secret(1), a_secret(2), a_secret(3, disabled_at=LATER), a_secret(4, is_current=True)]
    assert successor(secrets, secrets[3].id) == secrets[1]


def test_last_secret_has_no_successor() -> None:
    assert successor([a_secret(1, is_current=True), a_secret(2, disabled_at=LATER)], SECRET_ID) is None
