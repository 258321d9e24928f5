"""Contenders: the servers that the report measures, in the order of its columns."""

from benchmarks.contenders.contender import Contender
from benchmarks.contenders.fakes import Aimock, Localstripe, Moto
from benchmarks.contenders.mockoon import Mockoon
from benchmarks.contenders.ours import Bare, Ours, Standing
from benchmarks.contenders.stubs import Prism, WireMock

OURS = Ours()
STANDING = Standing()
"""Ours again, without what goes on by itself: it has no column, but a footnote."""
CONTENDERS: tuple[Contender, ...] = (OURS, Bare(), WireMock(), Prism(), Mockoon(), Localstripe(), Moto(), Aimock())
