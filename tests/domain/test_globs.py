import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runflow_mock.domain.globs import matches_glob

FITS = {
    "/v1/runs": ("/v1/runs",),
    "/v1/*": ("/v1/", "/v1/runs"),
    "/v1/**": ("/v1/", "/v1/runs/a/b"),
    "/v?/runs": ("/v1/runs",),
    "/v1/*/runs/*": ("/v1/a/runs/b", "/v1//runs/"),
    "/v1/models/**/runs": ("/v1/models/a/b/runs",),
    "**/runs/*/x": ("/v1/runs/a/x", "/runs/runs/a/x"),
    "*ab": ("abab", "ab"),
    "**a*b**": ("/a/ab", "xaxbx"),
    "**x/*y/**z": ("ax/by/z", "x/y/q/z"),
    "***": ("", "/", "a/b"),
    "run.*": ("run.succeeded",),
}
DIFFERS = {
    "/v1/runs": ("/v1/runs/", "/v1/run", ""),
    "/v1/*": ("/v1/a/b", "/v1"),
    "/v?/runs": ("/v//runs", "/v12/runs"),
    "/v1/*/runs/*": ("/v1/a/b/runs/c", "/v1/a/runs"),
    "*a*b": ("a/b", "ba"),
    "**a*b**c": ("a/b/c", "abd"),
    "**ab*ab": ("ab", "aba"),
}


@pytest.mark.parametrize(("pattern", "text"), [(pattern, text) for pattern, texts in FITS.items() for text in texts])
def test_text_fits(pattern: str, text: str) -> None:
    assert matches_glob(pattern, text)


@pytest.mark.parametrize(("pattern", "text"), [(pattern, text) for pattern, texts in DIFFERS.items() for text in texts])
def test_text_does_not_fit(pattern: str, text: str) -> None:
    assert not matches_glob(pattern, text)


@given(pattern=st.text("ab/*?", max_size=9), text=st.text("ab/\n", max_size=10))
@example(pattern="**a*b/**", text="a/ab/")
@example(pattern="**?*a**", text="/a\na")
def test_glob_means_what_the_expression_means(pattern: str, text: str) -> None:
    star = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    expression = "".join(star.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*|\?)", pattern))
    assert matches_glob(pattern, text) == (re.fullmatch(expression, text, re.DOTALL) is not None)
