"""A URL leads to the port that it names, 0 included, or to the usual one of its scheme."""

from runflow_mock.domain.ports import port_of


def test_port_that_is_named_counts_and_otherwise_the_usual_one() -> None:
    assert [port_of("http", None), port_of("https", None), port_of("http", 8787), port_of("https", 0)] == [80, 443, 8787, 0]
