"""What was JSON is JSON after something was masked in it."""

import json

import pytest
from costs import lines_run

from runflow_mock.domain.scrubbing import Scrubber


@pytest.mark.parametrize(
    ("secret", "before", "after"),
    [
        ("12345678", '{"n":12345678,"t":"12345678"}', '{"n":99999999,"t":"redacted"}'),
        ("12345678", "[-912345678.5, 1]", "[999999999999, 1]"),
        ("99999999", "[99999999]", "[88888888]"),
        (',{"a":[]}]', '[12345678,{"a":[]}]', '[99999999,{"a":[]}]'),
        ("abcdefg\\", '{"t":"abcdefg\\\\"}', '{"t":"*********"}'),
        ('abcdefg"', '{"t":"abcdefg\\""}', '{"t":"redacted*"}'),
        ("12345678", '{"n":12345678', '{"n":99999999'),
        ("12345678", ',{"n":12345678}', ',{"n":99999999}'),
        ("12345678", '{"n":12345678,', '{"n":redacted,'),
        ("12345678", "12345678", "redacted"),
    ],
)
def test_document_with_a_masked_secret_is_one_still(secret: str, before: str, after: str) -> None:
    scrubber = Scrubber((secret,))
    scrubbed = scrubber.scrub_text(before)
    assert (scrubbed, scrubber.scrub_text(scrubbed)) == (after, after)


@pytest.mark.parametrize("secret", ["1,2,3,4,5", "null,null", ':"","":"', "u0041abc", "\\u0041abc", '\\"\\"\\"\\"'])
def test_secret_of_punctuation_leaves_a_document_one(secret: str) -> None:
    plain = json.dumps({"": "", "a": [1, 2, 3, 4, 5, None, None], "b": f"{secret}x", "c": "\\u0041abc"}, separators=(",", ":"))
    json.loads(Scrubber((secret,)).scrub_text(plain))


@pytest.mark.parametrize("value", ["1", '"a"'])
def test_what_a_masked_number_costs_does_not_grow_with_the_values_around_it(value: str) -> None:
    scrubber = Scrubber(("12345678",))

    def lines(count: int) -> int:
        document = f"[{f'{value},' * count}12345678]".encode()
        return lines_run(lambda: scrubber.scrub(document))

    assert lines(20_000) < lines(2_000) + 5_000


@pytest.mark.parametrize(
    ("secret", "before", "after"),
    [
        ("exchange", '{"exchange":"exchange","mine":{"exchange":1}}', '{"exchange":"redacted","mine":{"exchange":1}}'),
        ("exchange", '{"exchanges":["an exchange"]}', '{"exchanges":["an redacted"]}'),
        ("exchange", ',"exchanges" : 1', ',"exchanges" : 1'),
        ("exchange", '{"my_exchange":1}', '{"my_redacted":1}'),
        ("exchange", '{"exchange":1,', '{"redacted":1,'),
        ('s":1,"note', '{"exchanges":1,"notes":2}', '{"exchanges":9,"notes":2}'),
        ("exchange", r'{"n":"\"exchange\":1"}', r'{"n":"\"redacted\":1"}'),
    ],
)
def test_name_of_a_field_of_ours_stays_where_it_names_something(secret: str, before: str, after: str) -> None:
    scrubber = Scrubber((secret,))
    scrubbed = scrubber.scrub_text(before)
    assert (scrubbed, scrubber.scrub_text(scrubbed)) == (after, after)
