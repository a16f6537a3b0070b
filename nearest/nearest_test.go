package nearest_test

import (
	"testing"

	"github.com/atelier-go/atelier/nearest"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"epocs", "epochs", 1}, {"epohcs", "epochs", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}} {
		if got := nearest.Distance(c.a, c.b); got != c.want || nearest.Distance(c.b, c.a) != c.want {
			t.Errorf("from %q to %q is %d, want %d both ways", c.a, c.b, got, c.want)
		}
	}
}

func TestName(t *testing.T) {
	names := []string{"fine-tune", "finder", "resnet18"}
	for typed, want := range map[string]string{"finetune": "fine-tune", "Finder": "finder", "resnet19": "resnet18", "xyzzy": "", "": ""} {
		if got, near := nearest.Name(typed, names); got != want || near != (want != "") {
			t.Errorf("%q is near %q, %v, want %q", typed, got, near, want)
		}
	}
}
