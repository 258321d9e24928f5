"""A small command-line tool: prints what is left on the account."""

import os
import sys

import requests

base_url = os.environ.get("RUNFLOW_BASE_URL", "https://api.runflow.io")
key = os.environ["RUNFLOW_API_KEY"]
answer = requests.get(f"{base_url}/v1/billing/balance", headers={"Authorization": f"Bearer {key}"}, timeout=10)
if not answer.ok:
    sys.exit(f"{answer.status_code}: {answer.json()['message']}")
print(answer.json()["balance"])
