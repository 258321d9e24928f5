"""A base image made here: Debian with Python, bootstrapped from the archive that this machine uses, as slim as the official one."""

import os
import shutil
import tarfile
import zlib
from pathlib import Path

from image.commands import Failed, run

BASE = "localhost/runflow-base"
"""What engines call it."""
HOST_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = ("ca-certificates", "python-is-python3", "python3", "python3-venv")
# What official slim images leave out, too.
LEFT_OUT = ("usr/share/doc", "usr/share/info", "usr/share/locale", "usr/share/man", "var/cache/apt", "var/lib/apt/lists", "var/log")


def make_base(work: Path) -> Path:
    """Returns an archive of the base's file system; it is made once."""
    archive = work / f"base-{zlib.crc32(repr((PACKAGES, LEFT_OUT)).encode()):08x}.tar"
    if archive.exists():
        return archive
    root = work / "base"
    shutil.rmtree(root, ignore_errors=True)
    suite, mirror = _archive()
    run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite, root, mirror)
    for folder in LEFT_OUT:
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir(parents=True)
    with tarfile.open(work / "base.part", "w") as packed:
        packed.add(root, arcname=".", filter=_without_devices)
    os.replace(work / "base.part", archive)
    shutil.rmtree(root)
    return archive


def _archive() -> tuple[str, str]:
    """Returns the suite that this machine was installed from, and where its packages are."""
    lines = run("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages").splitlines()
    for line in lines:
        suite, _, mirror = line.partition(" ")
        if "-" not in suite:
            return suite, mirror
    raise Failed("apt knows no archive of Debian; without Docker, the image is built on Debian")


def _without_devices(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.isdev() else member
