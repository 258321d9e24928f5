"""Known answers: what somebody asks again and again and what takes long to find out, up to a number of answers.

They belong to what they are about, and go with it.
"""

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")
_UNKNOWN = object()


class KnownAnswers(dict[Question, Answer]):
    """The answers that are known; when there are `size_max`, all are forgotten."""

    def __init__(self, size_max: int) -> None:
        super().__init__()
        self._size_max = size_max

    def of(self, question: Question, find: Callable[[], Answer]) -> Answer:
        """Returns the answer to a question; what is not known is found, and kept."""
        # Looked for once: a question is often a way through a document, and no way keeps its hash.
        known = self.get(question, _UNKNOWN)
        if known is not _UNKNOWN:
            return cast("Answer", known)
        found = find()
        if len(self) >= self._size_max:
            self.clear()
        self[question] = found
        return found
