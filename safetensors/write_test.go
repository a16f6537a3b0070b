package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/atelier-go/atelier/safetensors"
)

// handMade is a file put together by hand, with the tensors that handMadeTensors returns.
func handMade() []byte {
	header := `{"__metadata__":{"format":"pt","layout":"<OIHW> & \"more\""},` +
		`"long":{"dtype":"I64","shape":[],"data_offsets":[0,8]},` +
		`"a":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},` +
		`"b.weight":{"dtype":"F32","shape":[1],"data_offsets":[16,20]},` +
		`"half":{"dtype":"F16","shape":[3],"data_offsets":[20,26]},` +
		`"byte":{"dtype":"U8","shape":[1],"data_offsets":[26,27]},` +
		`"none":{"dtype":"BOOL","shape":[0,5],"data_offsets":[27,27]}}`
	for len(header)%8 != 0 {
		header += " "
	}
	file := append([]byte{byte(len(header)), byte(len(header) >> 8), 0, 0, 0, 0, 0, 0}, header...)
	return append(file,
		0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // -2
		0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0, // 1, -2.5
		0, 0, 0x80, 0x7f, // infinity
		0x00, 0x3c, 0x01, 0x80, 0xff, 0x7b, // 1, -2^-24, 65504
		7)
}

// handMadeTensors returns the tensors in another order than the file has.
func handMadeTensors() ([]Tensor, map[string]string) {
	return []Tensor{
		{Name: "none", DType: Bool, Shape: []int{0, 5}},
		FromFloat32("b.weight", []int{1}, []float32{float32(math.Inf(1))}),
		{Name: "half", DType: F16, Shape: []int{3}, Data: []byte{0x00, 0x3c, 0x01, 0x80, 0xff, 0x7b}},
		{Name: "byte", DType: U8, Shape: []int{1}, Data: []byte{7}},
		FromFloat32("a", []int{2, 1}, []float32{1, -2.5}),
		{Name: "long", DType: I64, Stream: func(w io.Writer) error { return binary.Write(w, binary.LittleEndian, int64(-2)) }},
	}, map[string]string{"layout": `<OIHW> & "more"`, "format": "pt"}
}

func TestWriteIsHandMade(t *testing.T) {
	tensors, metadata := handMadeTensors()
	var got bytes.Buffer
	if err := Write(&got, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	if want := handMade(); !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%q\nwant\n%q", got.Bytes(), want)
	}
	if tensors[0].Name != "none" {
		t.Error("Write sorted the caller's tensors")
	}
}

func TestWriteEmpty(t *testing.T) {
	for want, metadata := range map[string]map[string]string{
		"\x08\x00\x00\x00\x00\x00\x00\x00{}      ":                           nil,
		"\x18\x00\x00\x00\x00\x00\x00\x00" + `{"__metadata__":{}}` + "     ": {},
	} {
		var got bytes.Buffer
		if err := Write(&got, nil, metadata); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("got %q, want %q", got.String(), want)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	ok := FromFloat32("x", []int{1}, []float32{1})
	for name, c := range map[string]struct {
		tensors  []Tensor
		metadata map[string]string
		want     string
	}{
		"two of a name":    {tensors: []Tensor{ok, ok}, want: `two tensors "x"`},
		"the reserved":     {tensors: []Tensor{FromFloat32("__metadata__", nil, []float32{1})}, want: "reserved"},
		"name not UTF-8":   {tensors: []Tensor{FromFloat32("\xff", nil, []float32{1})}, want: "UTF-8"},
		"too few":          {tensors: []Tensor{FromFloat32("x", []int{2, 3}, make([]float32, 5))}, want: `"x": 20 bytes of data, want 24`},
		"too many":         {tensors: []Tensor{FromFloat32("x", nil, make([]float32, 2))}, want: "8 bytes of data, want 4"},
		"negative":         {tensors: []Tensor{FromFloat32("x", []int{-1, -1}, make([]float32, 1))}, want: "negative"},
		"overflow":         {tensors: []Tensor{{Name: "x", DType: F32, Shape: []int{1 << 31, 1 << 31, 1 << 31}}}, want: "memory"},
		"no dtype":         {tensors: []Tensor{{Name: "x"}}, want: `dtype ""`},
		"half a byte":      {tensors: []Tensor{{Name: "x", DType: "F4", Shape: []int{3}, Data: []byte{1, 2}}}, want: "whole"},
		"data and stream":  {tensors: []Tensor{{Name: "x", DType: U8, Data: []byte{1}, Stream: func(io.Writer) error { return nil }}}, want: "both"},
		"metadata":         {metadata: map[string]string{"a": "\xff"}, want: "UTF-8"},
		"all errors":       {tensors: []Tensor{ok, ok, {Name: "y"}}, want: `"y"`},
		"streams too much": {tensors: []Tensor{{Name: "x", DType: U8, Stream: func(w io.Writer) error { _, err := w.Write([]byte{1, 2}); return err }}}, want: "2 bytes from Stream, want 1"},
		"stream of nobody": {tensors: []Tensor{{Name: "x", DType: "U7", Stream: func(io.Writer) error { return nil }}}, want: "U7"},
	} {
		var out bytes.Buffer
		err := Write(&out, c.tensors, c.metadata)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "safetensors: ") {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
		if out.Len() > 0 && !strings.HasPrefix(name, "stream") {
			t.Errorf("%s: wrote %d bytes before it saw the error", name, out.Len())
		}
	}
}

// The header alone may break the format's limit.
func TestWriteLongHeader(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a few hundred megabytes")
	}
	err := Write(io.Discard, nil, map[string]string{"a": strings.Repeat("x", 100_000_000)})
	if err == nil || !strings.Contains(err.Error(), "100000000") {
		t.Errorf("error %v, want one that names the limit", err)
	}
}

// A failed Save leaves the old file.
func TestSave(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	tensors, metadata := handMadeTensors()
	if err := Save(path, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("cause")
	err := Save(path, []Tensor{{Name: "x", DType: U8, Stream: func(io.Writer) error { return cause }}}, nil)
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, handMade()) {
		t.Errorf("the file is not the old one any more (%v)", err)
	}
}
