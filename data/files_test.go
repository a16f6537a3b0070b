package data

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// plain is a picture file of one colour.
func plain(t testing.TB, name string, v uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 6, 5))
	for i := range m.Pix {
		m.Pix[i] = v
	}
	var b bytes.Buffer
	var err error
	if strings.HasSuffix(name, ".jpg") {
		err = jpeg.Encode(&b, m, &jpeg.Options{Quality: 100})
	} else {
		err = png.Encode(&b, m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tree has files by their names; a picture without content is made plain, its value the position.
type tree []struct {
	name    string
	content string
}

func (f tree) bytes(t testing.TB, i int) []byte {
	if f[i].content == "" && isPicture(f[i].name) {
		return plain(t, f[i].name, uint8(10*i))
	}
	return []byte(f[i].content)
}

func (f tree) folder(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	for i := range f {
		path := filepath.Join(root, filepath.FromSlash(f[i].name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.bytes(t, i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// zip writes every other file compressed.
func (f tree) zip(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range f {
		e, err := w.CreateHeader(&zip.FileHeader{Name: f[i].name, Method: []uint16{zip.Store, zip.Deflate}[i%2]})
		if err == nil {
			_, err = e.Write(f.bytes(t, i))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openers are the two ways to read a tree.
var openers = map[string]func(t testing.TB, f tree, o FilesOptions) (*Files, error){
	"folder": func(t testing.TB, f tree, o FilesOptions) (*Files, error) { return OpenFolder(f.folder(t), o) },
	"zip":    func(t testing.TB, f tree, o FilesOptions) (*Files, error) { return OpenZip(f.zip(t), o) },
}

// summary has "name class value" of every picture.
func summary(t *testing.T, f *Files) string {
	t.Helper()
	var s []string
	for i := range f.Len() {
		p, err := f.Read(i)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(f.Name(i), f.title+"/")
		s = append(s, fmt.Sprintf("%s %s %d", name, f.Classes()[f.Label(i)], p.Pix[0]))
	}
	return strings.Join(s, ", ")
}

func TestFiles(t *testing.T) {
	animals := tree{{"train/dogs/b.png", ""}, {"train/cats/10.jpg", ""}, {"train/cats/2.PNG", ""}, {"train/cats/deep/er/3.png", ""},
		{"train/cats/notes.txt", "no picture"}, {"train/.hidden/x.png", ""}, {"__MACOSX/train/cats/._2.png", "x"}, {"test/cats/1.png", ""}, {"README", "hello"}}
	flat := tree{{"b.png", ""}, {"a.png", ""}, {"labels.csv", "name,label\nb.png,10\na.png,9\n"}, {"c.png", ""},
		{"tabs.tsv", "a.png\tx y\nc.png\tw\n"}, {"quoted.csv", "\ufeffc.png,\"z, z\"\r\nb.png, y\r\n"}}
	for _, c := range []struct {
		files   tree
		options FilesOptions
		want    string
	}{
		{animals, FilesOptions{Dir: "train"}, "train/cats/10.jpg cats 10, train/cats/2.PNG cats 20, train/cats/deep/er/3.png cats 30, train/dogs/b.png dogs 0"},
		{animals, FilesOptions{Dir: "/test/"}, "test/cats/1.png cats 70"},
		{animals, FilesOptions{Dir: "train", Classes: []string{"dogs"}}, "train/dogs/b.png dogs 0"},
		{animals, FilesOptions{Dir: "train", Classes: []string{"dogs", "cats"}}, "train/cats/10.jpg cats 10, train/cats/2.PNG cats 20, train/cats/deep/er/3.png cats 30, train/dogs/b.png dogs 0"},
		{flat, FilesOptions{Layout: ByFile}, "a.png a 10, b.png b 0, c.png c 30"},
		{flat, FilesOptions{Layout: Unlabelled}, "a.png  10, b.png  0, c.png  30"},
		{flat, FilesOptions{Labels: "labels.csv"}, "b.png 10 0, a.png 9 10"},
		{flat, FilesOptions{Labels: "tabs.tsv"}, "a.png x y 10, c.png w 30"},
		{flat, FilesOptions{Labels: "quoted.csv"}, "c.png z, z 30, b.png y 0"},
	} {
		for kind, open := range openers {
			f, err := open(t, c.files, c.options)
			if err != nil {
				t.Errorf("%s, %+v: %v", kind, c.options, err)
				continue
			}
			if got := summary(t, f); got != c.want {
				t.Errorf("%s, %+v:\n got %s\nwant %s", kind, c.options, got, c.want)
			}
			if err := Check(f); err != nil {
				t.Error(err)
			}
			f.Close()
		}
	}
}

// Classes are sorted as torchvision's ImageFolder sorts them, and those of a label file of numbers by value.
func TestClassOrder(t *testing.T) {
	f, err := openers["zip"](t, tree{{"b/1.png", ""}, {"10/1.png", ""}, {"2/1.png", ""}, {"B/1.png", ""}}, FilesOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if want := []string{"10", "2", "B", "b"}; !slices.Equal(f.Classes(), want) {
		t.Errorf("classes are %v, want %v", f.Classes(), want)
	}
	g, err := openers["folder"](t, tree{{"a.png", ""}, {"b.png", ""}, {"l.csv", "a.png,10\nb.png,9"}}, FilesOptions{Labels: "l.csv"})
	if err != nil || !slices.Equal(g.Classes(), []string{"9", "10"}) || g.Label(0) != 1 {
		t.Errorf("classes are %v, %v", g.Classes(), err)
	}
}

func TestFilesRefuse(t *testing.T) {
	picture := struct{ name, content string }{"a.png", ""}
	for _, c := range []struct {
		files   tree
		options FilesOptions
		want    string
	}{
		{tree{{"a.txt", ""}}, FilesOptions{}, "has no pictures (files that end in .png"},
		{tree{{"cats/1.png", ""}}, FilesOptions{Dir: "train"}, `has no pictures in the folder "train"; its folders are cats`},
		{tree{picture, {"b.png", ""}}, FilesOptions{}, "has 2 pictures but no class folders, such as cats/a.png"},
		{tree{picture, {"cats/b.png", ""}}, FilesOptions{}, "1 of its 2 pictures are in no class folder; the first is a.png"},
		{tree{{"train/cats/b.png", ""}, {"test/cats/b.png", ""}}, FilesOptions{}, "parts of a dataset (test, train), not classes; name one as Dir"},
		{tree{{"x/a.png", ""}, {"y/a.png", ""}}, FilesOptions{Layout: ByFile}, "two pictures have the same name"},
		{tree{{"t/cats/b.png", ""}, {"t/dogs/notes.txt", "none"}}, FilesOptions{Dir: "t"}, `the class folder "dogs" has no pictures (files that end in .png`},
		{tree{{"t/cats/b.png", ""}}, FilesOptions{Dir: "t", Classes: []string{"cats", "dogs"}}, `has no pictures of the class "dogs"; its classes are cats`},
		{tree{picture}, FilesOptions{Layout: ByFile, Classes: []string{"a"}}, "go with the layout by_folder"},
		{tree{picture}, FilesOptions{Layout: 9}, "no layout 9"},
		{tree{picture}, FilesOptions{Channels: 4}, "Channels is 4"},
		{tree{picture}, FilesOptions{MaxPixels: -1}, "MaxPixels is -1"},
		{tree{picture}, FilesOptions{Labels: "none.csv"}, "label file: open none.csv"},
		{tree{picture, {"l.csv", "name,label\na.png,1\nb.png,2\n"}}, FilesOptions{Labels: "l.csv"}, `label file l.csv: line 3: there is no picture "b.png"`},
		{tree{picture, {"l.csv", "a.png,1\na.png,2\n"}}, FilesOptions{Labels: "l.csv"}, `line 2: "a.png" is on line 1 already`},
		{tree{picture, {"l.csv", "a.png,\n"}}, FilesOptions{Labels: "l.csv"}, `line 1: "a.png" has no label`},
		{tree{picture, {"l.csv", "a.png,1,2\n"}}, FilesOptions{Labels: "l.csv"}, "line 1: wrong number of fields"},
		{tree{picture, {"l.csv", "name,label\n"}}, FilesOptions{Labels: "l.csv"}, "names no pictures"},
	} {
		for kind, open := range openers {
			if _, err := open(t, c.files, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %+v: error is %v, want %q", kind, c.options, err, c.want)
			}
		}
	}
	if _, err := OpenFolder(filepath.Join(t.TempDir(), "none"), FilesOptions{}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("no folder: %v", err)
	}
	noZip := filepath.Join(tree{{"a.zip", "not a zip"}}.folder(t), "a.zip")
	if _, err := OpenZip(noZip, FilesOptions{}); err == nil || !strings.Contains(err.Error(), noZip) {
		t.Errorf("no zip: %v", err)
	}
}

// A class folder without any file is an error too, in a folder as in an archive, unless the classes are named.
func TestEmptyClassFolders(t *testing.T) {
	root := tree{{"cats/a.png", ""}}.folder(t)
	for _, dir := range []string{"dogs", ".cache"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	archive := filepath.Join(t.TempDir(), "a.zip")
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	if err := w.AddFS(os.DirFS(root)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, o := range []FilesOptions{{}, {Classes: []string{"cats"}}} {
		_, inFolder := OpenFolder(root, o)
		_, inZip := OpenZip(archive, o)
		for _, err := range []error{inFolder, inZip} {
			if o.Classes != nil && err != nil || o.Classes == nil && (err == nil || !strings.Contains(err.Error(), `the class folder "dogs" has no pictures`)) {
				t.Errorf("%+v: %v", o, err)
			}
		}
	}
}

func TestLinksToFolders(t *testing.T) {
	root := tree{{"cats/1.png", ""}}.folder(t)
	if err := os.Symlink(filepath.Join(root, "cats"), filepath.Join(root, "dogs")); err != nil {
		t.Skip(err)
	}
	f, err := OpenFolder(root, FilesOptions{})
	if err != nil || f.Len() != 2 || !slices.Equal(f.Classes(), []string{"cats", "dogs"}) {
		t.Errorf("%+v, %v", f, err)
	}
	if err := os.Symlink(filepath.Join(root, "none"), filepath.Join(root, "cats", "2.png")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFolder(root, FilesOptions{}); err == nil || !strings.Contains(err.Error(), "2.png") {
		t.Errorf("a link to nothing: %v", err)
	}
	if err := os.Remove(filepath.Join(root, "cats", "2.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(root, filepath.Join(root, "cats", "again")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFolder(root, FilesOptions{}); err == nil || !strings.Contains(err.Error(), "more than 32 deep") {
		t.Errorf("a folder that links to itself: %v", err)
	}
}

// A picture whose file is cut short, or is no picture, or is damaged in the archive: an error with its name, or skipped.
func TestCorruptFiles(t *testing.T) {
	good := plain(t, "x.jpg", 100)
	files := tree{{"c/0.jpg", ""}, {"c/1.jpg", string(good[:len(good)/2])}, {"c/2.png", "not a picture"}, {"c/3.jpg", ""}}
	for kind, open := range openers {
		f, err := open(t, files, FilesOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		m, err := Load(context.Background(), f, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []Dataset{f, m} {
			s := (&Loader{Dataset: d, Batch: 4}).Open(context.Background(), 0)
			if _, err := s.Next(); err == nil || !strings.Contains(err.Error(), f.title+"/c/1.jpg: JPEG: ") {
				t.Errorf("%s, %T: error is %v", kind, d, err)
			}
			s.Close()
			l := &Loader{Dataset: d, Batch: 4, Corrupt: Skip}
			b := collect(t, l, 0, 1)[0]
			if want := []int{0, 3, 3, 3}; !slices.Equal(b.Indices, want) || l.Skipped() != 3 {
				t.Errorf("%s, %T: examples are %v with %d skipped, want %v and 3", kind, d, b.Indices, l.Skipped(), want)
			}
		}
	}
	// One bit of a stored and of a compressed file.
	path := tree{{"c/0.png", ""}, {"c/1.png", ""}}.zip(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := OpenZip(path, FilesOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range 2 {
		entry := f.source.(*archive).byName[f.names[i]]
		offset, err := entry.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		damaged := bytes.Clone(content)
		damaged[offset+int64(entry.CompressedSize64)/2] ^= 0x10
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Read(i); err == nil {
			t.Errorf("picture %d of a damaged archive is read", i)
		}
	}
}

func TestConcurrentReads(t *testing.T) {
	var files tree
	for i := range 24 {
		files = append(files, struct{ name, content string }{fmt.Sprintf("c/%02d.png", i), ""})
	}
	for kind, open := range openers {
		f, err := open(t, files, FilesOptions{Channels: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for k := range 200 {
					i := (k*7 + w) % 24
					if p, err := f.Read(i); err != nil || p.Pix[0] != uint8(10*i) || p.C != 1 {
						t.Errorf("%s: picture %d: %v, %v", kind, i, p, err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestMaxPixelsOfFiles(t *testing.T) {
	f, err := openers["folder"](t, tree{{"c/a.png", ""}}, FilesOptions{MaxPixels: 29})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(0); err == nil || !strings.Contains(err.Error(), "more than the limit of 29 pixels") {
		t.Errorf("error is %v", err)
	}
}

func TestColoursOfFiles(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	m.Set(0, 0, color.NRGBA{R: 255, A: 255})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	for channels, want := range map[int]string{0: "[255 0 0]", 3: "[255 0 0]", 1: "[76]"} {
		f, err := openers["zip"](t, tree{{"c/a.png", b.String()}}, FilesOptions{Channels: channels})
		if err != nil {
			t.Fatal(err)
		}
		if p, err := f.Read(0); err != nil || fmt.Sprint(p.Pix) != want {
			t.Errorf("Channels %d: %v, %v, want %s", channels, p.Pix, err, want)
		}
		f.Close()
	}
}
