"""Dialects: every point on which the sources disagree, as named switches, and nowhere else.

`seed` follows the pages that the project was founded on, `docs` the newest public documentation and the official SDK. A switch can also be
set on its own, for a server or for one tenant.
"""

from collections.abc import Mapping

import msgspec

from runflow_mock.domain.hints import with_all
from runflow_mock.domain.runs import RunStatus


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """One way of speaking.

    `status_spelling`: `uk` says cancelled, `us` canceled (in statuses only). `callback_times`: `z` or `offset`. `failure_output`: what a
    callback carries when the run failed, `null` or an `error` object. `signature`: `timestamped` or `bare`. `secret_prefix`: how secrets
    start. `error_codes`: `seed` or `docs`. `rate_limit_headers`: `retry-after`, `none` or `full`. `cursor_names`: `reference` or `both`.

    Four switches are the same in both bundles, because the sources do not divide along them. `upload_types`: `any`, or those that are
    `listed`. `cancel_billing`: a run that is cancelled after a provider has it is charged in `full`, or `none` of it. `output_form`: each
    model's output as it is `documented`, or `both` forms for every picture. `run_error`: whether a run has the key `error` that some
    clients read, `absent` or `present`.

    Source: `assets.any-type`, `credits.cancelled-runs`, `outputs.forms`, `runs.error-object`.
    """

    name: str
    status_spelling: str = "uk"
    callback_times: str = "z"
    failure_output: str = "null"
    signature: str = "timestamped"
    secret_prefix: str = "rf_whsec_"
    error_codes: str = "seed"
    rate_limit_headers: str = "retry-after"
    cursor_names: str = "reference"
    upload_types: str = "any"
    cancel_billing: str = "full"
    output_form: str = "documented"
    run_error: str = "absent"

    @property
    def dates_attempts(self) -> bool:
        """Whether the requests of callbacks carry a timestamp."""
        return self.signature == "timestamped"

    @property
    def is_proven(self) -> bool:
        """Whether only what there is evidence for is said: as a strict tenant speaks."""
        return self.output_form == PROVEN

    def status(self, status: str) -> str:
        """Returns a status as this dialect spells it."""
        return "canceled" if status == RunStatus.CANCELLED and self.status_spelling == "us" else status


# What a strict tenant has in the place of either value of `output_form`: no form that nobody has seen.
PROVEN = "proven"
BUNDLES: Mapping[str, Dialect] = {
    "seed": Dialect(name="seed"),
    "docs": Dialect(
        name="docs",
        status_spelling="us",
        callback_times="offset",
        failure_output="error",
        signature="bare",
        secret_prefix="whsec_",
        error_codes="docs",
        rate_limit_headers="none",
        cursor_names="both",
    ),
}
SWITCHES: Mapping[str, tuple[str, ...]] = {
    "status_spelling": ("uk", "us"),
    "callback_times": ("z", "offset"),
    "failure_output": ("null", "error"),
    "signature": ("timestamped", "bare"),
    "secret_prefix": ("rf_whsec_", "whsec_"),
    "error_codes": ("seed", "docs"),
    "rate_limit_headers": ("retry-after", "none", "full"),
    "cursor_names": ("reference", "both"),
    "upload_types": ("any", "listed"),
    "cancel_billing": ("full", "none"),
    "output_form": ("documented", "both"),
    "run_error": ("absent", "present"),
}


def dialect_of(name: str, switches: Mapping[str, str], *, is_strict: bool = False) -> Dialect:
    """Returns a bundle with single switches set on top of it; a strict one says nothing for which there is no evidence.

    Raises:
        ValueError: a bundle, switch or value does not exist; the message lists those that do.
    """
    if name not in BUNDLES:
        raise ValueError(f"dialect {name[:80]!r} does not exist{with_all(name[:80], BUNDLES)}")
    for switch, value in switches.items():
        if switch not in SWITCHES:
            raise ValueError(f"switch {switch[:80]!r} does not exist{with_all(switch[:80], SWITCHES)}")
        if value not in SWITCHES[switch]:
            raise ValueError(f"switch {switch!r} cannot be {value[:80]!r}{with_all(value[:80], SWITCHES[switch])}")
    spoken = msgspec.structs.replace(BUNDLES[name], **switches)
    return msgspec.structs.replace(spoken, output_form=PROVEN) if is_strict else spoken


def read_status(text: str) -> str:
    """Returns a status from a filter in either spelling."""
    return "cancelled" if text == "canceled" else text
