"""doctest: examples in docstrings take fixtures by getfixture."""

from pathlib import Path

import stories

pytest_plugins = ["pytester"]
SHOP = '''
def make(runflow):
    """Makes a run.

    >>> runflow = getfixture("runflow")
    >>> make(runflow)["status_code"]
    'queued'
    >>> len(runflow.runs)
    1
    """
    from stories import BODY, PATH, by_hand

    return by_hand(runflow.base_url + PATH, runflow.headers, BODY)


def forgets(runflow):
    """Leaves a rule unused.

    >>> runflow = getfixture("runflow")
    >>> rule = runflow.faults.add(what="fail", where={"client_ref": "never"})
    """
'''
TEXT = """
>>> runflow = getfixture("runflow_in_process")
>>> runflow.ledger.balance
'1.000000'
"""


def test_examples(pytester):
    pytester.makepyfile(stories=Path(stories.__file__).read_text(), shop=SHOP)
    pytester.maketxtfile(test_page=TEXT)
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "--doctest-modules")
    outcomes = result.parseoutcomes()
    assert outcomes == {"passed": 2, "failed": 1, "errors": 1}, outcomes
    result.stdout.fnmatch_lines(["*never fired*", "*-- runflow journal --*"])
