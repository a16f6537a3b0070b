package pth_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/pth"
	"github.com/atelier-go/atelier/safetensors"
)

func readBytes(b []byte) (*pth.File, error) { return pth.Read(bytes.NewReader(b), int64(len(b))) }

// wantTensor checks a tensor of a file.
func wantTensor(t *testing.T, f *pth.File, name string, shape []int, want ...float32) {
	t.Helper()
	tensor, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tensor.Float32()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(tensor.Shape, shape) || !slices.Equal(got, want) {
		t.Errorf("%s is %v %v, want %v %v", name, tensor.Shape, got, shape, want)
	}
	if dtype, shape2, ok := f.Info(name); !ok || dtype != tensor.DType || !slices.Equal(shape2, shape) {
		t.Errorf("Info(%s) is %s %v %v, want %s %v", name, dtype, shape2, ok, tensor.DType, shape)
	}
}

// state is a dictionary of tensors of storage "0" [0 1 2 3 4 5], one a view and one transposed, and other things.
func state() *pickle {
	p := newPickle().global("collections", "OrderedDict").op(')', 'R', '(')
	p.text("epoch").op('K', 7)
	p.text("rate").op('G', 0x3f, 0xf0, 0, 0, 0, 0, 0, 0)
	p.text("features.0.weight").tensor("FloatStorage", "0", 6, 0, []int{2, 3}, []int{3, 1})
	p.text("nested").op('}').text("turned").tensor("FloatStorage", "0", 6, 0, []int{3, 2}, []int{1, 3}).op('s')
	p.text("view").tensor("FloatStorage", "0", 6, 4, []int{2}, []int{1})
	p.text("scalar").tensor("FloatStorage", "0", 6, 3, nil, nil)
	p.text("empty").tensor("FloatStorage", "0", 6, 0, []int{0, 9}, []int{9, 1})
	p.op('u')
	return p.op('}').text("_metadata").op('}', 's', 'b') // attributes
}

func TestBothFormats(t *testing.T) {
	numbers := floats(0, 1, 2, 3, 4, 5)
	for name, file := range map[string][]byte{
		"zip":    zipFile(t, state().stop(), numbers),
		"legacy": legacyFile(state().stop(), numbers),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := readBytes(file)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"features.0.weight", "nested.turned", "view", "scalar", "empty"}
			if got := f.Names(); !slices.Equal(got, want) {
				t.Errorf("tensors %v, want %v", got, want)
			}
			wantTensor(t, f, "features.0.weight", []int{2, 3}, 0, 1, 2, 3, 4, 5)
			wantTensor(t, f, "nested.turned", []int{3, 2}, 0, 3, 1, 4, 2, 5)
			wantTensor(t, f, "view", []int{2}, 4, 5)
			wantTensor(t, f, "scalar", []int{}, 3)
			wantTensor(t, f, "empty", []int{0, 9})
			if _, err := f.Tensor("features.1.weight"); err == nil {
				t.Error("a tensor that is not there is read")
			}
			for n := range file { // cut short anywhere, nothing else goes wrong
				if f, err := readBytes(file[:n]); err == nil {
					t.Errorf("the file's first %d of %d bytes are read: %v", n, len(file), f.Names())
				}
			}
		})
	}
}

// Files that are refused, and what the errors say.
func TestRefused(t *testing.T) {
	tensor := func(length, first int, shape, strides []int) []byte {
		return newPickle().op('}').text("w").tensor("FloatStorage", "0", length, first, shape, strides).op('s').stop()
	}
	nested := newPickle()
	for range 20 {
		nested.op('}').text("a")
	}
	nested.op('N')
	for range 20 {
		nested.op('s')
	}
	// Dictionaries that each have the one before twice: a few bytes that unfold to 2^60 tensors.
	bomb := newPickle().op('}').text("w").tensor("FloatStorage", "0", 1, 0, nil, nil).op('s')
	for range 60 {
		bomb.op('q', 0).op('}', '(').text("a").op('h', 0).text("b").op('h', 0).op('u')
	}
	// Seven floors of thirty doors each to the same room below, which has nothing: 30^7 entries, of 3 KB.
	maze := newPickle().op('}')
	for range 7 {
		maze.op('q', 0).op('}', '(')
		for i := range 30 {
			maze.op('K', byte(i), 'h', 0)
		}
		maze.op('u')
	}
	// One list of a thousand pairs that becomes two thousand dictionaries.
	lists := newPickle().op(']', '(')
	for i := range 1000 {
		lists.integer(i).op('N', 0x86)
	}
	lists.op('e', 'q', 0).global("collections", "OrderedDict").op('q', 1)
	for range 2000 {
		lists.op('h', 1, 'h', 0, 0x85, 'R')
	}
	// Five thousand tensors deep inside of long names: 100 MB of names.
	names := newPickle()
	for range 6 {
		names.op('}').text(strings.Repeat("n", 4000))
	}
	names.op('}', '(').text("w").tensor("FloatStorage", "0", 1, 0, nil, nil).op('q', 0)
	for i := range 5000 {
		names.integer(i).op('h', 0)
	}
	names.op('u', 's', 's', 's', 's', 's', 's')
	for _, c := range []struct {
		name        string
		description []byte
		want        string
	}{
		{"a call of the shell", newPickle().global("os", "system").text("rm -rf /").op(0x85, 'R').stop(), `"system" of Python's module "os"`},
		{"eval", newPickle().global("builtins", "eval").text("1").op(0x85, 'R').stop(), "builtins"},
		{"a name from the stack", newPickle().text("posix").text("system").op(0x93).stop(), `"system" of Python's module "posix"`},
		{"another function of torch", newPickle().global("torch", "load").op(')', 'R').stop(), "torch"},
		{"a class", newPickle().global("torchvision.models.vgg", "VGG").op(')', 0x81).stop(), "model.state_dict()"},
		{"a long name", newPickle().global(strings.Repeat("x", 1000), "y").stop(), "xxx..."},
		{"an extension", newPickle().op(0x82, 1).stop(), "0x82"},
		{"an instance of old", newPickle().op('i').stop(), "0x69"},
		{"a call of a storage type", newPickle().global("torch", "FloatStorage").op(')', 'R').stop(), "calls torch.FloatStorage"},
		{"a call of a text", newPickle().text("os").op(')', 'R').stop(), "calls a text"},
		{"attributes of a tensor", newPickle().tensor("FloatStorage", "0", 6, 0, nil, nil).op('}', 'b').stop(), "attributes of a tensor"},
		{"protocol 0", []byte("(dp0\n."), "instruction"},
		{"protocol 9", newPickle().op(0x80, 9).stop(), "protocol 9"},
		{"an empty stack", newPickle().stop(), "takes a value"},
		{"values below a mark", newPickle().op('N', '(', 0x85).stop(), "takes a value"},
		{"no mark", newPickle().op('N', 't').stop(), "takes a value"},
		{"a value that was not kept", newPickle().op('h', 3).stop(), "did not keep"},
		{"a text longer than the file", newPickle().op('X', 0xff, 0xff, 0xff, 0x7f).stop(), "EOF"},
		{"a text of negative length", newPickle().op('X', 0, 0, 0, 0x80).stop(), "length"},
		{"a key that is a dictionary", newPickle().op('}', '}', 'N', 's').stop(), "key that is a dictionary"},
		{"a key without a value", newPickle().op('}', '(').text("k").op('u').stop(), "into a dictionary"},
		{"values into a number", newPickle().op('K', 1, 'N', 'a').stop(), "into a number"},
		{"no tensors", newPickle().op('}').stop(), "without tensors"},
		{"a number", newPickle().op('K', 1).stop(), "a number without tensors"},
		{"deep dictionaries", nested.stop(), "8 deep"},
		{"dictionaries many times", bomb.stop(), "8 deep"},
		{"empty dictionaries many times", maze.stop(), "unfold to more than 1048576 entries"},
		{"a list that becomes dictionaries", lists.stop(), "more than 1048576 entries together"},
		{"long names", names.stop(), "names of more than 67108864 bytes together"},
		{"a long key", newPickle().op('}').text(strings.Repeat("k", 5000)).op('N', 's').stop(), "a key of 5000 bytes"},
		{"many axes", tensor(1, 0, slices.Repeat([]int{1}, 65), slices.Repeat([]int{1}, 65)), "at most 64 axes"},
		{"beyond the storage", tensor(6, 1, []int{2, 3}, []int{3, 1}), "beyond its storage"},
		{"strides beyond the storage", tensor(6, 0, []int{2, 3}, []int{4, 1}), "beyond its storage"},
		{"repeated elements", tensor(6, 0, []int{1 << 30}, []int{0}), "storage of 6"},
		{"sizes that overflow", tensor(6, 0, []int{1 << 30, 1 << 30, 1 << 30}, []int{0, 0, 0}), "storage of 6"},
		{"a negative size", tensor(6, 0, []int{-1}, []int{1}), "none negative"},
		{"a negative offset", tensor(6, -1, []int{1}, []int{1}), "none negative"},
		{"fewer strides", tensor(6, 0, []int{1, 1}, []int{1}), "shape and strides"},
		{"a larger storage than is there", tensor(7, 0, []int{7}, []int{1}), "elements"},
		{"a storage that is not there", newPickle().op('}').text("w").tensor("FloatStorage", "5", 6, 0, nil, nil).op('s').stop(), `"5"`},
		{"a persistent identifier of old", newPickle().text("x").op('Q').stop(), "no storage"},
	} {
		for format, file := range map[string][]byte{
			"zip":    zipFile(t, c.description, floats(0, 1, 2, 3, 4, 5)),
			"legacy": legacyFile(c.description, floats(0, 1, 2, 3, 4, 5)),
		} {
			_, err := readBytes(file)
			if !errors.Is(err, pth.ErrFormat) {
				t.Errorf("%s, %s: %v, want ErrFormat", c.name, format, err)
				continue
			}
			// In the older format what is wrong may show later: a storage without its tensor, the file's end.
			later := format == "legacy" && (strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), `storage "0"`))
			if !strings.Contains(err.Error(), c.want) && !later {
				t.Errorf("%s, %s: %v, want %q", c.name, format, err, c.want)
			}
		}
	}
	// A description that is longer than any of tensors is not read to its end.
	endless := newPickle().op('(').op(bytes.Repeat([]byte("N"), 5<<20)...).op('t').stop()
	for _, file := range [][]byte{zipFile(t, endless), legacyFile(endless)} {
		if _, err := readBytes(file); err == nil || !strings.Contains(err.Error(), "4194304") {
			t.Errorf("a pickle of 5 MiB: %v, want an error that says how much is read", err)
		}
	}
	for name, file := range map[string][]byte{
		"empty":           nil,
		"text":            []byte("version https://git-lfs.github.com/spec/v1\n"),
		"another zip":     zipFile(t, nil)[:0],
		"an older number": []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x18."),
	} {
		if _, err := readBytes(file); !errors.Is(err, pth.ErrFormat) {
			t.Errorf("%s: %v, want ErrFormat", name, err)
		}
	}
	if _, err := pth.Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that does not exist: %v", err)
	}
	if _, err := pth.Open(t.TempDir()); err == nil {
		t.Error("a folder is opened")
	}
}

// Archives whose entries look like a description and are none, or are beside one.
func TestOtherEntries(t *testing.T) {
	description := newPickle().op('}').text("w").tensor("FloatStorage", "0", 1, 0, nil, nil).op('s').stop()
	archive := func(names ...string) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, name := range names {
			f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
			if err != nil {
				t.Fatal(err)
			}
			content := description
			if strings.HasSuffix(name, "/0") {
				content = floats(7)
			}
			if !strings.HasSuffix(name, "/") {
				if _, err := f.Write(content); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, name := range []string{"/data.pkl", "data.pkl/", "data.pkl", "a/b/data.pkl", "a/data.pkl/"} {
		if _, err := readBytes(archive(name, "a/data/0")); !errors.Is(err, pth.ErrFormat) || !strings.Contains(err.Error(), "without NAME/data.pkl") {
			t.Errorf("%s: %v", name, err)
		}
	}
	f, err := readBytes(archive("a/data.pkl", "a/data/0", "/data.pkl", "data.pkl/"))
	if err != nil {
		t.Fatal(err)
	}
	wantTensor(t, f, "w", []int{}, 7)
}

// The dtypes of storages.
func TestDTypes(t *testing.T) {
	data := []byte{0, 0x3c, 0, 0x40, 0, 0, 0, 0}
	for kind, want := range map[string]safetensors.DType{
		"HalfStorage": safetensors.F16, "BFloat16Storage": safetensors.BF16, "DoubleStorage": safetensors.F64,
		"LongStorage": safetensors.I64, "IntStorage": safetensors.I32, "ShortStorage": safetensors.I16,
		"CharStorage": safetensors.I8, "ByteStorage": safetensors.U8, "BoolStorage": safetensors.Bool,
	} {
		f, err := readBytes(zipFile(t, newPickle().op('}').text("w").tensor(kind, "0", 1, 0, []int{1}, []int{1}).op('s').stop(), data))
		if err != nil {
			t.Fatal(err)
		}
		tensor, err := f.Tensor("w")
		if err != nil || tensor.DType != want || !bytes.Equal(tensor.Data, data[:want.Bits()/8]) {
			t.Errorf("%s is read as %s % x, %v", kind, tensor.DType, tensor.Data, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(zipFile(f, state().stop(), floats(0, 1, 2, 3, 4, 5)))
	f.Add(legacyFile(state().stop(), floats(0, 1, 2, 3, 4, 5)))
	f.Add(legacyFile(newPickle().global("os", "system").text("true").op(0x85, 'R').stop()))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := readBytes(b)
		if err != nil {
			return
		}
		for _, name := range file.Names() {
			tensor, err := file.Tensor(name)
			if err != nil {
				t.Errorf("%q of a file that was opened: %v", name, err)
				continue
			}
			n := tensor.DType.Bits() / 8
			for _, d := range tensor.Shape {
				n *= d
			}
			if n != len(tensor.Data) || n > len(b) {
				t.Errorf("%q %s %v has %d bytes, of a file of %d", name, tensor.DType, tensor.Shape, len(tensor.Data), len(b))
			}
		}
	})
}
