"""Certificates for https on this machine: a local authority, made once per user, and the server's own certificate, made at every start.

Only the authority is kept, in the state folder: whoever trusts it once trusts every sandbox of this user. The server's certificate lives
as long as the process, so that it can carry whatever names are asked for and never expires unnoticed.
"""

import os
import secrets
import shutil
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from runflow_mock.runtime.config import ConfigError
from runflow_mock.user_files import read_plain_file
from runflow_mock.wire.sites import HOSTS

if TYPE_CHECKING:
    import trustme

FOLDER = "ca"
CERTIFICATE_FILE = "ca.pem"
KEY_FILE = "ca-key.pem"
ORGANIZATION = "runflow-mock, local and unofficial"
NAMES = ("localhost", "127.0.0.1", "::1", *HOSTS)
"""The names that every certificate of a server carries."""
LIFETIME = timedelta(days=397)
"""How long a server's certificate is valid: what the strictest clients accept."""

_SLACK = timedelta(days=1)


def ca_file(state: Path) -> Path:
    """Returns where the authority's certificate is in a state folder, once it was made."""
    return state / FOLDER / CERTIFICATE_FILE


def make_authority(state: Path) -> Path:
    """Makes the authority of a state folder unless it is there, and returns the file of its certificate.

    Of two processes that do this at once the first one wins, and both return its file.

    Raises:
        ConfigError: the folder cannot be written, or the certificate in it cannot be read.
    """
    folder = state / FOLDER
    if not (folder / KEY_FILE).exists():
        try:
            state.mkdir(mode=0o755, parents=True, exist_ok=True)
            _publish(state, folder)
        except OSError as error:
            way_out = "name a folder that can be with --state or RUNFLOW_MOCK_STATE"
            raise ConfigError(f"state folder {state} cannot be written: {error.strerror}; {way_out}") from None
    # The key is for its owner alone: who trusts the certificate need not read it.
    with _told(folder):
        # Between certificates anybody may have written anything.
        certificates = read_plain_file(folder / CERTIFICATE_FILE).decode("ascii", "ignore")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    return folder / CERTIFICATE_FILE


def server_context(state: Path, names: Iterable[str], now: datetime) -> ssl.SSLContext:
    """Returns what a server needs to speak TLS under `NAMES` and the given names, with a fresh certificate of the authority.

    Raises:
        ConfigError: the authority cannot be made or read, or a name is none.
    """
    make_authority(state)
    authority = _load(state / FOLDER)
    try:
        leaf = authority.issue_cert(
            *dict.fromkeys((*NAMES, *names)),
            organization_name=ORGANIZATION,
            organization_unit_name="sandbox",
            not_before=now - _SLACK,
            not_after=now + LIFETIME - _SLACK,
        )
    except ValueError as error:
        raise ConfigError(f"tls-names: {error}; write host names or addresses, separated by commas") from None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    # The standard library reads keys from files only; where the state folder is mounted read-only, the system's folder for them serves.
    folder = state / FOLDER
    with leaf.private_key_and_cert_chain_pem.tempfile(dir=str(folder) if os.access(folder, os.W_OK) else None) as path:
        context.load_cert_chain(path)
    return context


def _publish(state: Path, folder: Path) -> None:
    """Makes the files beside their place and moves them there in one step: a reader finds all or nothing."""
    import trustme

    authority = trustme.CA(organization_name=ORGANIZATION, organization_unit_name=f"Local CA {secrets.token_hex(4)}")
    made = Path(tempfile.mkdtemp(prefix=f"{FOLDER}-", dir=state))
    try:
        _write(made / CERTIFICATE_FILE, authority.cert_pem.bytes(), 0o644)
        _write(made / KEY_FILE, authority.private_key_pem.bytes(), 0o600)
        made.chmod(0o755)
        made.rename(folder)
    except OSError:
        # Somebody else was faster: a folder that is not empty is never replaced.
        if not (folder / KEY_FILE).exists():
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    path.chmod(mode)


def _load(folder: Path) -> "trustme.CA":
    import trustme

    with _told(folder):
        return trustme.CA.from_pem(read_plain_file(folder / CERTIFICATE_FILE), read_plain_file(folder / KEY_FILE))


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Says of what cannot be read of an authority why, and the way out."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = "it is damaged" if isinstance(error, ValueError | ssl.SSLError) else error.strerror
        raise ConfigError(f"the local CA in {folder} cannot be used: {reason}; remove the folder, and a new one is made") from None
