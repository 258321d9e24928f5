"""requests-toolbelt: sessions with a base address, streamed bodies, and its ways of connecting."""

import json
from queue import Queue

import pytest
import requests
from requests_toolbelt import MultipartEncoder, StreamingIterator
from requests_toolbelt.adapters.socket_options import TCPKeepAliveAdapter
from requests_toolbelt.adapters.source import SourceAddressAdapter
from requests_toolbelt.sessions import BaseUrlSession
from requests_toolbelt.threaded import pool
from stories import BODY, PATH, tell

RAW = json.dumps(BODY).encode()


def test_over_loopback(runflow, runflow_receiver):
    def post(url, headers, body):
        session = BaseUrlSession(runflow.base_url + "/")
        return session.post(url.removeprefix(runflow.base_url).lstrip("/"), json=body, headers=headers, timeout=20).json()

    tell(runflow, runflow_receiver, post)


def test_adapter(runflow_in_process):
    with BaseUrlSession(runflow_in_process.base_url + "/") as session:
        session.mount("http://", runflow_in_process.adapter)
        assert session.post(PATH[1:], json=BODY, headers=runflow_in_process.headers).status_code == 201
        streamed = StreamingIterator(len(RAW), iter([RAW[:9], RAW[9:]]))
        headers = {**runflow_in_process.headers, "Content-Type": "application/json"}
        assert session.post(PATH[1:], data=streamed, headers=headers).status_code == 201


@pytest.mark.parametrize("adapter", [TCPKeepAliveAdapter, lambda: SourceAddressAdapter("127.0.0.1")])
def test_hosts(runflow_hosts, adapter):
    with requests.Session() as session:
        session.mount("https://", adapter())
        streamed = StreamingIterator(len(RAW), iter([RAW[:9], RAW[9:]]))
        headers = {**runflow_hosts.headers, "Content-Type": "application/json"}
        assert session.post("https://api.runflow.io" + PATH, data=streamed, headers=headers, timeout=20).status_code == 201


def test_threads(runflow_hosts):
    jobs = [{"method": "POST", "url": "https://api.runflow.io" + PATH, "json": BODY, "headers": runflow_hosts.headers}] * 6
    waiting = Queue()
    for job in jobs:
        waiting.put(job)
    made = pool.Pool(job_queue=waiting, num_processes=3)
    made.join_all()
    assert sorted(answer.status_code for answer in made.responses()) == [201] * 6
    assert len(runflow_hosts.runs) == 6


@pytest.mark.runflow(allow_violations=True)
def test_form_is_refused(runflow):
    form = MultipartEncoder({"a": "b", "file": ("a.png", b"x", "image/png")})
    headers = {**runflow.headers, "Content-Type": form.content_type}
    assert requests.post(runflow.base_url + PATH, data=form, headers=headers, timeout=20).status_code in (415, 422)
