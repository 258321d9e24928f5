"""Betrayals: what an answer gives away to whoever has sent a forgery, and what it only says again."""

from base64 import b64encode
from collections.abc import Iterator

import pytest
from slips import PREVIOUS_SECRET, SECRET

from runflow_mock.kit.probes.forgeries import FORGERIES
from runflow_mock.kit.probes.sample_callbacks import SIGNATURE, Sender, digits_of


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with Sender(SECRET, "seed", previous_secret=PREVIOUS_SECRET) as sender:
        yield sender


@pytest.mark.parametrize("name", ["signature with digits behind it", "wrong secret", "last digit wrong"])
def test_answer_that_says_again_which_signature_it_was_sent_gives_nothing_away(sender: Sender, name: str) -> None:
    forgery = FORGERIES[name](sender)
    assert sender.betrayed(forgery, f"{forgery.headers[SIGNATURE]} does not fit".encode()) is None


def test_signature_that_a_forgery_lacks_is_seen_in_digits_and_in_base64_of_bytes_and_of_digits(sender: Sender) -> None:
    forgery = FORGERIES["wrong secret"](sender)
    needed = digits_of(sender.sign(forgery, forgery.body))
    for said in (needed.encode(), needed.upper().encode(), b64encode(bytes.fromhex(needed)), b64encode(needed.encode())):
        assert sender.betrayed(forgery, b"expected " + said) == "the signature that the callback should have had"
