"""Why a callback did not arrive, asked of a sandbox.

Only the control API is asked, so that nothing moves and no client's record is touched.
"""

from runflow_mock.testing.client import Client, ClientError
from runflow_mock.wire.diagnoses import TERMINAL, Diagnosis, Finding, Record

__all__ = ["TERMINAL", "Finding", "diagnose"]


def diagnose(client: Client, identifier: str | None = None) -> list[Finding]:
    """Returns what there is to say about the callbacks of one run, batch, evaluation or delivery, or of all of them.

    Raises:
        ClientError: the sandbox refuses to tell.
    """
    clock, rules = client.get("/_mock/clock"), client.get("/_mock/faults")["items"]
    deliveries = client.get("/_mock/deliveries")["items"]
    tenants = _tenants(client)
    nouns = (("run", "/_mock/runs"), ("batch", "/_mock/batches"))
    records = {record["id"]: (noun, record) for noun, path in nouns for record in client.get(path)["items"]}
    return list(Diagnosis(clock, rules, deliveries, records, key=client.key, tenants=tenants).findings(identifier))


def _tenants(client: Client) -> list[Record]:
    """Returns the tenants of the server, where whoever asks may see them."""
    try:
        found: list[Record] = client.get("/_mock/tenants")["items"]
    except ClientError:
        return []
    return found
