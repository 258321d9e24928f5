"""Patterns are matched as ECMA-262 means them, in a time that their length takes, and none costs what is said beside it."""

from time import thread_time

import pytest
from foreign import contract, form_of

from runflow_mock.domain.documents import Json
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.directions import Direction
from runflow_mock.openapi.explanations import schema_findings
from runflow_mock.openapi.patterns import as_matched, as_written, is_pattern
from runflow_mock.openapi.pointers import reference_to
from runflow_mock.openapi.shapes import contract_of

T = ("components", "schemas", "T")
LED = ("components", "schemas", "Led")
DOT = as_matched(".")


def held(schema: Json) -> Contract:
    return Contract({"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"T": schema}}}, source="own.json")


def judged_as(schemas: Json) -> Json:
    """A document of somebody with these schemas."""
    return {"openapi": "3.1.0", "paths": {"/x": {"get": {}}}, "components": {"schemas": schemas}}


@pytest.mark.parametrize(
    ("written", "matched"),
    [
        ("a.b", f"a{DOT}b"),
        (r"a\.[.]", r"a\.[.]"),
        ("[(?s].", f"[(?s]{DOT}"),
        (r"^\(?abs.$", rf"^\(?abs{DOT}$"),
        ("(?s:a.)", "(?s:a.)"),
        ("(?is:a.)", "(?is:a.)"),
        (r"\\(?s:a.)", r"\\(?s:a.)"),
        (r"(?iiiiiiiiiiiis:a.)\\b", r"(?iiiiiiiiiiiis:a.)\\b"),
    ],
)
def test_dots_alone_are_matched_otherwise_unless_the_pattern_says_what_they_take(written: str, matched: str) -> None:
    assert (as_matched(written), as_written(matched)) == (matched, written)


@pytest.mark.parametrize(
    ("pattern", "text", "is_matched"),
    [
        # A word is one of ASCII.
        (r"\bx", "éx", True),
        (r"\bx", "ax", False),
        (r"\Bx", "éx", False),
        (r"\Bx", "ax", True),
        (r"(?=x)\bx", "éx", True),
        (r"(?=x)\Bx", "éx", False),
        (r"\\b", "b", False),
        pytest.param(r"^.{1,9000}\bx", "éx", True, marks=pytest.mark.slow),
        pytest.param(r"(?=.\bx).{1,9000}", "éx", True, marks=pytest.mark.slow),
        # What a group of a name took, wherever it stands among groups.
        (r"^(?<q>['\"])x\k<q>$", "'x'", True),
        (r"^(?<q>['\"])x\k<q>$", "'x\"", False),
        (r"^(a)[(](?<b>.)(?:c)(?=b)\k<b>$", "a(bcb", True),
        (r"^(a)[(](?<b>.)(?:c)(?=a)\k<b>$", "a(bca", False),
        (r"^(a)(b)?\2c$", "ac", True),
        (r"^(a)(b)?\2c$", "abbc", True),
        (r"^(a)(b)?\2c$", "abc", False),
        (r"^(?<q>['x])?a\k<q>$", "a", True),
        (r"^(?<q>['x])?a\k<q>$", "'a", False),
        (r"^(?:(a)|(b))\1c\2$", "bcb", True),
        (r"^(?:(a)|(b))\1c\2$", "bcc", False),
        (r"^(?!(a))\1b$", "b", True),
        (r"^(a\1?)+b$", "aab", True),
        (r"^\1{2}(a)$", "a", True),
        (r"^(a)[(]\)(?:b|\()?\1$", "a()(a", True),
        (r"^(a)\1$", "aa", True),
        (r"^(a)\1$", "a", False),
        # A class without anything in it, and one with everything.
        ("[]", "a", False),
        ("^[^]$", "\n", True),
        ("^[^]$", "", False),
        ("^[]a]$", "a", False),
        (r"^[\b]$", "\b", True),
        (r"^[\\b]$", "\b", False),
        # An escape that the validator takes for the edge of a word.
        (r"^\<a\>$", "<a>", True),
        (r"^[^\<\>]+$", "a", True),
        (r"^[^\<\>]+$", "<a", False),
        # The character without a number, and digits after it.
        (r"^\0[\0]$", "\0\0", True),
        (r"^\0$", "0", False),
        # A hyphen after what stands for many characters is one.
        (r"^[\w-.]+$", "a-b.c", True),
        (r"^[\w-.]+$", "a,b", False),
        (r"^[\s\d-]$", "-", True),
        # In a class there is no other one, and no operation on classes.
        (r"^[^[\]]+$", "a", True),
        (r"^[^[\]]+$", "[", False),
        ("^[[:alpha:]$", ":", True),
        ("^[a&&b]+$", "a&b", True),
        ("^[a~~b]+$", "a~b", True),
        ("^[+--]$", ",", True),
        ("^[--/]$", ".", True),
        (r"^[\w-->]+$", "-", True),
        # Control characters, in a class as well, and escapes that change nothing.
        (r"^\cJ[\cj]$", "\n\n", True),
        (r"^(?=\cJ)\cJ$", "\n", True),
        (r"^a\_b[\_]$", "a_b_", True),
        # A brace that repeats nothing.
        ("^{a}$", "{a}", True),
        ("^a{,3}$", "a{,3}", True),
        ("^a{,3}$", "aa", False),
        (r"^\{a}\p{Lu}\u{41}$", "{a}BA", True),
        # Sets where it is matched by trying: those of ASCII there too.
        (r"^(?=.)\d$", "٣", False),
        (r"^(?=.)\D$", "٣", True),
        (r"^(?=.)[\w]$", "é", False),
        (r"^(?=.)[^\w]$", "é", True),
        (r"^(?=.)[\W]$", "é", True),
        (r"^(?=.)[\W]$", "a", False),
        (r"^(?=.)\s[\s]$", "\ufeff\u00a0", True),
        (r"^(?=.)[\S][\D]$", "é\u2029", True),
        (r"^(?=.)[\S]$", "\ufeff", False),
        # Half of a character, which no text has.
        (r"^[\uD800-\uDFFF]$", "\U0001f600", False),
        (r"^[^\uD800-\uDFFF]$", "\U0001f600", True),
        (r"^[ -\uDBFF]$", "\ud7ff", True),
        (r"^[\uDC00-\uFFFF]$", "\ue000", True),
        (r"^a\uD83D?$", "a", True),
        # Characters beyond the first plane, half by half.
        (r"^\uD83D\uDE00$", "\U0001f600", True),
        (r"^[\ud83d\ude00-\ud83d\ude4f]$", "\U0001f601", True),
        (r"^[\ud83d\ude00-\ud83d\ude4f]$", "\U0001f651", False),
    ],
)
def test_pattern_means_what_it_means_by_ecma_262(pattern: str, text: str, is_matched: bool) -> None:
    judging = held({"pattern": pattern}).check()
    assert (judging.allows(T, text), judging.problems) == (is_matched, ())


@pytest.mark.parametrize(
    ("pattern", "name", "is_matched"),
    [(r"\bx", "éx", True), (r"\bx", "ax", False), ("^[^]$", "\n", True), ("^a.$", "a\r", False), (r"^[^\<]$", "b", True)],
)
def test_name_that_is_a_pattern_means_what_it_means_by_ecma_262(pattern: str, name: str, is_matched: bool) -> None:
    named: Json = {"patternProperties": {pattern: {"type": "integer"}, "^n": {"type": "null"}}}
    way = reference_to(("components", "schemas", "N", "patternProperties", pattern))
    judging = contract(judged_as({"N": named, "T": named, "Led": {"$ref": way}}))
    assert judging.problems == ()
    assert [judging.allows(T, {name: value}) for value in (1, "x")] == [True, not is_matched]
    assert [judging.allows(LED, value) for value in (1, "x")] == [True, False]


def test_name_that_is_told_as_wrong_by_its_pattern_is_so_in_a_large_value_as_well() -> None:
    judging = contract(judged_as({"T": {"patternProperties": {r"\bx": {"maximum": 1}}, "additionalProperties": {"maximum": 2}}}))
    sent: Json = {"éx": 2, "ax": 2}
    found = [[each.loc for each in schema_findings(judging, T, sent, (), copies_max=most)] for most in (1_000_000, 0)]
    assert found == [[("éx",)], [("éx",)]]


def test_names_that_come_to_mean_the_same_stay_two() -> None:
    same: dict[str, Json] = {"[]": {"maximum": 1}, as_matched("[]"): {"minimum": 1}, DOT: {}, ".": {"maximum": 5}}
    judging = contract(judged_as({"T": {"patternProperties": same}}))
    assert [len(judging.at((*T, "patternProperties"))), judging.allows(T, {"a": 5}), judging.allows(T, {"a": 6})] == [4, True, False]


def test_document_that_is_compared_has_its_names_as_they_were_written() -> None:
    form = form_of(judged_as({"T": {"patternProperties": {r"\bx": {}}}}))
    contract_of(form, "own.json")
    assert form.document["components"]["schemas"]["T"] == {"patternProperties": {r"\bx": {}}}


def test_class_with_everything_is_understood_in_a_document_of_others() -> None:
    assert contract(judged_as({"T": {"pattern": "^[^]$"}})).problems == ()


@pytest.mark.parametrize(
    "pattern",
    [
        r"\b.\B[]",
        r"(?=a)\b[^]\B",
        r"\<a\>[^\<\b\0]\0",
        r"[\w-.]",
        r"\uD83D\uDE00[\uD800\uDC00-\uDBFF\uDFFF]",
        r"\\x{8}",
        r"(?=a)\d\D\w\W\s\S",
        r"(?=a)[\d][\D][\w][\W][\s][\S][^\w]",
        r"[[][a&&b~~c][\w-.]\_{a}\cJ",
        "(?=a)[0-9A-Za-z_]",
        r"\x{41}",
        r"\u{1F600}",
    ],
)
def test_pattern_is_told_as_it_was_written(pattern: str) -> None:
    assert as_written(as_matched(pattern)) == pattern


@pytest.mark.parametrize("escape", [r"\A", r"\z", r"\Z", r"\a", r"\h", r"\e"])
@pytest.mark.parametrize("around", ["^{}x$", "[{}x]"])
def test_escape_of_another_language_is_told_and_nothing_is_held_against_it(escape: str, around: str) -> None:
    """The validator took it for the end of a text or for a bell, and others take it for a letter."""
    judging = contract(judged_as({"T": {"pattern": around.format(escape)}}))
    (problem,) = judging.problems
    assert (problem.place, f"has {escape}, which is none of ECMA-262" in problem.says) == ("#/components/schemas/T/pattern", True)
    assert judging.allows(T, "anything")
    assert contract(judged_as({"T": {"pattern": around.format("\\" + escape)}})).problems == ()


@pytest.mark.slow
def test_pattern_that_would_grow_too_large_is_matched_as_it_is_written() -> None:
    """Without its pattern the whole schema was held against nothing, and nobody was told."""
    long = "^.{1,9000}$"
    assert not is_pattern(long.replace(".", DOT))
    judging = held({"required": ["a"], "properties": {"a": {"pattern": long}, "b": {"type": "integer"}}})
    values: list[Json] = [{"a": "x", "b": 1}, {"a": ""}, {"a": "x", "b": "x"}, {}]
    assert [judging.allows(T, value) for value in values] == [True, False, False, False]


def test_schema_that_is_not_understood_is_told_with_what_is_not_held_against_it() -> None:
    judging = held({"pattern": "("})
    (found,) = schema_findings(judging, T, "a", ("body",), Direction.REQUEST)
    assert (found.rule, found.severity) == ("not-understood", "note")


@pytest.mark.parametrize("unclosed", ["[", "[\\", "[a"])
def test_pattern_is_looked_through_in_the_time_that_its_length_takes(unclosed: str) -> None:
    """With a search from each bracket to the end 20,000 took nine seconds."""
    begun = thread_time()
    assert as_matched(unclosed * 20_000 + ".") == unclosed * 20_000 + "."
    assert thread_time() - begun < 1
