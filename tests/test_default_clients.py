"""Clients that other languages bring along, with nothing set: what they offer, ask first and leave out keeps none from its answer."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Sandbox, sandbox
from steps import INPUT, RUNS

pytestmark = pytest.mark.slow

BODY = json.dumps({"input": INPUT})
LARGE = json.dumps({"input": {**INPUT, "note": "x" * 2_000_000}})

# Each is given address, key and the file of a body, posts it twice on what it takes for one connection, and prints both statuses.
NODE = """
const [url, key, file] = process.argv.slice(2);
const body = require("node:fs").readFileSync(file);
const post = async () => {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body });
  await answer.json();
  return answer.status;
};
post().then(async (first) => console.log(first, await post()));
"""
JAVA = """
import java.net.URI;
import java.net.http.*;
import java.nio.file.*;
class Post {
  public static void main(String[] given) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest request = HttpRequest.newBuilder(URI.create(given[0])).header("Authorization", "Bearer " + given[1])
        .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofFile(Path.of(given[2]))).build();
    int first = client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
    System.out.println(first + " " + client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
  }
}
"""
PHP = """<?php
[, $url, $key, $file] = $argv;
$headers = "Authorization: Bearer $key\\r\\nContent-Type: application/json";
$context = stream_context_create(["http" => ["method" => "POST", "header" => $headers, "content" => file_get_contents($file)]]);
$statuses = [];
for ($time = 0; $time < 2; $time++) {
  file_get_contents($url, false, $context);
  $statuses[] = explode(" ", $http_response_header[0])[1];
}
echo implode(" ", $statuses);
"""
GO = """
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	body, _ := os.ReadFile(os.Args[3])
	for range []int{1, 2} {
		request, _ := http.NewRequest("POST", os.Args[1], bytes.NewReader(body))
		request.Header.Set("Authorization", "Bearer "+os.Args[2])
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		fmt.Print(answer.StatusCode, " ")
	}
}
"""
PROGRAMS = {
    "node": ("post.cjs", NODE, ("node",)),
    "java": ("Post.java", JAVA, ("java",)),
    "php": ("post.php", PHP, ("php",)),
    "go": ("post.go", GO, ("go", "run")),
}
CURLS = {
    "http2": ("--http2",),
    "http1.0": ("--http1.0",),
    "asks first": ("-H", "Expect: 100-continue"),
    "chunks": ("-H", "Transfer-Encoding: chunked"),
    "as .NET and its kin write them": (
        "-H",
        "Expect: 100-continue",
        "-H",
        "Connection: keep-alive, Upgrade",
        "-H",
        "Upgrade: h2c",
        "-H",
        "TE: trailers",
    ),
}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with sandbox("--clock", "manual") as opened:
        yield opened


@pytest.mark.parametrize("body", [BODY, LARGE], ids=["small", "large"])
@pytest.mark.timeout(300)  # Go compiles its library when it is asked for the first time
@pytest.mark.parametrize("name", [name for name, (_, _, command) in PROGRAMS.items() if shutil.which(command[0])])
def test_client_of_another_language_is_answered(running: Sandbox, tmp_path: Path, name: str, body: str) -> None:
    file, text, command = PROGRAMS[name]
    program, given = tmp_path / file, tmp_path / "body.json"
    program.write_text(text, encoding="utf-8")
    given.write_text(body, encoding="utf-8")
    called = [*command, str(program), running.url + RUNS, str(running.ready["key"]), str(given)]
    told = subprocess.run(called, capture_output=True, text=True, check=True, timeout=280, cwd=tmp_path)
    assert told.stdout.split() == ["201", "201"]


@pytest.mark.parametrize("body", [BODY, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("options", CURLS.values(), ids=CURLS.keys())
def test_curl_is_answered_whatever_it_offers(running: Sandbox, tmp_path: Path, options: tuple[str, ...], body: str) -> None:
    given = tmp_path / "body.json"
    given.write_text(body, encoding="utf-8")
    headers = ("-H", f"Authorization: Bearer {running.ready['key']}", "-H", "Content-Type: application/json")
    url = running.url + RUNS
    shown = ("-s", "-o", str(tmp_path / "answer"), "-w", "%{http_code} ", "--data-binary", f"@{given}")
    called = ["curl", *options, *headers, *shown, url, "--next", *options, *headers, *shown, url]
    told = subprocess.run(called, capture_output=True, text=True, check=True, timeout=55)
    assert told.stdout.split() == ["201", "201"]
