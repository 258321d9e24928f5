"""What was JSON, in one piece or in lines, and what was YAML can be read after something was masked in it."""

import json

import pytest
from costs import lines_run

from runflow_mock.domain.masked_documents import _first_difference
from runflow_mock.domain.scrubbing import Scrubber


@pytest.mark.parametrize(
    ("secret", "before", "after"),
    [
        ("12345678", '{"n":12345678,"t":"12345678"}', '{"n":99999999,"t":"redacted"}'),
        ("12345678", "[-912345678.5, 1]", "[999999999999, 1]"),
        ("99999999", "[99999999]", "[88888888]"),
        ("99999999", '{"n":-99999999,"m":99999999.0}', '{"n":888888888,"m":8888888888}'),
        ("99999999", "[1999999995]", "[8888888888]"),
        ("-9999999", "[-9999999]", "[99999999]"),
        (",9,9,9,9]", "[5,9,9,9,9]", "[9,8,8,8,8]"),
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


@pytest.mark.parametrize(
    ("secret", "before", "after"),
    [
        ("exchange", '{"exchange":1}\n{"exchange":"exchange"}\n', '{"exchange":1}\n{"exchange":"redacted"}\n'),
        ("12345678", '{"n":1}\r\n[12345678]', '{"n":1}\r\n[99999999]'),
        ("exchange", 'event: exchange\ndata: {"exchange":1}\n\n', 'event: redacted\ndata: {"exchange":1}\n\n'),
        ("12345678", 'data:{"n":12345678}\n\n', 'data:{"n":99999999}\n\n'),
        ('data: {"n', 'data: {"n":1}\n\n', 'data: {"n":1}\n\n'),
        ("exchange", '\x1e{"exchange":1}\n\x1e["exchange"]\n', '\x1e{"exchange":1}\n\x1e["redacted"]\n'),
        ('}\n{"n":"a', '{"n":1}\n{"n":"abc"}', '{"n":9}\n{"n":"*bc"}'),
        ("12345678", '{"n":1}\n{"n":12345678', '{"n":1}\n{"n":redacted'),
        ("exchange", 'so: {"exchange":1}\n{"exchange":1}', 'so: {"redacted":1}\n{"exchange":1}'),
    ],
)
def test_line_that_is_a_document_of_json_is_one_still(secret: str, before: str, after: str) -> None:
    scrubber = Scrubber((secret,))
    scrubbed = scrubber.scrub_text(before)
    assert (scrubbed, scrubber.scrub_text(scrubbed)) == (after, after)


@pytest.mark.parametrize(
    ("secret", "before", "after"),
    [
        ("timestamp", "timestamp: timestamp\n", "timestamp: redacted*\n"),
        ("exchange", "a:\n  - - exchange: 1\n    'exchanges' : 2\n", "a:\n  - - exchange: 1\n    'exchanges' : 2\n"),
        ("exchange", '"exchange": 1', '"exchange": 1'),
        ("exchange", "my_exchange: 1\nexchange of ours: 1", "my_redacted: 1\nredacted of ours: 1"),
        ("exchange", "exchange:1\nexchange\n- exchange", "redacted:1\nredacted\n- redacted"),
        ("exchange: a", "exchange: abc", "redacted***bc"),
        ("12345678", "n: 12345678\r\nm:\n- 12345678 # of ours\n", "n: 99999999\r\nm:\n- 99999999 # of ours\n"),
        ("12345678", "n: -0.12345678e5\nm: a12345678", "n: 9999999999999\nm: aredacted"),
        ("99999999", "- 99999999", "- 88888888"),
        ("99999999", "n: -99999999\nm: 99999999.5", "n: 888888888\nm: 8888888888"),
        ("12345678\nn", "m: 12345678\nn: 1", "m: redacted**: 1"),
    ],
)
def test_name_and_number_in_a_line_of_yaml_stay_one(secret: str, before: str, after: str) -> None:
    scrubber = Scrubber((secret,))
    scrubbed = scrubber.scrub_text(before)
    assert (scrubbed, scrubber.scrub_text(scrubbed)) == (after, after)


@pytest.mark.parametrize(
    ("secret", "before", "after"),
    [
        ("testsuite", "<?xml?>\n<testsuite a='testsuite'></testsuite>", "<?xml?>\n<testsuite a='redacted*'></testsuite>"),
        ("testcase", '<?xml?><a testcase="1">testcase, my testcase</a>', '<?xml?><a testcase="1">redacted, my redacted</a>'),
        ("failures", '<?xml?><testsuite failures="1"/>', '<?xml?><testsuite failures="1"/>'),
        ("hunter2hunter2", "<?xml?><hunter2hunter2/>", "<?xml?><redacted******/>"),
        ("testcase", "<testcase/>", "<redacted/>"),
    ],
)
def test_element_and_attribute_of_ours_stay_in_xml(secret: str, before: str, after: str) -> None:
    scrubber = Scrubber((secret,))
    scrubbed = scrubber.scrub_text(before)
    assert (scrubbed, scrubber.scrub_text(scrubbed)) == (after, after)


@pytest.mark.parametrize("places", [(0,), (1, 2), (4_094,), (4_095, 4_096), (4_096,), (8_199,), (8_191, 8_192)])
def test_first_difference_of_two_texts_is_found_wherever_it_is(places: tuple[int, ...]) -> None:
    one = bytes(8_200)
    other = bytes(place in places for place in range(8_200))
    assert (_first_difference(one, other, 0), _first_difference(one, one, 0)) == (places[0], None)
    assert _first_difference(b"a" + one, b"b" + other, 1) == places[0] + 1


@pytest.mark.parametrize("line", ['{"n":12345678}\n', "n: 12345678\n", "12345678\n"])
def test_cost_of_masked_lines_grows_with_their_number_and_no_faster(line: str) -> None:
    scrubber = Scrubber(("12345678",))
    few, many = (lines_run(lambda count=count: scrubber.scrub(line.encode() * count)) for count in (100, 200))  # type: ignore[misc]
    assert many < 2.1 * few
