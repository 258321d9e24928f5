// Takes callbacks, with nothing but the standard library: `go run handler.go PORT`.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const tolerance = 300 * time.Second

var (
	secret  = []byte(os.Getenv("RUNFLOW_CALLBACK_SECRET"))
	isDated = os.Getenv("RUNFLOW_SIGNATURE") != "bare"
	seen    sync.Map
)

func isGenuine(headers http.Header, body []byte) bool {
	stamp, prefix := headers.Get("Runflow-Timestamp"), ""
	digest := hmac.New(sha256.New, secret)
	if isDated {
		digest.Write([]byte(stamp + "."))
		prefix = "v1="
	}
	digest.Write(body)
	expected := prefix + hex.EncodeToString(digest.Sum(nil))
	if !hmac.Equal([]byte(expected), []byte(headers.Get("Runflow-Signature"))) {
		return false
	}
	if !isDated {
		return true
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	age := time.Since(time.Unix(seconds, 0))
	return err == nil && age <= tolerance && age >= -tolerance
}

func take(request *http.Request) int {
	body, err := io.ReadAll(request.Body)
	if request.Method != http.MethodPost {
		return http.StatusMethodNotAllowed
	}
	if err != nil || !isGenuine(request.Header, body) {
		return http.StatusUnauthorized
	}
	var told struct{ Event string }
	if json.Unmarshal(body, &told) != nil || told.Event == "" {
		return http.StatusBadRequest
	}
	id := request.Header.Get("Runflow-Request-Id")
	end := strings.LastIndex(id, "-")
	if end < 1 {
		return http.StatusBadRequest
	}
	if _, isRepeat := seen.LoadOrStore(id[:end], true); !isRepeat {
		fmt.Println(told.Event, id[:end])
	}
	return http.StatusNoContent
}

func main() {
	if len(secret) == 0 {
		panic("RUNFLOW_CALLBACK_SECRET is not set: anybody could sign")
	}
	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) { response.WriteHeader(take(request)) })
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
