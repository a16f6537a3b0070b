package pth_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
)

// pickle is a pickle that is written by hand, instruction by instruction.
type pickle struct{ bytes.Buffer }

func newPickle() *pickle {
	p := &pickle{}
	return p.op(0x80, 2)
}

func (p *pickle) op(b ...byte) *pickle {
	p.Write(b)
	return p
}

func (p *pickle) text(s string) *pickle {
	p.op('X')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	p.WriteString(s)
	return p
}

func (p *pickle) integer(n int) *pickle {
	p.op('J')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(n)))
	return p
}

func (p *pickle) integers(n ...int) *pickle {
	p.op('(')
	for _, v := range n {
		p.integer(v)
	}
	return p.op('t')
}

func (p *pickle) global(module, name string) *pickle {
	fmt.Fprintf(p, "c%s\n%s\n", module, name)
	return p
}

// tensor pushes a tensor of a storage of type kind.
func (p *pickle) tensor(kind, key string, length, first int, shape, strides []int) *pickle {
	p.global("torch._utils", "_rebuild_tensor_v2").op('(', '(')
	p.text("storage").global("torch", kind).text(key).text("cpu").integer(length).op('t', 'Q')
	p.integer(first).integers(shape...).integers(strides...).op(0x89)
	return p.global("collections", "OrderedDict").op(')', 'R', 't', 'R')
}

func (p *pickle) stop() []byte { return p.op('.').Bytes() }

// zipFile is a file of the newer format: a description and storages "0", "1" and so on.
func zipFile(t testing.TB, description []byte, storages ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add := func(name string, data []byte) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("archive/data.pkl", description)
	for i, s := range storages {
		add(fmt.Sprintf("archive/data/%d", i), s)
	}
	add("archive/version", []byte("3\n"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// legacyFile is a file of the older format.
func legacyFile(description []byte, storages ...[]byte) []byte {
	b := []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")
	b = append(b, newPickle().op('M', 0xe9, 3).stop()...)
	b = append(b, newPickle().op('}').text("little_endian").op(0x88, 's').stop()...)
	b = append(b, description...)
	keys := newPickle().op(']')
	for i := range storages {
		keys.text(fmt.Sprint(i)).op('a')
	}
	b = append(b, keys.stop()...)
	for _, s := range storages {
		b = binary.LittleEndian.AppendUint64(b, uint64(len(s)/4))
		b = append(b, s...)
	}
	return b
}

// floats are the bytes of a storage.
func floats(v ...float32) []byte {
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
		panic(err)
	}
	return b.Bytes()
}
