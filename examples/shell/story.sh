#!/usr/bin/env bash
# A run, its end, a failure, three hours that pass at once, and the bill: with curl and jq against a sandbox that runs.
#
#   runflow-mock serve &
#   examples/shell/story.sh
set -euo pipefail

base=${RUNFLOW_BASE_URL:-http://127.0.0.1:8787}
tenant=shell_$$_$RANDOM
key=rf_live_mock_$tenant
model=runflow/background-removal

# call METHOD PATH [BODY [HEADER]]: prints the answer; a refusal is printed, too, and ends the script.
call() {
  curl --silent --show-error --fail-with-body --request "$1" "$base$2" --header "Authorization: Bearer $key" \
    --header "Content-Type: application/json" ${3:+--data "$3"} ${4:+--header "$4"}
}

# begin ORDER: creates a run, and prints its id. The key makes it safe to try again.
begin() {
  local body
  body=$(jq --null-input --arg order "$1" '{client_ref: $order, input: {image_url: "https://cdn.example.com/shoe.jpg"}}')
  call POST "/v1/models/$model/runs" "$body" "Idempotency-Key: $1" | jq --raw-output .id
}

# outcome RUN: polls until the run has ended, and prints how. Instead of sleeping it moves the tenant's clock.
outcome() {
  local run end=null
  while [ "$end" = null ]; do
    call POST /_mock/clock/advance '{"by": "2s"}' >/dev/null
    run=$(call GET "/v1/runs/$1")
    end=$(jq --raw-output .completed_at <<<"$run")
  done
  jq --raw-output '[.status_code, .failure_code // empty] | join(" ")' <<<"$run"
}

call POST /_mock/tenants "{\"name\": \"$tenant\", \"clock\": \"manual\"}" >/dev/null

run=$(begin order-1)
end=$(outcome "$run")
echo "the first run: $end"

call POST /_mock/faults '{"what": {"kind": "fail", "failure_code": "NSFW_CONTENT"}, "when": {"times": 1}}' >/dev/null
run=$(begin order-2)
end=$(outcome "$run")
echo "one that fails: $end"

begin order-3 >/dev/null
call POST /_mock/clock/advance '{"by": "3h"}' | jq --raw-output '"in three hours: " + ([.timeline[] | select(.kind == "run").to] | join(", "))'

call GET /_mock/ledger | jq --raw-output '"charged \(.charged), left \(.balance), in order: \(all(.invariants[]; .held))"'
call POST /_mock/verify '{"operation": "create_run", "count": 3}' | jq --raw-output '"runs that were created: \(.matched | length)"'

call DELETE "/_mock/tenants/$tenant"
