"""botocore: its own session on top of urllib3, as the SDKs of a cloud use it."""

import json

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from stories import BODY, PATH, tell

PROXIES = {"https": "http://proxy.invalid:3128"}


def send(session, url, headers, body):
    given = {**headers, "Content-Type": "application/json"}
    answer = session.send(AWSRequest("POST", url, headers=given, data=json.dumps(body).encode()).prepare())
    assert answer.status_code == 201, answer.content
    return json.loads(answer.content)


def test_over_loopback(runflow, runflow_receiver):
    tell(runflow, runflow_receiver, lambda url, headers, body: send(URLLib3Session(), url, headers, body))


def test_hosts(runflow_hosts):
    for session in (URLLib3Session(), URLLib3Session(verify=False), URLLib3Session(proxies=PROXIES)):
        send(session, "https://api.runflow.io" + PATH, runflow_hosts.headers, BODY)
    assert len(runflow_hosts.runs) == 3
