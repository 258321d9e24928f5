"""How the pip of this machine reaches its index, as secrets of a build, which leave no trace in the image."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

FORWARDED = ("index-url", "timeout")
CA_INSIDE = "/run/secrets/ca.pem"


def secrets_of_build(folder: Path) -> tuple[str, ...]:
    """Returns the options of a build; the files that they name are written into a folder."""
    lines = [f"{name} = {value}" for name in FORWARDED if (value := _setting(name))]
    options = []
    ca_file = _setting("cert")
    if ca_file:
        lines.append(f"cert = {CA_INSIDE}")
        shutil.copyfile(ca_file, folder / "ca.pem")
        options.append(f"--secret=id=ca.pem,src={folder / 'ca.pem'}")
    if lines:
        (folder / "pip.conf").write_text("\n".join(("[global]", *lines, "")))
        options.append(f"--secret=id=pip.conf,src={folder / 'pip.conf'}")
    return tuple(options)


def _setting(name: str) -> str:
    given = os.environ.get(f"PIP_{name.upper().replace('-', '_')}")
    if given:
        return given
    asked = subprocess.run([sys.executable, "-m", "pip", "config", "get", f"global.{name}"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else ""
