"""Pattern sizes: how much the patterns of one schema or document may be compiled to, one by one and together.

Theory. Compiling takes time and memory as what comes out of it is large, ten milliseconds and a megabyte for a million bytes, and twenty
characters can stand for ten megabytes: `(a{0,1000}){0,90}`. The compiler gives up at a size that it is told. So each pattern is compiled
with small sizes first, and the size that was enough counts.
"""

from runflow_mock.openapi.patterns import as_matched, foreign_escape, is_too_large, size_of
from runflow_mock.openapi.schemas import SIZE_MAX

MODEL_SIZE_MAX = 3_000_000
"""How many bytes a pattern of a model may be compiled to."""
MODEL_SIZES_MAX = 5_000_000
"""How many bytes all patterns of a model may be compiled to together."""
DOCUMENT_SIZES_MAX = 100_000_000
"""How many bytes the different patterns of a user's own document may be compiled to together, beside those that are small."""
SMALL_SIZE = 100_000
"""Up to how many bytes a pattern of a document is small: documents have as many of these as they like."""


class ModelSizes:
    """What is left for the patterns of one model, which count wherever they stand."""

    def __init__(self) -> None:
        self._left = MODEL_SIZES_MAX

    def refusal(self, pattern: str) -> str | None:
        """Returns why one more pattern is too large, if it is; of what is no pattern, nothing."""
        matched = as_matched(pattern, MODEL_SIZE_MAX)
        size = size_of(matched, MODEL_SIZE_MAX)
        if size is None:
            return "it is too large once its repeats are written out" if is_too_large(pattern, MODEL_SIZE_MAX) else None
        self._left -= size
        return None if self._left >= 0 else "with this one, the patterns are too large once their repeats are written out"


class DocumentSizes:
    """What is left for the patterns of one document, of which equal ones count once."""

    def __init__(self) -> None:
        self._left = DOCUMENT_SIZES_MAX
        self._known: dict[str, str | None] = {}

    def refusal(self, pattern: str) -> str | None:
        """Returns why a pattern is not understood, if it is not."""
        if pattern not in self._known:
            self._known[pattern] = self._of_new(pattern)
        return self._known[pattern]

    def _of_new(self, pattern: str) -> str | None:
        # Of several ways to say it, each is compiled to find that it is too large.
        if self._left < 0:
            return "is too large beside the others, once its repeats are written out" if size_of(pattern, SMALL_SIZE) is None else None
        if (escape := foreign_escape(pattern)) is not None:
            return f"has {escape}, which is none of ECMA-262: others take it for various things"
        matched = as_matched(pattern)
        size = size_of(matched)
        if size is None and not is_too_large(pattern, SIZE_MAX):
            return "is no regular expression that is understood"
        if size is None or size > SMALL_SIZE:
            self._left -= size or SIZE_MAX
        return "is too large once its repeats are written out" if size is None else None
