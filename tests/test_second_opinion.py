"""Our grades beside those of another differ, which was written by others for another purpose: what differs is named, with the reason."""

import json
from pathlib import Path

import pytest
from commands import ROOT
from documents import PLAIN, edited
from plants import ADDITIVE, BREAKING, PLANTED, REQUEST
from tools import run_tool

DIFFER = ROOT / "tests" / "clients" / "compare_documents.cjs"
# What it takes for harmless, and why it is not.
TOO_MILD = {
    "closed": "fields that were ignored are refused",
    "values-listed": "values that were taken are refused; it reads this as values that were added",
    "security-tightened": "a scope is needed that was not; it looks at the names of schemes alone",
    "callback-removed": "it does not look into callbacks",
    "type-changed": "it does not look into the headers of answers",
}
# What it takes for breaking, and why it is not.
TOO_STRICT = {
    "values-free": "any value is taken; it reads this as values that were removed",
    "write-only": "what is sent is taken as before; it reads any mark of this kind as a restriction",
    "type-widened": "a choice with null is written as a list of types; it takes that for another schema",
}


@pytest.mark.slow
def test_another_differ_grades_what_clients_send_as_we_do(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.json"
    pairs.write_text(json.dumps([[PLAIN, edited(plant).document] for plant, *_ in PLANTED]))
    told = run_tool("node", DIFFER, pairs)
    assert told.returncode == 0, told.stdout
    opinions = [
        (change, grade, places, set(kinds)) for (_, change, grade, places), kinds in zip(PLANTED, json.loads(told.stdout), strict=True)
    ]
    assert [change for change, _, _, kinds in opinions if not kinds] == [], "it sees no difference at all"
    mild = {change for change, grade, _, kinds in opinions if grade is BREAKING and "breaking" not in kinds}
    strict = {change for change, grade, places, kinds in opinions if grade is ADDITIVE and places[0][1] is REQUEST and "breaking" in kinds}
    assert (mild, strict) == (set(TOO_MILD), set(TOO_STRICT))
