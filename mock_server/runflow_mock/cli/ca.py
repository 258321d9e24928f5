"""`runflow-mock ca`: the local CA, and how clients are made to trust it."""

import json
from pathlib import Path

import click

from runflow_mock.cli.options import json_option, state_option
from runflow_mock.cli.shells import shell_option, write_exports
from runflow_mock.runtime.certificates import make_authority

# Whose variable it is, and whether the CA is trusted besides the usual ones or in their place.
TRUST = (
    ("curl; in place of the usual authorities", "CURL_CA_BUNDLE"),
    ("Node; besides the usual authorities", "NODE_EXTRA_CA_CERTS"),
    ("Python's requests; in place of the usual authorities", "REQUESTS_CA_BUNDLE"),
    ("Python's ssl, httpx and urllib3, and Go on Linux; in place of the usual authorities", "SSL_CERT_FILE"),
)
JAVA = """\
# Java; in place of the usual authorities. It reads a store that has to be made first:
#   keytool -importcert -noprompt -alias runflow-mock -file '{file}' -keystore '{store}' -storetype PKCS12 -storepass changeit
#   {variable}
"""


@click.command()
@state_option()
@shell_option
@json_option("Print one JSON line with ca_file.")
def command(*, state: Path, shell: str, as_json: bool) -> None:
    """Print the local CA and how to trust it.

    The CA is made when it is asked for first, by this command or by `serve --tls`, and is the same for every sandbox of this user. Its key
    stays in the state folder, for you alone. The lines can be evaluated; take those of the clients that you use. Exit codes: 0, 2 wrong
    usage, a folder that cannot be written, or a CA that cannot be read.
    """
    file = make_authority(state).resolve()
    click.echo(json.dumps({"ca_file": str(file)}) if as_json else _lines(file, shell), nl=as_json)


def trust_variables(file: Path) -> dict[str, str]:
    """Returns the variables by which clients of several languages trust a CA."""
    return {variable: str(file) for _, variable in TRUST}


def _lines(file: Path, shell: str) -> str:
    parts = [f"# The local CA of runflow-mock: {file}\n"]
    parts += [f"# {whose}\n{write_exports({variable: str(file)}, shell)}" for whose, variable in TRUST]
    store = file.with_name("ca.p12")
    options = f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit"
    parts.append(JAVA.format(file=file, store=store, variable=write_exports({"JAVA_TOOL_OPTIONS": options}, shell).rstrip()))
    return "".join(parts)
