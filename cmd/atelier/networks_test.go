package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/zoo"
)

func TestNetworks(t *testing.T) {
	table := modelsOutput(t, nil, "resnet50", "25,557,032", "4,089,184,256", "inception-valid+inception-resnet-v2+average")
	if n := strings.Count(table, "\n"); n != len(zoo.Backbones())+5 { // the head, and what the parts are
		t.Errorf("%d lines:\n%s", n, table)
	}
	modelsOutput(t, []string{"--size", "16"}, "resnet50         ", "they are smaller than the network's stride of 32 pixels", "stems  cifar resnet ", "heads  average ")
	var rows []network
	out := modelsOutput(t, []string{"--json", "--size", "64", "--channels", "1", "--classes", "10"})
	if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) != len(zoo.Backbones()) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		if r.Name == "inception-resnet-v2" {
			if !strings.Contains(r.Error, "pictures of 64x64x1") {
				t.Errorf("a network that is too large: %+v", r)
			}
		} else if r.Error != "" || r.Parameters < 1000 || r.MACs < 1000 || r.Activations < 1000 || len(r.Groups) != 3 {
			t.Errorf("%+v", r)
		}
	}
}

func TestNetworkDrawn(t *testing.T) {
	t.Setenv("ATELIER_WEIGHTS", t.TempDir())
	modelsOutput(t, []string{"show", "cifar+resnet-16x1-32x1-64x1+concat", "--size", "28", "--channels", "1", "--classes", "10"},
		"cifar+resnet-16x1-32x1-64x1+concat", "pictures 28x28, 1 channels", "├─ layer3  resnet-16x1-32x1-64x1  7x7x64", "78,394", "9,346,560", "└─ head")
	modelsOutput(t, []string{"show", "vgg16"}, "relu5_3", "├─ block5", "138,357,544")
	modelsOutput(t, []string{"show", "vgg19+none"}, "├─ block3  vgg19", "  1 and 2\n") // fastai cuts within block 3
	modelsOutput(t, []string{"show", "resnet50"}, "├─ layer3  resnet50  14x14x1024  16      19  ")
	svg := filepath.Join(t.TempDir(), "network.svg")
	if out := modelsOutput(t, []string{"show", "vgg16", "--svg", svg}); out != "" {
		t.Errorf("drawing prints %q", out)
	}
	b, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	boxes := 0
	for d := xml.NewDecoder(strings.NewReader(string(b))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			boxes++
		}
	}
	if boxes != 9 || !strings.Contains(string(b), "102,764,544") && !strings.Contains(string(b), "123,642,856") {
		t.Errorf("%d boxes in\n%s", boxes, b)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--size", "0"}, exitUsage, "--size 0"},
		{[]string{"show", "resnet50", "--classes", "-1"}, exitUsage, "--classes -1"},
		{[]string{"show", "resnet51"}, exitUsage, `did you mean "resnet50"?`},
		{[]string{"show", "resnet50", "--size", "16"}, exitError, "stride of 32 pixels"},
		{[]string{"show", "models.go", "--svg", svg}, exitUsage, "--svg"},
	} {
		code, _, stderr := atelier(t, append([]string{"models"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("models %v: exit %d, %q, want %d and one line with %q", c.args, code, stderr, c.code, c.want)
		}
	}
}
