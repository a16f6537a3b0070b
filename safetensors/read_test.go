package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	. "github.com/atelier-go/atelier/safetensors"
)

func readBytes(b []byte) (*File, error) { return Read(bytes.NewReader(b), int64(len(b))) }

func TestOpenHandMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(path, handMade(), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Names(), []string{"long", "a", "b.weight", "half", "byte", "none"}; !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
	tensors, metadata := handMadeTensors()
	if got := f.Metadata(); !maps.Equal(got, metadata) {
		t.Errorf("metadata %v, want %v", got, metadata)
	}
	var group sync.WaitGroup
	for _, want := range tensors {
		group.Go(func() { compare(t, f, want) })
	}
	group.Wait()
	if _, err := f.Tensor("A"); err == nil || !strings.Contains(err.Error(), `"A"`) {
		t.Errorf("a tensor that is not there: error %v", err)
	}
	if _, _, ok := f.Info("A"); ok {
		t.Error("Info knows a tensor that is not there")
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := f.Tensor("a"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a tensor of a closed file: error %v", err)
	}
}

func compare(t *testing.T, f *File, want Tensor) {
	data := want.Data
	if want.Stream != nil {
		var b bytes.Buffer
		if err := want.Stream(&b); err != nil {
			t.Error(err)
		}
		data = b.Bytes()
	}
	got, err := f.Tensor(want.Name)
	if err != nil {
		t.Error(err)
	}
	if got.Name != want.Name || got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) || !bytes.Equal(got.Data, data) {
		t.Errorf("got %v, want %v", got, want)
	}
	if dtype, shape, ok := f.Info(want.Name); !ok || dtype != want.DType || !slices.Equal(shape, want.Shape) {
		t.Errorf("Info(%s) = %v %v %v", want.Name, dtype, shape, ok)
	}
}

// file makes a file of a header, to which it adds nothing, and some bytes of data.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

// What the format allows beyond what Write writes.
func TestReadAccepts(t *testing.T) {
	for name, b := range map[string][]byte{
		"no padding":          file(`{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}`, 3),
		"spaces":              file(` {"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}} `[1:]+"  ", 3),
		"any order":           file(`{"b":{"data_offsets":[1,3],"shape":[2],"dtype":"U8"},"a":{"shape":[],"dtype":"I8","data_offsets":[0,1]}}`, 3),
		"more members":        file(`{"a":{"dtype":"U8","x":{"y":[1,{}]},"shape":[3],"data_offsets":[0,3]}}`, 3),
		"metadata alone":      file(`{"__metadata__":{"a":"b"}}`, 0),
		"empty ones anywhere": file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"F64","shape":[0],"data_offsets":[0,0]},"c":{"dtype":"F64","shape":[0],"data_offsets":[2,2]}}`, 2),
		"small floats":        file(`{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]},"b":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[2,5]}}`, 5),
	} {
		f, err := readBytes(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, n := range f.Names() {
			if _, err := f.Tensor(n); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	const a = `{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	short := file(`{"a":`+a+`}`, 8)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"an empty file":           {nil, "0 bytes"},
		"a part of the length":    {short[:7], "7 bytes"},
		"a part of the header":    {short[:30], "cut short"},
		"a part of the data":      {short[:len(short)-1], `"a" ends at byte 8 of the data, which has 7`},
		"more data":               {append(slices.Clone(short), 0), "take 8 bytes, and the file has 9"},
		"a huge header":           {binary.LittleEndian.AppendUint64(nil, 1<<63), "at most 100000000"},
		"a header over the limit": {binary.LittleEndian.AppendUint64(nil, 100_000_001), "at most 100000000"},
		"no header":               {file("", 0), "begin with {"},
		"a space before it":       {file(" {}", 0), "begin with {"},
		"another value":           {file("[]", 0), "begin with {"},
		"bad JSON":                {file(`{"a":`+a+`,}`, 8), "no JSON"},
		"an unfinished object":    {file(`{"a":`+a, 8), "no JSON"},
		"something after it":      {file(`{"a":`+a+`}{}`, 8), "no JSON"},
		"zeros after it":          {file("{}\x00\x00", 0), "no JSON"},
		"bytes not UTF-8":         {file("{\"\xff\":"+a+"}", 8), "UTF-8"},
		"a name twice":            {file(`{"a":`+a+`,"a":`+a+`}`, 8), `"a" comes twice`},
		"the same, escaped":       {file(`{"a":`+a+`,"\u0061":`+a+`}`, 8), `"a" comes twice`},
		"a member twice":          {file(`{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), `"dtype" comes twice`},
		"metadata twice":          {file(`{"__metadata__":{},"__metadata__":{}}`, 0), "comes twice"},
		"metadata's key twice":    {file(`{"__metadata__":{"a":"","a":""}}`, 0), `"a" comes twice`},
		"metadata no strings":     {file(`{"__metadata__":{"a":1}}`, 0), `key "a": 1, want a string`},
		"metadata no object":      {file(`{"__metadata__":"a"}`, 0), "want {"},
		"no dtype":                {file(`{"a":{"shape":[2],"data_offsets":[0,8]}}`, 8), "missing"},
		"no shape":                {file(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), "missing"},
		"no offsets":              {file(`{"a":{"dtype":"F32","shape":[0]}}`, 0), "missing"},
		"an entry no object":      {file(`{"a":1}`, 0), `tensor "a": 1, want {`},
		"an unknown dtype":        {file(`{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}`, 8), `"F33"`},
		"a dtype in other case":   {file(`{"a":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}`, 8), `"f32"`},
		"a key in other case":     {file(`{"a":{"Dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), "missing"},
		"a dtype no string":       {file(`{"a":{"dtype":1,"shape":[2],"data_offsets":[0,8]}}`, 8), "dtype: 1, want a string"},
		"a shape no array":        {file(`{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}`, 8), "shape: 2, want ["},
		"a fraction":              {file(`{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}`, 8), "shape: 2.5, want a whole number"},
		"an exponent":             {file(`{"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}`, 8), "2e0, want a whole number"},
		"a negative dimension":    {file(`{"a":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}}`, 8), "-2, want a whole number, not negative"},
		"a dimension no number":   {file(`{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}`, 8), "want a number"},
		"a huge dimension":        {file(`{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}`, 8), "want a whole number"},
		"an overflow":             {file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,0]}}`, 0), "memory"},
		"an overflow to 8 bytes":  {file(`{"a":{"dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,8]}}`, 8), "memory"},
		"half a byte":             {file(`{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}`, 2), "whole number of bytes"},
		"one offset":              {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8]}}`, 8), "want two"},
		"three offsets":           {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}`, 8), "want two"},
		"offsets backwards":       {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8), "want 8 bytes"},
		"another size":            {file(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), "want 12 bytes for F32 of shape [3]"},
		"a hole at the start":     {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), "bytes 0 to 4"},
		"a hole between":          {file(`{"a":`+a+`,"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}`, 10), "bytes 8 to 9"},
		"an overlap":              {file(`{"a":`+a+`,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), `"b" begins at byte 4`},
		"a shared place":          {file(`{"a":`+a+`,"b":`+a+`}`, 8), `"b" begins at byte 0`},
		"an end far away":         {file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[9223372036854775807,9223372036854775807]}}`, 0), `"a" ends at`},
	} {
		f, err := readBytes(c.file)
		if err == nil {
			t.Errorf("%s: no error, names %v", name, f.Names())
			continue
		}
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %q, want one with %q", name, err, c.want)
		}
	}
}

// Every prefix of a file, and every file with a bit of its header changed, is refused or holds tensors that fit.
func TestReadDamaged(t *testing.T) {
	whole := handMade()
	for n := range whole {
		if _, err := readBytes(whole[:n]); !errors.Is(err, ErrFormat) {
			t.Errorf("the first %d bytes: error %v", n, err)
		}
	}
	for i := range 8 * (len(whole) - 27) {
		b := slices.Clone(whole)
		b[i/8] ^= 1 << (i % 8)
		checkFits(t, b)
	}
}

// checkFits checks that a file is refused as badly formed, or that its tensors cover its data.
func checkFits(t *testing.T, b []byte) {
	t.Helper()
	f, err := readBytes(b)
	if err != nil {
		if !errors.Is(err, ErrFormat) {
			t.Errorf("%q: error %v, want ErrFormat", b, err)
		}
		return
	}
	data := 0
	for _, name := range f.Names() {
		tensor, err := f.Tensor(name)
		if err != nil {
			t.Errorf("%q: %v", b, err)
		}
		data += len(tensor.Data)
		if got := 8 * len(tensor.Data); tensor.DType.Bits()*product(tensor.Shape) != got {
			t.Errorf("%q: %q has %d bits", b, name, got)
		}
	}
	if header := int(binary.LittleEndian.Uint64(b)); 8+header+data != len(b) {
		t.Errorf("%q: tensors of %d bytes in a file of %d with a header of %d", b, data, len(b), header)
	}
}

func product(shape []int) int {
	p := 1
	for _, n := range shape {
		p *= n
	}
	return p
}

// FuzzRead gives headers with their right length and files as they come.
func FuzzRead(f *testing.F) {
	f.Add(handMade()[8:], true)
	f.Add(handMade(), false)
	f.Add([]byte(`{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}x`), true)
	f.Add([]byte(`{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`), true)
	f.Fuzz(func(t *testing.T, b []byte, bare bool) {
		if bare {
			end := bytes.LastIndexByte(b, '}') + 1
			b = append(binary.LittleEndian.AppendUint64(nil, uint64(end)), b...)
		}
		checkFits(t, b)
	})
}

func TestOpenFails(t *testing.T) {
	folder := t.TempDir()
	if _, err := Open(filepath.Join(folder, "none")); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrFormat) {
		t.Errorf("no file: error %v", err)
	}
	if _, err := Open(folder); err == nil || errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), folder) {
		t.Errorf("a folder: error %v", err)
	}
	path := filepath.Join(folder, "damaged")
	if err := os.WriteFile(path, []byte("damaged, surely"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), path) {
		t.Errorf("a damaged file: error %v", err)
	}
}

// broken fails to read from some place on, as disks do.
type broken struct {
	io.ReaderAt
	from int64
}

var errBroken = errors.New("broken")

func (b broken) ReadAt(p []byte, offset int64) (int, error) {
	if offset+int64(len(p)) > b.from {
		return 0, errBroken
	}
	return b.ReaderAt.ReadAt(p, offset)
}

func TestReadFails(t *testing.T) {
	whole := handMade()
	size := int64(len(whole))
	for _, from := range []int64{0, 8} {
		_, err := Read(broken{bytes.NewReader(whole), from}, size)
		if !errors.Is(err, errBroken) || errors.Is(err, ErrFormat) {
			t.Errorf("broken at %d: error %v", from, err)
		}
	}
	f, err := Read(broken{bytes.NewReader(whole), size - 1}, size)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Tensor("byte"); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), `"byte"`) {
		t.Errorf("error %v", err)
	}
	if _, err := f.Tensor("half"); err != nil {
		t.Error(err)
	}
}

// Float16 by its definition: sign·2^(exponent-15)·1.fraction, without the 1 and with exponent 1 if that is 0.
func half(h int) float64 {
	sign, exponent, fraction := 1-2*float64(h>>15), h>>10&31, float64(h&1023)
	switch {
	case exponent == 31 && fraction != 0:
		return math.NaN()
	case exponent == 31:
		return math.Inf(int(sign))
	case exponent == 0:
		return math.Copysign(math.Ldexp(fraction, -24), sign)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

func TestFloat32(t *testing.T) {
	var f16, bf16 []byte
	for h := range 1 << 16 {
		f16 = binary.LittleEndian.AppendUint16(f16, uint16(h))
		bf16 = append(bf16, byte(h), byte(h>>8))
	}
	exact := []float64{0, math.Copysign(0, -1), 1.0 / 3, -1e300, 1e-300, math.Inf(-1), math.NaN(), math.MaxFloat32, 1 + 0x1p-24}
	var f64 []byte
	for _, v := range exact {
		f64 = binary.LittleEndian.AppendUint64(f64, math.Float64bits(v))
	}
	for _, c := range []struct {
		dtype DType
		data  []byte
		want  func(i int) float32
	}{
		{F16, f16, func(i int) float32 { return float32(half(i)) }},
		{BF16, bf16, func(i int) float32 { return math.Float32frombits(uint32(i) << 16) }},
		{F64, f64, func(i int) float32 { return float32(exact[i]) }},
	} {
		n := len(c.data) * 8 / c.dtype.Bits()
		got, err := Tensor{Name: "x", DType: c.dtype, Shape: []int{n}, Data: c.data}.Float32()
		if err != nil || len(got) != n {
			t.Fatalf("%s: %d values, error %v", c.dtype, len(got), err)
		}
		for i, g := range got {
			if w := c.want(i); math.Float32bits(g) != math.Float32bits(w) && (g == g || w == w) {
				t.Errorf("%s, value %#x: %g, want %g", c.dtype, i, g, w)
			}
		}
	}
	values := []float32{1, -2, float32(math.NaN()), float32(math.Inf(1))}
	got, err := FromFloat32("x", []int{4}, values).Float32()
	if err != nil || fmt.Sprint(got) != fmt.Sprint(values) {
		t.Errorf("there and back: %v, %v; want %v", got, err, values)
	}
}

func TestFloat32Refuses(t *testing.T) {
	for want, tensor := range map[string]Tensor{
		`"U8", which does not convert`:    {Name: "x", DType: U8, Shape: []int{1}, Data: []byte{1}},
		"3 bytes of data, want 4":         {Name: "x", DType: F32, Data: []byte{1, 2, 3}},
		`tensor "y" is "", which`:         {Name: "y"},
		"0 bytes of data, want 8 for F64": {Name: "x", DType: F64},
	} {
		if _, err := tensor.Float32(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
