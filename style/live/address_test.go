package live

import (
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]string{
		"": "127.0.0.1:0", "8080": "127.0.0.1:8080", ":8080": "127.0.0.1:8080", "0.0.0.0:80": "0.0.0.0:80", "localhost:0": "localhost:0",
		"[::1]:8080": "[::1]:8080",
	} {
		if got, err := ParseAddress(text); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"photo.jpg", "localhost", "65536", "-1", ":", "127.0.0.1:http", "::1", "a:b:c", "built-in:strokes"} {
		if got, err := ParseAddress(text); err == nil || !strings.Contains(err.Error(), "want a port") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestListenSaysWhy(t *testing.T) {
	p := open(t)
	taken := p.address().String()
	for address, want := range map[string]string{taken: taken + " is in use: choose another port", "192.0.2.1:0": "no address of this machine"} {
		if other, err := Listen(address); err == nil || !strings.Contains(err.Error(), want) {
			other.Close()
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

func TestPublic(t *testing.T) {
	p, err := Listen("0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if !p.Public() || !strings.HasPrefix(p.URL(), "http://127.0.0.1:") {
		t.Errorf("%s, public %v", p.URL(), p.Public())
	}
	if status, _, _ := get(t, p, "", "painter.example"); status != 200 {
		t.Errorf("a public page answers %d by another name", status)
	}
}
