"""Secrets go out of bytes whatever form they have there, and nothing else changes: not even the length."""

import gzip
import html
import json
import zlib
from base64 import b64decode, b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable
from functools import partial
from itertools import product
from urllib.parse import quote, quote_plus

import pytest
from costs import lines_run
from hypothesis import example, given
from hypothesis import strategies as st

from runflow_mock.domain import scrubbing
from runflow_mock.domain.disguises import MEMBERS_MAX, UNPACKED_MAX
from runflow_mock.domain.scrubbing import HARMLESS_MAX, KNOWN_MAX, Scrubber, mask

KNOWN = "hunter2hunter2"
SECRETS = (
    KNOWN,
    "rf_live_REALLYREAL123",
    "rf_svc_9f8e7d6c5b4a",
    "rfk_0123456789",
    "rf_whsec_" + "ab" * 24,
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
)
UNUSUAL = ('quo"ted\\secret', "two words & <more>", "пароль-секрет", "clé-secrète-à-nous", "\U0001f511\U0001f511-key-of-ours")
"""Secrets that escapes change."""


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in a query": lambda secret: f"/v1/runs?client_ref={secret}&limit=5",
    "in a path": lambda secret: f"/v1/{secret}/runs",
    "percent-encoded": _percent,
    "percent-encoded twice": lambda secret: _percent(_percent(secret)),
    "in JSON": lambda secret: json.dumps({"deep": [{"down": secret}]}),
    "with the escapes of JSON": lambda secret: f'{{"a": "{_escaped(secret)}"}}',
    "in JSON that is cut": lambda secret: f'{{"a": [{{"b": "{secret}", "c',
    "in base64": lambda secret: b64encode(f"user:{secret}".encode()).decode(),
    "in base64 for addresses": lambda secret: urlsafe_b64encode(f"~~~{secret}??>".encode()).decode(),
    "in base64 after something like it": lambda secret: "/path/to/" + b64encode(f"x{secret}".encode()).decode(),
    "in percent-encoded base64": lambda secret: quote(b64encode(f"us{secret}".encode()).decode(), safe=""),
    "in UTF-16": lambda secret: secret.encode("utf-16-le").decode("latin-1"),
    "in hexadecimal digits": lambda secret: f"x-{secret.encode().hex()}-x",
    "in large hexadecimal digits": lambda secret: secret.encode().hex().upper(),
    "with the escapes of HTML": lambda secret: "".join(f"&#{ord(character)};" for character in secret),
    "with the escapes of XML": lambda secret: "".join(f"&#x{ord(character):X};" for character in secret),
    "with the escapes of languages": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret.encode()),
    "with the braces of JavaScript": lambda secret: "".join(f"\\u{{{ord(character):x}}}" for character in secret),
    "with the long escapes of Python": lambda secret: "".join(f"\\U{ord(character):08x}" for character in secret),
    "in JSON within JSON within JSON": lambda secret: json.dumps(json.dumps({"a": json.dumps({"b": secret})})),
    "in base64 of several lines": lambda secret: encodebytes(f"{'z' * 41}{secret}{'q' * 70}".encode()).decode(),
    "in base64 of several lines in JSON": lambda secret: json.dumps({"a": encodebytes(f"{'z' * 41}{secret}{'q' * 9}".encode()).decode()}),
    "in base64 with the slashes of PHP": lambda secret: b64encode(f"???~~~{secret}???".encode()).decode().replace("/", "\\/"),
    "packed in base64": lambda secret: b64encode(gzip.compress(secret.encode(), mtime=0)).decode(),
    "in base64 of base64": lambda secret: b64encode(b64encode(f"x{secret}".encode())).decode(),
    "in base64 of base64 of JSON": lambda secret: b64encode(b64encode(json.dumps({"a": secret}).encode())).decode(),
    "in base64 of lines of base64": lambda secret: encodebytes(encodebytes(f"{'z' * 70}{secret}".encode())).decode(),
    "in base64 of hexadecimal digits": lambda secret: b64encode(secret.encode().hex().encode()).decode(),
    "in hexadecimal digits of base64": lambda secret: b64encode(secret.encode()).hex(),
    "in hexadecimal digits twice": lambda secret: secret.encode().hex().encode().hex(),
    "in base64 of UTF-16": lambda secret: b64encode(secret.encode("utf-16-le")).decode(),
    "in UTF-32": lambda secret: secret.encode("utf-32-be").decode("latin-1"),
    "packed by zlib in base64": lambda secret: b64encode(zlib.compress(secret.encode())).decode(),
    "percent-encoded five times": lambda secret: secret.replace("_", "%252525255F").replace("t", "%2525252574"),
    "quoted-printable": lambda secret: "".join(f"={byte:02X}" for byte in secret.encode()),
    "quoted-printable of several lines": lambda secret: f"{secret[:9]}=\r\n{secret[9:]}",
    "with octal escapes": lambda secret: "".join(f"\\{byte:03o}" for byte in secret.encode()),
    "with named entities": lambda secret: f"&quot;{secret.replace('_', '&lowbar;')}&quot;",
    "between other secrets": lambda secret: f"{KNOWN},{secret},rf_live_ANOTHERONE",
}


@pytest.mark.parametrize(("secret", "form"), list(product(SECRETS, FORMS)))
def test_secret_is_masked_in_every_form_and_the_length_stays(secret: str, form: str) -> None:
    scrubber, data = Scrubber([KNOWN]), FORMS[form](secret).encode("latin-1")
    scrubbed = scrubber.scrub(data)
    hidden = secret.removeprefix("rf_live_").removeprefix("rf_svc_").removeprefix("rfk_").removeprefix("rf_whsec_").removeprefix("whsec_")
    assert FORMS[form](hidden).encode("latin-1").strip(b"=") not in scrubbed
    assert scrubbed != data
    assert len(scrubbed) == len(data)
    assert scrubber.scrub(scrubbed) == scrubbed


WRITTEN: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "in JSON": lambda secret: json.dumps({"a": secret}).encode(),
    "in JSON of UTF-8": lambda secret: json.dumps({"a": secret}, ensure_ascii=False).encode(),
    "in JSON within JSON": lambda secret: json.dumps(json.dumps({"a": json.dumps(secret)})).encode(),
    "percent-encoded": lambda secret: quote(secret).encode(),
    "in a form": lambda secret: quote_plus(secret).encode(),
    "in HTML": lambda secret: html.escape(secret).encode(),
    "in Python": lambda secret: ascii([secret]).encode(),
    "in base64": lambda secret: b64encode(f"u:{secret}".encode()),
    "in UTF-16": lambda secret: secret.encode("utf-16"),
    "in Latin-1": lambda secret: (
        secret.encode("latin-1", errors="ignore") if secret.isprintable() and max(secret) < "\u0100" else secret.encode()
    ),
}


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize("secret", UNUSUAL)
def test_secret_of_unusual_characters_is_known_however_it_is_written(secret: str, form: str) -> None:
    data = b"before " + WRITTEN[form](secret) + b" after"
    scrubbed = Scrubber([secret]).scrub(data)
    assert scrubbed.startswith(b"before ")
    assert b"redacted" in scrubbed or b64encode(b"u:redacted")[:12] in scrubbed
    assert len(scrubbed) == len(data)


@pytest.mark.parametrize("secret", SECRETS[1:])
def test_real_key_is_known_in_capitals(secret: str) -> None:
    scrubbed = Scrubber().scrub(secret.upper().encode())
    assert b"redacted" in scrubbed
    assert secret.upper().encode() not in scrubbed


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_packed_bytes_with_a_secret_are_masked_as_a_whole(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(b'{"a": "rf_live_REALLYREAL123"}')
    assert Scrubber().scrub(packed) == mask(len(packed))
    harmless = pack(b"nothing to hide")
    assert Scrubber().scrub(harmless) == harmless
    assert Scrubber().scrub(b"x^rf_live_REALLYREAL123") == b"x^rf_live_redacted*****"


def _in_base64(text: str) -> str:
    return f'"{b64encode(text.encode()).decode()}"'


def _broken_at_the_end(content: bytes) -> bytes:
    return gzip.compress(content)[:-8] + b"\x00" * 8


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "several": lambda content: gzip.compress(b"first") + gzip.compress(content),
    "one in another": lambda content: gzip.compress(gzip.compress(content)),
    "broken at the end": _broken_at_the_end,
    "behind something": lambda content: b"--part\r\n\r\n" + gzip.compress(content),
}


@pytest.mark.parametrize("form", PACKED)
def test_packed_bytes_are_looked_through_in_every_arrangement(form: str) -> None:
    packed, harmless = PACKED[form](b'{"a": "rf_live_REALLYREAL123"}'), PACKED[form](b"nothing to hide")
    scrubbed = Scrubber().scrub(packed)
    assert len(scrubbed) == len(packed)
    assert scrubbed.endswith(mask(len(gzip.compress(b"rf_live_REALLYREAL123")))[8:])
    assert Scrubber().scrub(harmless) == harmless


def _deflated(content: bytes) -> bytes:
    return zlib.compress(content)[2:-4]


@pytest.mark.parametrize("before", [b"", b"hello " * 50])
def test_what_was_packed_without_a_head_is_masked_as_a_whole(before: bytes) -> None:
    packed, harmless = _deflated(before + b"rf_live_REALLYREAL123"), _deflated(before + b"nothing to hide")
    assert Scrubber().scrub(packed) == mask(len(packed))
    assert Scrubber().scrub(harmless) == harmless
    assert Scrubber().is_clean("pâté".encode())


def test_base64_of_much_text_stays_also_behind_escapes() -> None:
    harmless = [b64encode(b"%d: nothing to hide, nothing at all" % number) for number in range(60)]
    layered = b" ".join(b"%25" * 5 + run for run in harmless)
    assert Scrubber().scrub(layered) == layered
    assert Scrubber().scrub(b" ".join(harmless)) == b" ".join(harmless)


@pytest.mark.slow(is_covering=True)
def test_more_than_can_be_decoded_is_masked() -> None:
    texts = [b64encode(b64encode(b"%d: nothing to hide, nothing at all" % number)).hex().encode() for number in range(200)]
    layered = b" ".join(b"%25" * 5 + text for text in texts)
    scrubbed = Scrubber().scrub(layered)
    assert (len(scrubbed), mask(len(texts[0])) in scrubbed) == (len(layered), True)
    assert Scrubber().scrub(b" ".join(texts)) == b" ".join(texts)


def test_run_of_texts_that_each_begin_elsewhere_is_masked_rather_than_decoded_four_times() -> None:
    texts = [b64encode(b"the quick brown fox %06d jumps over the lazy dogs" % number).rstrip(b"=") for number in range(300)]
    one, many = Scrubber().scrub(texts[0]), Scrubber().scrub(b"A".join(texts))
    assert one == texts[0]
    assert many.startswith(b"redacted*")
    assert len(many) == len(b"A".join(texts))


def test_more_than_can_be_unpacked_is_masked() -> None:
    bomb = b"\x00" * (UNPACKED_MAX + 1)
    for packed in (gzip.compress(bomb), _deflated(b"\xff\xfe" + bomb), gzip.compress(b"") * (MEMBERS_MAX + 1)):
        assert Scrubber().scrub(packed) == mask(len(packed))


def test_beginning_of_a_real_key_stays_and_shows_what_was_there() -> None:
    assert Scrubber().scrub(b"key rf_live_REALLYREAL123!") == b"key rf_live_redacted*****!"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ('{"secret":"hunter', '{"secret":"redact'),
        ('{"apiKey": "a\\"b", "x": "y"}', '{"apiKey": "reda", "x": "y"}'),
        ('{"Client-Secret":"0123456789"}', '{"Client-Secret":"redacted**"}'),
        ("a=1&client_secret=qq%20q&b=2", "a=1&client_secret=redact&b=2"),
        ("/cb?access_token=abcdef", "/cb?access_token=redact"),
        ("/cb?a=1;token=abcdef", "/cb?a=1;token=redact"),
        ("/cb?sec%72et=abcdef", "/cb?sec%72et=redact"),
        ('{"dbPassword": "abcdef", "my_secret": "abcdef"}', '{"dbPassword": "redact", "my_secret": "redact"}'),
        ("{'secret': 'abcdef'}", "{'secret': 'redact'}"),
        ('{"text": "{\\"secret\\": \\"abcdef\\"}"}', '{"text": "{\\"secret\\": \\"redact\\"}"}'),
        ('{"s\\u0065cret": "abcdef"', '{"s\\u0065cret": "redact"'),
        ('{"Authorization": "Basic abcd"}', '{"Authorization": "redacted**"}'),
        ('form-data; name="secret"; x\r\nA: b\r\n\r\nabcdef\r\n--x', 'form-data; name="secret"; x\r\nA: b\r\n\r\nredact\r\n--x'),
        ("form-data; name=api_key\n\nabcdef", "form-data; name=api_key\n\nredact"),
        (_in_base64('{"a": {"secret": "abcdef"}}'), _in_base64('{"a": {"secret": "redact"}}')),
        (_in_base64('[{"url": "https://me:abcdef@x.example"}]'), _in_base64('[{"url": "https://me:redact@x.example"}]')),
        ('{"secret": ["abcdef", {"a": ["ghi"]}], "x": "y"}', '{"secret": ["redact", {"a": ["red"]}], "x": "y"}'),
        ('{"password": {"old": "abcdef"}, "x": ["y"]}', '{"password": {"old": "redact"}, "x": ["y"]}'),
        ('{"secret": ["abc", "def', '{"secret": ["red", "red'),
        ("{'secret': ['abcdef']}", "{'secret': ['redact']}"),
        ('{"pin": 1, "password": 12345678}', '{"pin": 1, "password": 99999999}'),
        ('{"token": "abcdef"}', '{"token": "redact"}'),
        ('{"name": "X-Api-Key", "value": "abcdef"}', '{"name": "X-Api-Key", "value": "redact"}'),
        ("secret[]=abcdef&secret[a]=ghi&x=1", "secret[]=redact&secret[a]=red&x=1"),
        ("auth[password]=abcdef&x[y]=1", "auth[password]=redact&x[y]=1"),
        ("secret%5B%5D=abcdef", "secret%5B%5D=redact"),
        ("<a><password>abcdef</password><x>y</x></a>", "<a><password>redact</password><x>y</x></a>"),
        ('<a secret="abcdef" x="y"/>', '<a secret="redact" x="y"/>'),
        ("&quot;secret&quot;:&quot;abcdef&quot;", "&quot;secret&quot;:&quot;redact&quot;"),
        (_in_base64(_in_base64('{"a": {"secret": "abcdef"}}')), _in_base64(_in_base64('{"a": {"secret": "redact"}}'))),
        ("nats://user:abcdef@broker:4222", "nats://user:redact@broker:4222"),
        ("?to=https%3A%2F%2Fme%3Aabcdef%40x.example", "?to=https%3A%2F%2Fme%3Aredact%40x.example"),
    ],
)
def test_value_that_is_named_a_secret_is_masked_also_where_the_rest_cannot_be_read(text: str, scrubbed: str) -> None:
    assert Scrubber().scrub_text(text) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "rf_live_mock_test",
        "rf_svc_mock_shop",
        '{"input": {"image_url": "https://x.example/rf_/a%20b.png"}}',
        '{"key_name": "k", "secrets": [], "secret": null}',
        '{"secret": "[redacted]"}',
        '{"secret": {"id": "019b76da-a800-7000-8001-d2a3fffaf480", "name": "prod"}}',
        '{"api_key": "rf_live_mock_test", "Authorization": "Bearer rf_svc_mock_shop"}',
        '{"RUNFLOW_API_KEY": "what-env-prints"}',
        "https://x.example/@name:of/a@b.example",
        "at 12:30 to me@x.example",
        '{"material": "[from the seed] rf_whsec_"}',
        "short",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Scrubber(["short"]).scrub_text(text) == text


@pytest.mark.slow(is_covering=True)
def test_secret_of_whoever_has_most_makes_room_and_those_of_others_stay() -> None:
    scrubber = Scrubber(["operators-own-token"])
    scrubber.learn("secret-of-another", "other")
    for number in range(KNOWN_MAX):
        scrubber.learn(f"secret-number-{number}", "many")
    assert scrubber.scrub(b"secret-number-0 ") == b"secret-number-0 "
    assert scrubber.scrub(b"secret-number-1 ") == mask(15) + b" "
    assert scrubber.scrub(b"secret-of-another ") == mask(17) + b" "
    assert scrubber.scrub(b"operators-own-token ") == mask(19) + b" "


@given(st.binary(max_size=300), st.text(min_size=8, max_size=40), st.binary(max_size=300))
@example(b"\xff", "\U0001f389" * 8, b"%")
@example(b"rf_live_", "secretsecret", b"=")
def test_known_secret_is_gone_wherever_it_stands(before: bytes, secret: str, after: bytes) -> None:
    scrubber = Scrubber([secret])
    data = before + secret.encode() + after
    scrubbed = scrubber.scrub(data)
    assert len(scrubbed) == len(data)
    assert scrubber.scrub(scrubbed) == scrubbed
    assert secret.encode() not in scrubbed or secret.startswith(("rf_live_mock_", "rf_svc_mock_", "[redacted]"))


def test_bytes_that_only_look_packed_stay_as_they_are() -> None:
    scrubber = Scrubber()
    scrubber.learn(KNOWN)
    broken = b"\x1f\x8b\x00" + b"no archive"
    for raw in (broken, b64encode(broken), b'{"gzip": "' + b64encode(broken) + b'"}'):
        assert scrubber.scrub(raw) == raw


def test_scrubber_that_knows_nothing_leaves_base64_alone() -> None:
    raw = b64encode(b"user:" + KNOWN.encode())
    assert Scrubber().scrub(raw) == raw


def test_ids_cost_little_also_where_something_else_is_text_in_base64() -> None:
    text = b64encode(b"nothing to hide in here").decode()
    ids = " 019b76da-a800-7000-8001-7b85bc90a156" * 100
    few, many = (partial(Scrubber().scrub_text, f"{text}{ids[: len(ids) // parts]}") for parts in (10, 1))
    assert lines_run(many) - lines_run(few) < 90 * 10


def test_base64_beside_that_of_a_secret_stays_as_it_is() -> None:
    scrubber = Scrubber()
    scrubber.learn(KNOWN)
    harmless, telling = b64encode(b"nothing of interest here"), b64encode(b"user:" + KNOWN.encode())
    scrubbed = scrubber.scrub(harmless + b" " + telling)
    assert scrubbed.startswith(harmless + b" ")
    assert KNOWN.encode() not in b64decode(scrubbed.split(b" ")[1])


SUSPICIOUS = b"".join(b'{"max_tokens": %d, "text": "%s"}\n' % (number, b64encode(b"nothing of note " * 3)) for number in range(50))
"""What needs a closer look, and hides nothing."""


def test_what_hid_nothing_is_not_looked_into_twice() -> None:
    scrubber = Scrubber()
    first, second = (lines_run(lambda: scrubber.scrub(SUSPICIOUS)) for _ in range(2))
    assert second * 10 < first
    assert scrubber.scrub(SUSPICIOUS) == SUSPICIOUS


def test_what_hid_nothing_is_looked_into_again_once_there_is_something_to_know() -> None:
    scrubber = Scrubber()
    assert scrubber.scrub(SUSPICIOUS) == SUSPICIOUS
    scrubber.learn("nothing of note")
    assert b64encode(b"nothing of note ") not in scrubber.scrub(SUSPICIOUS)


def test_what_hid_something_hides_it_no_better_the_second_time() -> None:
    scrubber, data = Scrubber(), SUSPICIOUS + b'"password": "hunter2hunter2"'
    assert [b"hunter2" in scrubber.scrub(data) for _ in range(2)] == [False, False]


@pytest.mark.slow(is_covering=True)
def test_of_what_hid_nothing_a_bounded_number_of_digests_is_kept() -> None:
    scrubber = Scrubber()
    for number in range(HARMLESS_MAX + 2):
        scrubber.scrub(b'"max_tokens": %d' % number)
    assert len(scrubber._harmless) <= HARMLESS_MAX


PIECES = (
    *(b"rf_live_abc123", b"password=x", b'{"secret": "abcdef"}', b"eyJ________.________", b"-----BEGIN PRIVATE KEY-----x", KNOWN.encode()),
    *(b64encode(KNOWN.encode()), b64encode(b'{"a text": 1}'), KNOWN.encode().hex().encode(), b"x://u:secret@y", b"\x1f\x8b\x08"),
    *(b"Bearer abcdefghijklmnop1", b"max_tokens", b"%41", b"\\u0041", b"word ", b'"', b"=", b"\n", b"&amp;", b"\xff"),
)


@given(data=st.lists(st.sampled_from(PIECES), max_size=4).map(b"".join))
def test_what_shows_nothing_has_nothing_that_a_closer_look_finds(data: bytes) -> None:
    scrubber = Scrubber([KNOWN])
    look = scrubbing._Look(data)
    finders = (
        scrubber._packed,
        scrubber._plain,
        partial(scrubber._encoded, nested_max=3, look=look),
        partial(scrubber._in_hexadecimal, nested_max=3, look=look),
        scrubbing._named,
    )
    assert not scrubber._shows_nothing(data) or all(not tuple(find(data)) for find in finders)


OTHERS = tuple(f"nobody-has-sent-this-{number}" for number in range(40))


@pytest.mark.parametrize("form", FORMS)
def test_secret_among_hundreds_is_masked_as_if_it_were_the_only_one(form: str) -> None:
    data = FORMS[form](KNOWN).encode("latin-1")
    assert Scrubber((*OTHERS, KNOWN)).scrub(data) == Scrubber([KNOWN]).scrub(data) != data
