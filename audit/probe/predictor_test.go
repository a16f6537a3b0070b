package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// childVariable makes the test's own program a predictor, which behaves as its value says.
const childVariable = "ATELIER_PROBE_CHILD"

func TestMain(m *testing.M) {
	if how := os.Getenv(childVariable); how != "" {
		os.Exit(child(how))
	}
	os.Exit(m.Run())
}

func child(how string) int {
	in := bufio.NewScanner(os.Stdin)
	for n := 0; in.Scan(); n++ {
		switch {
		case how == "short" && n == 2:
			return 0
		case how == "fail" && n == 1:
			fmt.Fprintln(os.Stderr, "out of cheese")
			return 3
		case how == "sleep":
			time.Sleep(time.Minute)
		}
		fmt.Print(strings.ToUpper(in.Text()), "\r\n")
	}
	return 0
}

func TestCommand(t *testing.T) {
	inputs := []string{"a b", "ç", "", "d"}
	command := Command{Args: []string{os.Args[0]}, Timeout: 30 * time.Second}
	t.Setenv(childVariable, "whole")
	got, err := command.Predict(context.Background(), inputs)
	if want := []string{"A B", "Ç", "", "D"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q, error %v, want %q", got, err, want)
	}
	if _, err := command.Predict(context.Background(), []string{"a\nb"}); err == nil || !strings.Contains(err.Error(), "line break") {
		t.Errorf("a line break: error %v", err)
	}
	for how, want := range map[string]string{"short": "2 answers to 4 inputs", "fail": "exit status 3 after 1 of 4 answers: out of cheese"} {
		t.Setenv(childVariable, how)
		if _, err := command.Predict(context.Background(), inputs); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", how, err, want)
		}
	}
	t.Setenv(childVariable, "sleep")
	command.Timeout = 50 * time.Millisecond
	if _, err := command.Predict(context.Background(), inputs); err == nil || !strings.Contains(err.Error(), "no end after 50ms") {
		t.Errorf("error %v, want a timeout", err)
	}
	for _, args := range [][]string{nil, {"/there/is/no/such/program"}} {
		if _, err := (Command{Args: args}).Predict(context.Background(), inputs); err == nil {
			t.Errorf("%q runs", args)
		}
	}
}

func TestHTTP(t *testing.T) {
	var sizes []int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Inputs []string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Header.Get("Authorization") != "secret" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		sizes = append(sizes, len(body.Inputs))
		var outputs []any
		for i, in := range body.Inputs {
			if i%2 == 0 {
				outputs = append(outputs, in+"!")
			} else {
				outputs = append(outputs, json.Number("0.50"))
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"outputs": outputs})
	}))
	defer server.Close()
	h := HTTP{URL: server.URL, Batch: 2, Header: http.Header{"Authorization": {"secret"}}}
	got, err := h.Predict(context.Background(), []string{"a", "b", "c"})
	if want := []string{"a!", "0.50", "c!"}; err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(sizes, []int{2, 1}) {
		t.Errorf("%q in batches of %d, error %v, want %q", got, sizes, err, want)
	}
	h.Header = nil
	if _, err := h.Predict(context.Background(), []string{"a"}); err == nil || !strings.Contains(err.Error(), "401 Unauthorized: who are you?") {
		t.Errorf("error %v, want the status", err)
	}
}

func TestHTTPAnswersThatAreNone(t *testing.T) {
	answer := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer == "wait" {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, answer)
	}))
	defer server.Close()
	for text, want := range map[string]string{
		"hello":                    "no JSON with outputs",
		`{"outputs": []}`:          "0 answers to 1 inputs",
		`{"outputs": [{"a": 1}]}`:  "want a string or a number",
		`{"outputs": [null]}`:      "want a string or a number",
		`{"outputs": ["a", "bb"]}`: "2 answers to 1 inputs",
		"wait":                     "deadline exceeded",
	} {
		answer = text
		h := HTTP{URL: server.URL, Timeout: 5 * time.Second}
		if text == "wait" {
			h.Timeout = 50 * time.Millisecond
		}
		if _, err := h.Predict(context.Background(), []string{"x"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
	if _, err := (HTTP{URL: ":"}).Predict(context.Background(), []string{"x"}); err == nil {
		t.Error("a URL that is none is asked")
	}
}
