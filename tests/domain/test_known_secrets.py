"""Hundreds of secrets are looked for at the cost of a few, and none is missed for it."""

from base64 import b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runflow_mock.domain.known_secrets import FEW_MAX, KNOWN_MIN, Texts
from runflow_mock.domain.scrubbing import LATER_MAX, Scrubber, mask

MANY = tuple(b"text-that-nobody-has-%03d" % number for number in range(FEW_MAX + 1))


class Asked(bytes):
    """Bytes that count how often they are asked for a part of them."""

    times = 0

    def __contains__(self, part: object) -> bool:
        self.times += 1
        return super().__contains__(part)  # type: ignore[operator]  # What is asked for is what is looked for.


@given(before=st.binary(max_size=20), text=st.binary(min_size=KNOWN_MIN, max_size=20), after=st.binary(max_size=20))
@example(before=b"", text=b"exactly8", after=b"")
@example(before=b"12345678", text=b"fourteen-bytes", after=b"")
@example(before=b"1234567", text=b"fifteen-bytes--", after=b"1")
def test_text_among_many_is_found_wherever_it_stands(before: bytes, text: bytes, after: bytes) -> None:
    data = before + text + after
    assert list(Texts([*MANY, text]).within(data)) == [text]
    assert list(Texts(joined=[Texts([text]), Texts(MANY)]).within(data)) == [text]


@given(data=st.binary(max_size=40), texts=st.lists(st.binary(min_size=KNOWN_MIN, max_size=12), max_size=5))
@example(data=b"text-that-nobody-has-007text-that-nobody-has-00", texts=[])
def test_of_many_are_found_those_that_are_there_and_no_others(data: bytes, texts: list[bytes]) -> None:
    sought = tuple(dict.fromkeys((*texts, *MANY)))
    assert list(Texts(sought).within(data)) == [text for text in sought if text in data]


@pytest.mark.parametrize(("texts", "asked"), [(MANY[:FEW_MAX], FEW_MAX), (MANY, 0)], ids=["few", "many"])
def test_where_many_are_looked_for_nobody_asks_for_each_of_them(texts: tuple[bytes, ...], asked: int) -> None:
    data = Asked(b'{"id": "nothing of what is looked for"}')
    assert list(Texts(texts).within(data)) == []
    assert data.times == asked


def test_what_was_scrubbed_before_is_looked_through_for_what_is_new_alone() -> None:
    scrubber = Scrubber(["the-first-secret", "the-second-secret"])
    before = scrubber.lessons
    scrubber.learn("the-third-secret")
    scrubber.learn("the-third-secret")
    assert scrubber.lessons == before + 1
    text = "the-first-secret, the-second-secret, the-third-secret"
    assert scrubber.since(before).scrub_text(text) == f"the-first-secret, the-second-secret, {mask(16).decode()}"
    assert scrubber.since(before + 1).scrub_text(text) == text
    assert scrubber.since(0) is scrubber


def test_what_is_new_is_put_together_once_for_each_number_that_was_known_and_for_few_of_them() -> None:
    scrubber = Scrubber(f"secret-number-{number}" for number in range(2 * LATER_MAX))
    assert scrubber.since(1) is scrubber.since(1)
    kept = [scrubber.since(number) for number in range(1, 2 * LATER_MAX)]
    assert kept[-1] is scrubber.since(2 * LATER_MAX - 1)
    assert len(scrubber._later) <= LATER_MAX
    scrubber.learn("one-more-secret")
    assert scrubber.since(2 * LATER_MAX - 1) is not kept[-1]


PARTS = st.sampled_from(
    ["secret-of-one", "secret-of-two", "secret-of-three", '{"a": "', '"}', "%20", "\\u0041", "\n", "=", "word ", "secret-of-"]
)


@given(parts=st.lists(PARTS | st.text(max_size=3), max_size=12), known=st.integers(1, 3), packed=st.booleans())
@example(parts=["secret-of-", "secret-of-one", "secret-of-two"], known=1, packed=True)
@example(parts=['{"a": "', "secret-of-two", "\\u0041", "secret-of-three", '"}'], known=1, packed=False)
def test_scrubbed_again_for_what_is_new_is_scrubbed_again_for_all(parts: list[str], known: int, packed: bool) -> None:
    secrets = ["secret-of-one", "secret-of-two", "secret-of-three"]
    data = "".join(parts).encode(errors="replace")
    before = Scrubber(secrets[:known]).scrub(b64encode(data) if packed else data)
    scrubber = Scrubber(secrets)
    assert scrubber.since(known).scrub(before) == scrubber.scrub(before)
