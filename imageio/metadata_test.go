package imageio

import (
	"bytes"
	"compress/zlib"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pngWith is a PNG with a chunk after its header.
func pngWith(t testing.TB, name string, body []byte) []byte {
	file := encodePNG(t, nrgba(smooth(2, 3, 3)))
	const header = 8 + 25
	return append(append(bytes.Clone(file[:header]), appendChunk(nil, name, body)...), file[header:]...)
}

// deflated are so many zeros, compressed.
func deflated(t testing.TB, n int) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDamagedMetadata(t *testing.T) {
	wrongSum := pngWith(t, "tEXt", []byte("seed\x0042"))
	wrongSum[8+25+8+2] ^= 1
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"no picture":           {[]byte("hello"), "is no PNG"},
		"checksum":             {wrongSum, "a tEXt chunk is damaged"},
		"no keyword":           {pngWith(t, "tEXt", []byte("\x0042")), "a tEXt chunk is damaged"},
		"no text":              {pngWith(t, "iTXt", []byte("seed")), "a iTXt chunk is damaged"},
		"short":                {pngWith(t, "iTXt", []byte("seed\x00\x00")), `iTXt chunk "seed": is damaged`},
		"no language":          {pngWith(t, "iTXt", []byte("seed\x00\x00\x00en")), `iTXt chunk "seed": is damaged`},
		"no translation":       {pngWith(t, "iTXt", []byte("seed\x00\x00\x00en\x00seed")), `iTXt chunk "seed": is damaged`},
		"not UTF-8":            {pngWith(t, "iTXt", []byte("seed\x00\x00\x00\x00\x00\xff")), "is not UTF-8"},
		"method":               {pngWith(t, "iTXt", []byte("seed\x00\x01\x07\x00\x00x")), "compressed by method 7"},
		"method of zTXt":       {pngWith(t, "zTXt", []byte("seed\x00\x07x")), "compressed by method 7"},
		"not compressed":       {pngWith(t, "zTXt", []byte("seed\x00\x00x")), `zTXt chunk "seed": `},
		"nothing compressed":   {pngWith(t, "zTXt", []byte("seed\x00")), "a zTXt chunk is damaged"},
		"bomb":                 {pngWith(t, "zTXt", []byte("seed\x00\x00"+deflated(t, maxText+1))), "is longer than 16777216 bytes"},
		"XMP that is no XML":   {pngWith(t, "iTXt", internationalText(xmpKeyword, "<a")), "XMP packet: "},
		"XMP with no end":      {pngWith(t, "iTXt", internationalText(xmpKeyword, `<s xmlns="`+Namespace+`">`)), "XMP packet: "},
		"entities without end": {pngWith(t, "iTXt", internationalText(xmpKeyword, `<s xmlns="`+Namespace+`">&lol;</s>`)), "XMP packet: "},
	} {
		if m, err := DecodeMetadata(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want an error with %q", name, m, err, c.want)
		}
	}
	if m, err := DecodeMetadata(pngWith(t, "zTXt", []byte("seed\x00\x00"+deflated(t, maxText)))); err != nil || len(m.Text["seed"]) != maxText {
		t.Errorf("the longest text: %d bytes, %v", len(m.Text["seed"]), err)
	}
	path := filepath.Join(t.TempDir(), "a.png")
	if _, err := ReadMetadata(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, wrongSum, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadMetadata(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a damaged file: %v", err)
	}
}

// What is made printable can be written, and what can be written stays as it is.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "Tübingen 星\n\ttab": "Tübingen 星\n\ttab", "\ufffd": "\ufffd",
		"n\xe4t.pth": "n\ufffdt.pth", "\xff\xfe": "\ufffd\ufffd", "a\x00b\x1b": "a\ufffdb\ufffd", "\ufffe\uffff!": "\ufffd\ufffd!",
	} {
		got := Printable(text)
		if got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
		if err := (Metadata{Text: map[string]string{"k": got}}).Check(); err != nil {
			t.Errorf("%q: %v", got, err)
		}
	}
}

// XMP as other programs write it: attributes, other prefixes, other source types, properties of others.
func TestXMPOfOthers(t *testing.T) {
	packet := func(inside string) []byte {
		return []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
			xmlns:i="` + namespaceIPTC + `" xmlns:p="` + Namespace + `" xmlns:dc="http://purl.org/dc/elements/1.1/">` + inside + `</rdf:RDF></x:xmpmeta>`)
	}
	for name, c := range map[string]struct {
		inside string
		want   Metadata
	}{
		"attributes": {`<rdf:Description p:seed="42" i:DigitalSourceType="` + sourceTypes + trained + `"/>`, Metadata{map[string]string{"seed": "42"}, true}},
		"elements":   {`<rdf:Description><p:seed>4&#50;</p:seed></rdf:Description>`, Metadata{map[string]string{"seed": "42"}, false}},
		"composite":  {`<i:DigitalSourceType> ` + sourceTypes + composite + "\n</i:DigitalSourceType>", Metadata{nil, true}},
		"a photo":    {`<i:DigitalSourceType>` + sourceTypes + `digitalCapture</i:DigitalSourceType>`, Metadata{nil, false}},
		"others":     {`<dc:title>seed</dc:title><i:Event><b>x</b></i:Event>`, Metadata{nil, false}},
	} {
		m, err := DecodeMetadata(pngWith(t, "iTXt", internationalText(xmpKeyword, string(packet(c.inside)))))
		if err != nil || m.Synthetic != c.want.Synthetic || !maps.Equal(m.Text, c.want.Text) {
			t.Errorf("%s: %v, %v; want %v", name, m, err, c.want)
		}
	}
}

// A picture without metadata has none, of any format.
func TestNoMetadata(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a.png", "a.jpg", "a.tif"} {
		path := filepath.Join(folder, name)
		if err := Write(path, NewFloat(3, 4), WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		expectMetadata(t, path, Metadata{})
	}
	expectMetadata(t, "testdata/lossless.webp", Metadata{})
}

func FuzzDecodeMetadata(f *testing.F) {
	for _, encode := range encoders {
		var b bytes.Buffer
		if err := encode(&b, NewFloat(1, 1), WriteOptions{Bits: 8, Quality: 90, Metadata: notes}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add(pngWith(f, "zTXt", []byte("seed\x00\x00"+deflated(f, 9))))
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := DecodeMetadata(file)
		if err == nil && m.Text == nil {
			t.Error("no error and no text")
		}
	})
}

// What passes Check comes back from all formats.
func FuzzMetadataRoundTrip(f *testing.F) {
	for key, text := range notes.Text {
		f.Add(key, text, true)
	}
	f.Add("k", "\ufffd]]>&amp;", false)
	f.Fuzz(func(t *testing.T, key, text string, synthetic bool) {
		m := Metadata{Text: map[string]string{key: text}, Synthetic: synthetic}
		if m.Check() != nil || len(m.xmp()) > maxXMPOfJPEG {
			return
		}
		for extension, encode := range encoders {
			var b bytes.Buffer
			if err := encode(&b, NewFloat(1, 1), WriteOptions{Bits: 8, Quality: 90, Metadata: m}); err != nil {
				t.Fatal(err)
			}
			got, err := DecodeMetadata(b.Bytes())
			if err != nil || got.Synthetic != synthetic || !maps.Equal(got.Text, m.Text) {
				t.Errorf("%s: %+v, %v; want %+v", extension, got, err, m)
			}
		}
	})
}
