<?php
// Takes callbacks, with nothing but what PHP brings: `php -S 127.0.0.1:PORT handler.php`.

const TOLERANCE_SECONDS = 300;

function is_genuine(string $body, string $secret): bool {
  $is_dated = getenv("RUNFLOW_SIGNATURE") !== "bare";
  $stamp = $_SERVER["HTTP_RUNFLOW_TIMESTAMP"] ?? "";
  $expected = ($is_dated ? "v1=" : "") . hash_hmac("sha256", $is_dated ? "$stamp.$body" : $body, $secret);
  if (!hash_equals($expected, $_SERVER["HTTP_RUNFLOW_SIGNATURE"] ?? "")) {
    return false;
  }
  return !$is_dated || abs(time() - (int) $stamp) <= TOLERANCE_SECONDS;
}

function take(string $body): int {
  if ($_SERVER["REQUEST_METHOD"] !== "POST") {
    return 405;
  }
  $secret = (string) getenv("RUNFLOW_CALLBACK_SECRET");
  if ($secret === "") {
    error_log("RUNFLOW_CALLBACK_SECRET is not set: anybody could sign");
    return 500;
  }
  if (!is_genuine($body, $secret)) {
    return 401;
  }
  $told = json_decode($body, true);
  if (!is_array($told) || !isset($told["event"])) {
    return 400;
  }
  $delivery = preg_replace('/-\d+$/', "", $_SERVER["HTTP_RUNFLOW_REQUEST_ID"] ?? "");
  if ($delivery === "") {
    return 400;
  }
  // PHP forgets everything after a request: what was seen is a file, which can be made once. An application has a table for it.
  $file = sys_get_temp_dir() . "/runflow-" . sha1($delivery);
  if (@fopen($file, "x") !== false) {
    file_put_contents("php://stdout", "$told[event] $delivery\n");
  } elseif (!file_exists($file)) {
    return 500; // What could not be remembered has to come again.
  }
  return 204;
}

http_response_code(take(file_get_contents("php://input")));
