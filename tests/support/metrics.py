"""Metrics as Prometheus reads them."""

import httpx
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families


def families(answer: httpx.Response) -> dict[str, Metric]:
    """Returns every metric of an answer, by its name."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}
