"""Dialects: every switch, what each bundle sets it to, and where both forms are known from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runflow_mock.domain.dialects import BUNDLES, SWITCHES
from runflow_mock.kit.calibration.detectors import DETECTORS
from runflow_mock.resources import data_folder
from writing.markdown import names, table

# The entries of contracts/provenance.json that say which source has which form.
PROVENANCE: Mapping[str, tuple[str, ...]] = {
    "status_spelling": ("runs.spelling",),
    "callback_times": ("callbacks.payload-docs",),
    "failure_output": ("callbacks.failure-output", "callbacks.payload-docs"),
    "signature": ("callbacks.signature", "callbacks.signature-docs"),
    "secret_prefix": ("secrets.prefix",),
    "error_codes": ("errors.codes", "errors.codes-docs"),
    "rate_limit_headers": ("limits.retry-after", "limits.no-headers", "limits.full-headers"),
    "cursor_names": ("lists.cursor",),
    "upload_types": ("assets.any-type", "assets.types"),
    "cancel_billing": ("runs.cancel-no-refund", "credits.cancelled-runs"),
    "output_form": ("outputs.unified", "outputs.image-urls", "outputs.forms"),
    "run_error": ("runs.failure-fields", "runs.error-object"),
}


def switches() -> str:
    """Returns the switches with their values and what the bundles choose."""
    rows = (
        (f"`{switch}`", names(values), *(f"`{getattr(bundle, switch)}`" for bundle in BUNDLES.values()))
        for switch, values in SWITCHES.items()
    )
    return table(("switch", "values", *(f"in `{name}`" for name in BUNDLES)), rows)


def captures() -> str:
    """Returns for each switch what the bundles choose, and what has to be captured of the service to see which it is."""
    rows = (
        (f"`{switch}`", *(f"`{getattr(bundle, switch)}`" for bundle in BUNDLES.values()), detector.shown_by)
        for switch, detector in DETECTORS.items()
    )
    return table(("switch", *BUNDLES, "shown by"), rows)


def provenance() -> str:
    """Returns for each switch what the sources say, how surely, and since when."""
    entries = {entry["id"]: entry for entry in read_provenance()}
    rows = []
    for switch in SWITCHES:
        for name in PROVENANCE[switch]:
            entry = entries[name]
            rows.append((f"`{switch}`", entry["claim"], "; ".join(entry["source"]), str(entry["date"] or "undated"), entry["certainty"]))
    return table(("switch", "claim", "sources", "date of the source", "certainty"), rows)


def read_provenance() -> list[dict[str, Any]]:
    """Returns the entries of `contracts/provenance.json`."""
    found: list[dict[str, Any]] = json.loads((data_folder("contracts") / "provenance.json").read_bytes())
    return found
