package style_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
)

// A record that cannot be read, or does not fit together, is refused; a picture without one is told apart.
func TestParseRecord(t *testing.T) {
	if _, err := style.ParseRecord(map[string]string{"seed": "1"}); !errors.Is(err, style.ErrNoRecord) {
		t.Error(err)
	}
	for _, text := range []string{"", "{", `{"options":{"styles":[{}]}}`, `{"plan":{"scales":5}}`, `{"content":{}}`,
		`{"options":{"styles":[{}]},"style_files":[{}]}`, `{"options":{"styles":[{}]},"style_files":[{"name":"a"}],"masks":[{}]}`} {
		if _, err := style.ParseRecord(map[string]string{style.RecordKey: text}); err == nil || errors.Is(err, style.ErrNoRecord) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := (style.Source{Name: "a.png", SHA256: "12"}).Check("13"); err == nil || !strings.Contains(err.Error(), "a.png is not what it was") {
		t.Error(err)
	}
}

// Names of any bytes can be written, and the record is read back.
func TestRecordOfAnyNames(t *testing.T) {
	latin1 := "n\xe4t\x01\ufffe.pth"
	text, err := style.Record{Program: latin1, Network: style.Source{Name: latin1}, Content: &style.Source{Name: latin1}}.Text()
	if err != nil {
		t.Fatal(err)
	}
	if err := (imageio.Metadata{Text: text}).Check(); err != nil {
		t.Error(err)
	}
	r, err := style.ParseRecord(text)
	if want := "n\ufffdt\x01\ufffd.pth"; err != nil || r.Network.Name != want || r.Content.Name != want {
		t.Errorf("%+v, %v", r, err)
	}
}

// A plan that takes too much memory is refused, though it says that it takes none.
func TestPlanIsNotTrusted(t *testing.T) {
	o := small(t)
	o.Plan = &style.Plan{Scales: []style.PlannedScale{{Height: 60000, Width: 60000, Iterations: 1}}, History: 3}
	var memory *style.MemoryError
	if _, err := style.Paint(t.Context(), o, nil); !errors.As(err, &memory) {
		t.Error(err)
	}
}

// A state that is damaged is refused, and stays where it is.
func TestDamagedState(t *testing.T) {
	o := small(t)
	o.State = filepath.Join(t.TempDir(), "state")
	stop := func(style.Step) error { return errEnough }
	if _, err := style.Paint(t.Context(), o, stop); !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	good, err := os.ReadFile(o.State)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"empty": {}, "cut": good[:len(good)/2], "text": []byte("no state at all"),
		"counts": []byte(strings.Replace(string(good), `\"iteration\":1`, `\"iteration\":3`, 1)),
		"sizes":  []byte(strings.Replace(string(good), `\"height\":17`, `\"height\":19`, 1)),
	} {
		if string(bad) == string(good) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if err := os.WriteFile(o.State, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := style.Paint(t.Context(), o, nil); err == nil || !strings.Contains(err.Error(), o.State) {
			t.Errorf("%s: %v", name, err)
		}
		if now, err := os.ReadFile(o.State); err != nil || string(now) != string(bad) {
			t.Errorf("%s: the file was changed: %v", name, err)
		}
	}
}

// Whatever a picture's metadata say, options from it are refused or sound, without a panic.
func FuzzParseRecord(f *testing.F) {
	f.Add(`{"options":{"styles":[{"weight":2}],"size":48,"iterations":[1]},"style_files":[{"name":"a"}],"plan":{"scales":[{"height":8,"width":9,"iterations":2}]}}`)
	f.Add(`{"options":{"content_layers":[{"layer":"relu1_1","weight":-1}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := style.ParseRecord(map[string]string{style.RecordKey: text})
		if err != nil {
			return
		}
		o := r.Again()
		o.Network = &style.Network{Features: toy{}, Name: "toy"}
		o.Content = flat(4, 4, 0.5)
		for i := range o.Styles {
			o.Styles[i].Picture = o.Content
		}
		_ = o.Check() // any error will do
	})
}
