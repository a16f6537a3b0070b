package zoo_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"

	_ "github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/zoo"
)

var openBackend = sync.OnceValues(func() (compute.Backend, error) { return compute.NewWithConfig("cpu") })

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := openBackend()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// byName is a model that must exist.
func byName(t testing.TB, name string, classes int) zoo.Model {
	t.Helper()
	m, err := zoo.ByName(name, classes)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wantError fails unless err has all parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q, want one with %q", err, p)
		}
	}
}
