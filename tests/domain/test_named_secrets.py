"""A value whose name says that it is a secret is masked however the two are written, and what only has such a word near it stays."""

import re

import pytest
from costs import lines_run
from hypothesis import given
from hypothesis import strategies as st

from runflow_mock.domain.named_secrets import HINTS, NAME_MAX, hinting_words, named_values
from runflow_mock.domain.scrubbing import Scrubber

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"


def _masked(text: str) -> str:
    scrubbed = Scrubber().scrub_text(text)
    assert len(scrubbed) == len(text)
    assert Scrubber().scrub_text(scrubbed) == scrubbed
    return scrubbed


@pytest.mark.parametrize(
    "name",
    [
        *("secrets", "apiKeys", "passwords", "x-api-token", "privateKey", "awsSecretAccessKey", "OPENAI_API_KEY", "MyApiKey", "pwd"),
        *(
            "password1",
            "password_confirmation",
            "API_KEY_PROD",
            "session.token",
            "bearerToken",
            "credentials",
            "Proxy-Authorization",
            "token",
        ),
    ],
)
def test_name_is_known_in_the_plural_in_compounds_and_with_what_follows(name: str) -> None:
    assert _masked(f'{{"{name}": "abcdef", "x": "y"}}') == f'{{"{name}": "redact", "x": "y"}}'


@pytest.mark.parametrize(
    "name",
    [
        *(
            "max_tokens",
            "token_count",
            "tokenizer",
            "tokens",
            "page_token",
            "next_page_token",
            "key",
            "keyboard",
            "monkey",
            "idempotency_key",
        ),
        *("secretary", "passport", "compass", "key_prefix", "RUNFLOW_API_KEY", "api_key_id", "cookies"),
    ],
)
def test_name_that_only_looks_like_one_hides_nothing(name: str) -> None:
    text = f'{{"{name}": "abcdef", "secret": null}}'
    assert _masked(text) == text


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("a: b\nclient_secret: abcdef\nc: d", "a: b\nclient_secret: redact\nc: d"),
        ("  - password: abcdef # ours", "  - password: redact # ours"),
        ("secret: 'abcdef'", "secret: 'redact'"),
        ("secret: |\n  abcdef\n  ghi\nx: y", "secret: |\n  redacted****\nx: y"),
        ("{secret: abcdef, x: y}", "{secret: redact, x: y}"),
        ("client_secret = abcdef", "client_secret = redact"),
        ('client_secret = "abcdef"', 'client_secret = "redact"'),
        ("export OPENAI_API_KEY=abcdef", "export OPENAI_API_KEY=redact"),
        ("DB_PASSWORD=abcdef", "DB_PASSWORD=redact"),
        ("Server=db;User=me;Pwd=abcdef;", "Server=db;User=me;Pwd=redact;"),
        ('{"text": "a: b\\nsecret: abcdef\\n"}', '{"text": "a: b\\nsecret: redact\\n"}'),
        ('{"body": "client_secret=abcdef&x=1"}', '{"body": "client_secret=redact&x=1"}'),
        ('"{\\"url\\": \\"x?token=abcdef\\"}"', '"{\\"url\\": \\"x?token=redact\\"}"'),
        ('{"query": "{ login(password: \\"abcdef\\") }"}', '{"query": "{ login(password: \\"redact\\") }"}'),
        ("Runflow(api_key='abcdef')", "Runflow(api_key='redact')"),
        ("'password' => 'abcdef'", "'password' => 'redact'"),
    ],
)
def test_lines_of_settings_and_of_programs_have_names_too(text: str, scrubbed: str) -> None:
    assert _masked(text) == scrubbed


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("curl -H 'Authorization: Bearer abcdef'", "curl -H 'Authorization: Bearer redact'"),
        ('{"headers": ["Authorization: Basic abcdef"]}', '{"headers": ["Authorization: Basic redact"]}'),
        ('[["Authorization", "Basic abcdef"]]', '[["Authorization", "redacted****"]]'),
        ("X-Api-Key: abcdefgh", "X-Api-Key: redacted"),
        ("Cookie: a=bcd; e=f", "Cookie: redacted**"),
        ('{"Set-Cookie": "a=b"}', '{"Set-Cookie": "red"}'),
        ('{"cookies": {"session": "abcdef"}}', '{"cookies": {"session": "redact"}}'),
        ("it said: Bearer abcdefghijklmnop1", "it said: Bearer redacted*********"),
        ('{"name": "password", "type": "text", "value": "abcdef"}', '{"name": "password", "type": "text", "value": "redact"}'),
        ('{"value": "abcdef", "name": "X-Api-Key"}', '{"value": "redact", "name": "X-Api-Key"}'),
    ],
)
def test_credentials_of_headers_and_pairs_are_masked_in_a_text(text: str, scrubbed: str) -> None:
    assert _masked(text) == scrubbed


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("<password><![CDATA[abcdef]]></password>", "<password><![CDATA[redact]]></password>"),
        ("<a:token>abcdef</a:token>", "<a:token>redact</a:token>"),
        ('<add key="password" value="abcdef"/>', '<add key="password" value="redact"/>'),
        ('<input value="abcdef" name="password">', '<input value="redact" name="password">'),
        ('<property name="password">abcdef</property>', '<property name="password">redact</property>'),
        ("<key>password</key><string>abcdef</string>", "<key>password</key><string>redact</string>"),
        ("&#34secret&#34:&#34abcdef&#34", "&#34secret&#34:&#34redact&#34"),
    ],
)
def test_elements_and_attributes_have_names_in_every_form(text: str, scrubbed: str) -> None:
    assert _masked(text) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        '{"prompt": "Secret: a hidden garden. Token: a golden coin"}',
        '{"title": "Password: ", "next": "value"}',
        '{"required": ["password", "email"]}',
        '{"secrets": 1024, "api_keys": 12345}',
        "token: missing\npassword: null\nsecret: str",
        "-H 'Authorization: Bearer $RUNFLOW_API_KEY'",
        "-H 'Authorization: Bearer <your key>'",
        'Runflow(api_key=os.environ["OPENAI_API_KEY"])',
        "the bearer of internationalization",
        '{"cookie": "chocolate", "cookies": ["oat"]}',
        '{"secrets": [{"id": "a", "name": "prod"}], "secret": {"id": "b"}}',
        "password: two words",
        "-Djavax.net.ssl.trustStorePassword=changeit",
        '{"list_callback_secrets": "sha256:0a1b", "create_callback_secret": "sha256:0a1b"}',
    ],
)
def test_words_that_name_no_value_hide_nothing(text: str) -> None:
    assert _masked(text) == text


def test_record_among_secrets_keeps_what_it_is_called_and_loses_what_is_secret() -> None:
    text = '{"secrets": [{"id": "a", "secret": "abcdef", "of": {"x": "y"}}, "ghi", {"b": "jkl"}]}'
    assert _masked(text) == '{"secrets": [{"id": "a", "secret": "redact", "of": {"x": "y"}}, "red", {"b": "red"}]}'


def test_token_of_json_is_known_by_its_form_and_shows_its_head() -> None:
    head, _, rest = JWT.partition(".")
    assert _masked(f'{{"x": "{JWT}"}}') == f'{{"x": "{head}.redacted{"*" * (len(rest) - 8)}"}}'


@pytest.mark.parametrize("line_end", ["\n", "\\n"])
@pytest.mark.parametrize("end", ["-----END RSA PRIVATE KEY-----", ""])
def test_private_key_is_known_by_its_form(line_end: str, end: str) -> None:
    text = f"-----BEGIN RSA PRIVATE KEY-----{line_end}{PEM}{line_end}{end}"
    scrubbed = _masked(f'{{"x": "{text}"}}')
    assert scrubbed.startswith('{"x": "-----BEGIN RSA PRIVATE KEY-----redacted*')
    assert scrubbed.endswith(f'*{end}"}}')
    assert PEM[:12] not in scrubbed


def test_words_are_looked_at_only_where_some_name_could_be_that_of_a_secret() -> None:
    named_values(b"")
    assert lines_run(lambda: tuple(named_values(b"signature=5f0a " * 1_000))) < 100


def test_word_that_could_be_a_name_does_not_make_the_others_cost_anything() -> None:
    tuple(named_values(b"token of "))  # what a name needs is compiled once
    assert lines_run(lambda: tuple(named_values(b"token of " + b"signature=5f0a " * 1_000))) < 100


PIECES = (*HINTS, b"Key", b"PASS", b"a", b"_.-", b"x" * (NAME_MAX - 3), b"x" * NAME_MAX, b" ", b'"', b"\n", b"\xc3\xa4")


@given(data=st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))
def test_words_that_are_looked_at_are_all_those_that_hint_at_a_secret(data: bytes) -> None:
    words = (word for word in re.finditer(rb"[A-Za-z0-9_.-]+", data) if len(word[0]) <= NAME_MAX)
    hinting = [word.span() for word in words if any(hint in word[0].lower() for hint in HINTS)]
    assert [word.span() for word in hinting_words(data)] == hinting


def test_name_may_be_as_long_as_names_may_be_and_no_longer() -> None:
    longest = b"x" * (NAME_MAX - len(b"password")) + b"password"
    assert [word[0] for word in hinting_words(b"a" + longest + b" " + longest)] == [longest]


@pytest.mark.parametrize(
    "text",
    [
        "curl --password hunt3r --url x",
        "tool --db-password 'hunt3r' x",
        '["tool", "--password", "hunt3r", "x"]',
        "['tool', '--api-key', 'hunt3r']",
        "--token hunt3r",
        "--access-token hunt3r",
    ],
)
def test_argument_behind_the_option_that_names_it_is_a_secret(text: str) -> None:
    data = text.encode()
    assert [data[value.begin : value.end] for value in named_values(data)] == [b"hunt3r"]


@pytest.mark.parametrize(
    "text",
    [
        "give --admin-token to every worker",
        "--password is read from the environment",
        '["--password", "$PASSWORD"]',
        "--secret --json",
        '{"credentials": "include"}',
        "fetch(url, {'credentials': 'same-origin'})",
    ],
)
def test_word_behind_an_option_and_a_mode_of_fetch_are_none(text: str) -> None:
    assert list(named_values(text.encode())) == []


def test_credential_of_that_name_is_one_all_the_same() -> None:
    data = b'{"credentials": "included"}'
    assert [data[value.begin : value.end] for value in named_values(data)] == [b"included"]
