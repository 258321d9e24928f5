"""An engine where there is none: buildah builds the Dockerfile without a daemon, and the kernel's own means run what came out.

The container's command runs from the built root file system: in a mount namespace of its own in which that is read-only, with no shell to
be found in it, as the image's user, with the image's variables.
"""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from image.bases import BASE, HOST_PATH, make_base
from image.boxes import Stopped
from image.commands import IMAGE, ROOT, run
from image.indexes import secrets_of_build
from image.layers import layer_sizes

SHELLS = ("dash", "sh")


class Jail:
    """A process in the built file system."""

    def __init__(self, process: "subprocess.Popen[bytes]", enter: "Enter") -> None:
        self._process = process
        self._enter = enter

    def run(self, command: Sequence[str]) -> int:
        """Runs another command there and returns its exit code."""
        return self._enter(command).wait(timeout=30)

    def stop(self) -> Stopped:
        """Sends SIGTERM and waits for the end."""
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        exit_code = self._process.wait(timeout=30)
        return Stopped(time.monotonic() - begun, exit_code)


class Enter:
    """Starts commands in a built file system."""

    def __init__(self, root: Path, user: str, environment: Mapping[str, str], mounts: Mapping[str, Path]) -> None:
        self._root = root
        self._user = user
        self._environment = environment
        self._mounts = mounts

    def __call__(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in self._environment.items())
        chroot = f"/usr/sbin/chroot --userspec={self._user} {shlex.quote(str(self._root))}"
        # chroot is found by our path, the command by the image's.
        last = f"exec /usr/bin/env -i {variables} {chroot} {shlex.join(command)}"
        script = "\n".join(("set -e", f"PATH={HOST_PATH}", *self._steps(), last))
        return subprocess.Popen(["/usr/bin/unshare", "--mount", "--propagation=private", "/bin/sh", "-c", script], env={})

    def _steps(self) -> Iterator[str]:
        root = shlex.quote(str(self._root))
        yield f"mount --bind {root} {root}"
        for inside, outside in self._mounts.items():
            yield f"mount --bind {shlex.quote(str(outside))} {root}{inside}"
        yield from (f"[ ! -f {root}/usr/bin/{name} ] || mount --bind /dev/null {root}/usr/bin/{name}" for name in SHELLS)
        yield f"mount -o remount,ro,bind {root} {root}"


class Buildah:
    """Builds with buildah, isolated by chroot, and keeps layers as plain folders."""

    def __init__(self, work: Path, cache: Path) -> None:
        self._work = work
        self._cache = cache

    def build(self) -> None:
        """Builds on a base of our own."""
        archive = make_base(self._cache)
        container = self._run("from", "scratch").strip()
        self._run("add", container, archive, "/")
        self._run("config", f"--env=PATH={HOST_PATH}", container)
        self._run("commit", "--format=docker", container, BASE)
        self._run("rm", container)
        options = ("--isolation=chroot", "--format=docker", "--layers=false", f"--build-arg=BASE={BASE}", f"--tag={IMAGE}")
        self._run("build", *options, *secrets_of_build(self._work), ROOT)

    def settings(self) -> Mapping[str, Any]:
        """Returns the image's settings."""
        found: Mapping[str, Any] = json.loads(self._run("inspect", "--type=image", IMAGE))["Docker"]["config"]
        return found

    def sizes(self) -> Mapping[str, int]:
        """Returns the compressed bytes of all layers together."""
        folder = self._work / "packed"
        self._run("push", IMAGE, f"oci:{folder}:{IMAGE}")
        return {"all layers": sum(layer_sizes(folder))}

    @contextmanager
    def start(self, environment: Mapping[str, str], report: Path) -> Iterator[Jail]:
        """Runs the image's command while the context lasts."""
        settings = self.settings()
        state = self._work / "state"
        state.mkdir()
        user, _, group = settings["User"].partition(":")
        for folder in (state, report):
            os.chown(folder, int(user), int(group))
        given = dict(pair.split("=", 1) for pair in settings["Env"])
        mounts = {"/state": state, "/report": report}
        enter = Enter(self._root, settings["User"], {**given, **environment}, mounts)
        process = enter((*settings["Entrypoint"], *settings["Cmd"]))
        try:
            yield Jail(process, enter)
        finally:
            process.kill()
            process.wait()

    @cached_property
    def _root(self) -> Path:
        container = self._run("from", "--pull-never", IMAGE).strip()
        return Path(self._run("mount", container).strip())

    def _run(self, verb: str, *arguments: str | Path) -> str:
        storage = ("--storage-driver=vfs", f"--root={self._work / 'storage'}", f"--runroot={self._work / 'run'}")
        return run("buildah", *storage, verb, *arguments)
