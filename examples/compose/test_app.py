"""The application of compose.yaml, as it stands, with the sandbox behind its proxy in the place of the network alias."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from runflow_mock.testing import Runflow

SECRET = "rf_whsec_of_the_sandbox"
WITH_SECRET = pytest.mark.runflow(callback_secret=SECRET)
PHOTO = {"image_url": "https://cdn.example.com/shoe.jpg"}


@pytest.fixture
def shop(runflow_proxy_env: Mapping[str, str]) -> Iterator[str]:
    """Yields where the shop is open."""
    env = {**os.environ, **runflow_proxy_env, "RUNFLOW_CALLBACK_SECRET": SECRET, "PORT": "0"}
    with subprocess.Popen([sys.executable, Path(__file__).with_name("app.py")], env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@WITH_SECRET
def test_photo_is_begun_and_told_by_callback(runflow: Runflow, shop: str) -> None:
    run_id = requests.post(f"{shop}/photos", json=PHOTO, timeout=10).json()["run_id"]
    runflow.clock.run_until_idle()
    assert requests.get(f"{shop}/photos", timeout=10).json() == {run_id: "succeeded"}


@WITH_SECRET
def test_forged_callback_changes_nothing(runflow: Runflow, shop: str) -> None:
    runflow.faults.add(what="callback.tamper", when={"times": 1})
    run_id = requests.post(f"{shop}/photos", json=PHOTO, timeout=10).json()["run_id"]
    runflow.clock.advance("5m")
    attempts = runflow.deliveries[0].attempts
    assert [attempt.status_code for attempt in attempts] == [401, 204]
    assert requests.get(f"{shop}/photos", timeout=10).json() == {run_id: "succeeded"}


def test_shop_without_a_secret_does_not_open() -> None:
    env = {**os.environ, "RUNFLOW_CALLBACK_SECRET": "", "PORT": "0"}
    command = (sys.executable, Path(__file__).with_name("app.py"))
    told = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=30)
    assert (told.returncode, told.stderr) == (1, "RUNFLOW_CALLBACK_SECRET is not set: anybody could sign\n")
