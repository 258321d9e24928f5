"""Engines: what can build the image and run it, the best first, and which of them works on this machine."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from image.boxes import Engine
from image.buildah import Buildah
from image.commands import Failed, named_base
from image.docker import Docker
from image.podman import Ground, Podman, own_ground

PODMAN_MEANS = ("podman", "runc", "iptables", "debootstrap")
BUILDAH_MEANS = ("buildah", "debootstrap")
# What Podman needs is not all on the PATH.
PODMAN_PACKAGES = (*PODMAN_MEANS, "netavark", "aardvark-dns")
WAY_OUT = (
    "install Docker, or Podman with the base at hand; on Debian root can do without an image registry: "
    f"apt-get install {' '.join(PODMAN_PACKAGES)} to run containers, or {' '.join(BUILDAH_MEANS)} to run what is in the image without one"
)

Say = Callable[[str], None]
Make = Callable[[Path, Path, Say], Engine | None]


def find_engine(names: Sequence[str], work: Path, cache: Path, say: Say) -> Engine:
    """Returns the first of the named engines that works on this machine.

    Raises:
        Failed: there is none.
    """
    for name in names:
        engine = ENGINES[name](work, cache, say)
        if engine is not None:
            return engine
    raise Failed(f"none of {', '.join(names)} works here; {WAY_OUT}")


def _docker(work: Path, cache: Path, say: Say) -> Engine | None:
    return Docker(("docker",), work) if _works("docker", "info") else None


def _podman(work: Path, cache: Path, say: Say) -> Engine | None:
    """Podman as this machine has it, where it can have the Dockerfile's base; else with a base of our own, where containers run at all."""
    base = named_base()
    if _works("podman", "image", "exists", base) or _works("podman", "pull", "--quiet", base):
        return Podman(work, Ground(("podman",), base))
    if not _may_make_bases(PODMAN_MEANS):
        return None
    podman = Podman(work, own_ground(work, cache))
    try:
        podman.prepare()
    except Failed as error:
        say(f"Podman runs no containers here: {error}")
        return None
    return podman


def _buildah(work: Path, cache: Path, say: Say) -> Engine | None:
    return Buildah(work, cache) if _may_make_bases(BUILDAH_MEANS) else None


def _may_make_bases(means: Sequence[str]) -> bool:
    return os.name == "posix" and os.geteuid() == 0 and all(map(shutil.which, means))


def _works(program: str, *arguments: str) -> bool:
    return bool(shutil.which(program)) and subprocess.run([program, *arguments], capture_output=True, check=False).returncode == 0


ENGINES: Mapping[str, Make] = {"docker": _docker, "podman": _podman, "buildah": _buildah}
