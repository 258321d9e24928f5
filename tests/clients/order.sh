#!/usr/bin/env bash
# Orders one photo without its background, waits for it, and ends with exit code 0 if it came: curl, and Python to read JSON.
# $1 is the Python.

PYTHON=$1
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT

field() { # the name of a field of the answer
    "$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$DIR/body" "$1" 2>"$DIR/why"
}

call() { # method, path, further arguments of curl
    local method=$1 path=$2 attempt status wait
    shift 2
    for attempt in 0 1 2 3; do
        wait=$((1 << attempt))
        status=$(curl -s -m 20 -X "$method" -o "$DIR/body" -D "$DIR/head" -w '%{http_code}' \
            -H "Authorization: Bearer $RUNFLOW_API_KEY" "$@" "$RUNFLOW_BASE_URL$path") || status=000
        case $status in
        2??) status_code=$(field status_code) && id=$(field id) && return 0 ;;
        408 | 429 | 5??) wait=$(tr -d '\r' <"$DIR/head" | sed -n 's/^retry-after: //Ip' | grep . || echo "$wait") ;;
        4??) return 1 ;;
        esac
        [ "$attempt" = 3 ] || sleep "$wait"
    done
    return 1
}

key=$("$PYTHON" -c 'import uuid; print(uuid.uuid4())')
call POST /v1/models/runflow/background-removal/runs -H "Idempotency-Key: $key" -H 'Content-Type: application/json' \
    -d '{"input": {"image_url": "https://cdn.example.com/shoe.jpg"}}' || exit 1
while true; do
    case $status_code in
    succeeded | partial_succeeded) exit 0 ;;
    failed | cancelled | canceled) exit 1 ;;
    esac
    sleep 1
    call GET "/v1/runs/$id" || exit 1
done
