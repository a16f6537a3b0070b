package weights

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atelier-go/atelier/safetensors"
	"github.com/atelier-go/atelier/zoo"
)

// server gives one file, and misbehaves as asked.
type server struct {
	file     []byte
	cut      int64 // connections break after so many bytes of an answer; 0 never
	noRanges bool
	linked   string // X-Linked-Etag of an answer that sends on to the file
	broken   int32  // so many answers are 503 first
	sent     atomic.Int64
	requests atomic.Int64
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if s.linked != "" && !strings.HasPrefix(r.URL.Path, "/there/") {
		w.Header().Set("X-Linked-Etag", `"`+s.linked+`"`)
		http.Redirect(w, r, "/there"+r.URL.Path, http.StatusFound)
		return
	}
	if s.broken > 0 {
		s.broken--
		http.Error(w, "later", http.StatusServiceUnavailable)
		return
	}
	if s.noRanges {
		r.Header.Del("Range")
	}
	http.ServeContent(&counting{ResponseWriter: w, server: s}, r, "", time.Time{}, bytes.NewReader(s.file))
}

// counting counts bytes and breaks the connection.
type counting struct {
	http.ResponseWriter
	server *server
	sent   int64
}

func (c *counting) Write(b []byte) (int, error) {
	if cut := c.server.cut; cut > 0 && c.sent+int64(len(b)) > cut {
		b = b[:cut-c.sent]
		n, _ := c.ResponseWriter.Write(b)
		c.server.sent.Add(int64(n))
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	n, err := c.ResponseWriter.Write(b)
	c.sent += int64(n)
	c.server.sent.Add(int64(n))
	return n, err
}

// squeezeNetFile is a safetensors file of SqueezeNet 1.1 with a classifier; the n-th number of a tensor is n % 97 / 1000.
func squeezeNetFile(t *testing.T) []byte {
	t.Helper()
	net, err := zoo.FeaturesByName("squeezenet1_1")
	if err != nil {
		t.Fatal(err)
	}
	var all []safetensors.Tensor
	for _, w := range append(net.Weights(), zoo.Weight{Name: "classifier.1.bias", Shape: []int{1000}}) {
		n := 1
		for _, d := range w.Shape {
			n *= d
		}
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(i%97) / 1000
		}
		all = append(all, safetensors.FromFloat32(w.Name, w.Shape, values))
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, all, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// published is a file on a server, its entry, and an empty cache.
func published(t *testing.T) (*server, Known, Cache) {
	t.Helper()
	s := &server{file: squeezeNetFile(t)}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	sum := sha256.Sum256(s.file)
	k := Known{
		Name: "squeeze", Network: "squeezenet1_1", URL: web.URL + "/model.safetensors",
		SHA256: hex.EncodeToString(sum[:]), preprocess: caffe,
	}
	return s, k, Cache{Dir: filepath.Join(t.TempDir(), "deep", "cache")}
}

func mustPull(t *testing.T, c Cache, k Known, p Pull) Installed {
	t.Helper()
	p.Wait = time.Millisecond
	i, err := c.Pull(context.Background(), k, p)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := c.Verify(k); err != nil || v != i {
		t.Errorf("verified: %+v, %v; pulled: %+v", v, err, i)
	}
	files, err := os.ReadDir(c.Dir)
	if err != nil || len(files) != 2 {
		t.Errorf("the cache has %v, %v, want the file and its record", files, err)
	}
	return i
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q, want one with %q", err, p)
		}
	}
}

func TestPullWhole(t *testing.T) {
	for name, change := range map[string]func(s *server){
		"plain":                  func(*server) {},
		"without ranges":         func(s *server) { s.noRanges = true },
		"broken connections":     func(s *server) { s.cut = 999_999 },
		"unavailable for a time": func(s *server) { s.broken = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			s, k, c := published(t)
			change(s)
			var last, total int64
			i := mustPull(t, c, k, Pull{Whole: true, Progress: func(d, n int64) { last, total = d, n }})
			if !i.Whole || i.SHA256 != k.SHA256 || i.Until != "fire9" || last != total || total != int64(len(s.file)) {
				t.Errorf("%+v after %d of %d bytes", i, last, total)
			}
			before := s.requests.Load()
			mustPull(t, c, k, Pull{Whole: true})
			mustPull(t, c, k, Pull{})
			if s.requests.Load() != before {
				t.Error("what is installed is asked for again")
			}
		})
	}
}

// Of a file that can be had in part, the tensors up to a layer are fetched and no others, and they are the file's.
func TestPullPart(t *testing.T) {
	s, k, c := published(t)
	s.linked = k.SHA256
	i := mustPull(t, c, k, Pull{Until: "fire4"})
	if i.Whole || i.Until != "fire4" || i.Bytes > int64(len(s.file))/4 || s.sent.Load() > i.Bytes+20_000 {
		t.Errorf("%+v; %d of %d bytes were sent", i, s.sent.Load(), len(s.file))
	}
	features, err := LoadFeatures(c.Path(i), "")
	if err != nil {
		t.Fatal(err)
	}
	if got := len(features.Layers()); got != 4 || features.Name() != "squeezenet1_1" || !closeTo(features.Input, zoo.CaffeInput) {
		t.Errorf("%d layers of %s for pictures %v", got, features.Name(), features.Input)
	}
	whole, err := Read("whole", bytes.NewReader(s.file), int64(len(s.file)))
	if err != nil {
		t.Fatal(err)
	}
	part, err := Open(c.Path(i))
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	for _, name := range part.Names() {
		want, err := whole.Float32(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := part.Float32(name); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is not the file's: %v", name, err)
		}
	}
	// More than is there is fetched, less is not.
	before := s.requests.Load()
	mustPull(t, c, k, Pull{Until: "fire2"})
	if s.requests.Load() != before {
		t.Error("layers that are installed are asked for again")
	}
	if i = mustPull(t, c, k, Pull{}); i.Until != "fire9" || i.Whole {
		t.Errorf("all layers: %+v", i)
	}
	// The part is taken elsewhere.
	other := Cache{Dir: t.TempDir()}
	if moved, err := other.Install(k, c.Path(i)); err != nil || moved != i {
		t.Errorf("%+v, %v, want %+v", moved, err, i)
	}
}

// closeTo compares what went through a text.
func closeTo(a, b zoo.Input) bool {
	for c := range 3 {
		for _, d := range []float64{a.Mean[c] - b.Mean[c], a.Std[c] - b.Std[c]} {
			if d > 1e-12 || d < -1e-12 {
				return false
			}
		}
	}
	return true
}

// A download that fails is gone on with.
func TestPullResumes(t *testing.T) {
	for _, whole := range []bool{true, false} {
		s, k, c := published(t)
		ctx, cancel := context.WithCancel(context.Background())
		_, err := c.Pull(ctx, k, Pull{Whole: whole, Progress: func(done, total int64) {
			if done > total/2 {
				cancel()
			}
		}})
		wantError(t, err, "bytes are here", "goes on")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want context.Canceled", err)
		}
		s.sent.Store(0)
		mustPull(t, c, k, Pull{Whole: whole})
		if n := s.sent.Load(); n > int64(len(s.file))*6/10 {
			t.Errorf("whole %v: %d of %d bytes were sent the second time", whole, n, len(s.file))
		}
	}
}

// What is there of a file that turns out wrong is not used.
func TestPullFromDamagedPart(t *testing.T) {
	s, k, c := published(t)
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := c.Pull(ctx, k, Pull{Whole: true, Progress: func(done, total int64) {
		if done > total/2 {
			cancel()
		}
	}}); err == nil {
		t.Fatal("a download that was cancelled succeeded")
	}
	parts, err := filepath.Glob(filepath.Join(c.Dir, ".*.part"))
	if err != nil || len(parts) != 1 {
		t.Fatalf("parts %v, %v", parts, err)
	}
	damaged, err := os.ReadFile(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	damaged[len(damaged)/2] ^= 1
	if err := os.WriteFile(parts[0], damaged, 0o666); err != nil {
		t.Fatal(err)
	}
	if i := mustPull(t, c, k, Pull{Whole: true}); i.SHA256 != k.SHA256 {
		t.Errorf("%+v", i)
	}
	if n := s.sent.Load(); n < int64(len(s.file)) {
		t.Errorf("%d of %d bytes were sent", n, len(s.file))
	}
}

// A record that was cut off hides what is installed, is named where that is asked for, and is replaced by the next pull.
func TestDamagedRecord(t *testing.T) {
	_, k, c := published(t)
	i := mustPull(t, c, k, Pull{})
	record := filepath.Join(c.Dir, "squeeze.json")
	for _, text := range []string{"", `{"file": "squ`, `{"file": "../squeeze.safetensors"}`, "[]"} {
		if err := os.WriteFile(record, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := c.Installed(k); ok || err != nil {
			t.Errorf("%q: installed: %v, %v", text, ok, err)
		}
		_, err := c.Verify(k)
		for _, err := range []error{err, c.Damaged(k), c.NotInstalled(k)} {
			wantError(t, err, record, "is damaged", `"atelier models pull squeeze"`)
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v is no fs.ErrNotExist", err)
			}
		}
		if again := mustPull(t, c, k, Pull{}); again != i || c.Damaged(k) != nil {
			t.Errorf("%q: pulled %+v, want %+v; %v", text, again, i, c.Damaged(k))
		}
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "vgg19.json"), []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := c.Features("vgg19")
	wantError(t, err, "vgg19.json", "is damaged")
}

func TestPullRefuses(t *testing.T) {
	s, k, c := published(t)
	pull := func(p Pull) error {
		p.Wait = time.Millisecond
		_, err := c.Pull(context.Background(), k, p)
		return err
	}
	wantError(t, pull(Pull{Until: "fire10"}), "fire10", "fire9")
	s.linked = strings.Repeat("0", 64)
	wantError(t, pull(Pull{}), "squeeze", "0000", k.SHA256)
	s.linked = ""
	s.broken = 100
	wantError(t, pull(Pull{}), "503")
	s.broken = 0
	file := s.file
	s.file = append([]byte(nil), file...)
	s.file[len(file)-1] ^= 1
	wantError(t, pull(Pull{Whole: true}), "not the file that was published", "SHA-256", k.SHA256)
	s.file = file[:1000]
	wantError(t, pull(Pull{}), "safetensors")
	k.URL += "x/.safetensors"
	s.file = []byte("<html>a page</html>")
	wantError(t, pull(Pull{}), "safetensors")
}

func TestInstall(t *testing.T) {
	s, k, c := published(t)
	path := filepath.Join(t.TempDir(), "mine.safetensors")
	if err := os.WriteFile(path, s.file, 0o666); err != nil {
		t.Fatal(err)
	}
	i, err := c.Install(k, path)
	if err != nil || !i.Whole || i.File != "squeeze.safetensors" {
		t.Fatalf("%+v, %v", i, err)
	}
	if s.requests.Load() != 0 {
		t.Error("an installation reached for the network")
	}
	if err := os.WriteFile(path, append(s.file[:len(s.file)-1:len(s.file)-1], 77), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = c.Install(k, path)
	wantError(t, err, "mine.safetensors", "SHA-256", "want "+k.SHA256)
	if _, err := c.Verify(k); err != nil {
		t.Errorf("what was installed before is no longer: %v", err)
	}
	if err := os.WriteFile(c.Path(i), append(s.file[:len(s.file)-1:len(s.file)-1], 77), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err = c.Verify(k)
	wantError(t, err, "squeeze", "SHA-256")
	if err := os.Remove(c.Path(i)); err != nil {
		t.Fatal(err)
	}
	_, err = c.Verify(k)
	wantError(t, err, "not installed")
}

// The table is consistent, and says of files what their metadata do not.
func TestKnown(t *testing.T) {
	names := map[string]bool{}
	for _, k := range All() {
		if names[k.Name] || k.Licence == "" || k.Note == "" || !strings.HasPrefix(k.URL, "https://") {
			t.Errorf("entry %+v", k)
		}
		names[k.Name] = true
		if _, err := zoo.FeaturesByName(k.Network); err != nil {
			t.Error(err)
		}
		if _, err := hex.DecodeString(k.SHA256); err != nil || len(k.SHA256) != 64 && len(k.SHA256) != 8 {
			t.Errorf("%s has SHA-256 %q", k.Name, k.SHA256)
		}
		// PyTorch's files have the hash's beginning in their names.
		if strings.HasSuffix(k.URL, ".pth") && !strings.HasSuffix(k.URL, "-"+k.SHA256[:8]+".pth") {
			t.Errorf("%s has SHA-256 %s and URL %s", k.Name, k.SHA256, k.URL)
		}
		if p, err := parsePreprocess(k.preprocess.String()); err != nil || !closeTo(p.Input, k.preprocess.Input) || p.bgr != k.preprocess.bgr {
			t.Errorf("%s: preprocess %s is read as %+v, %v", k.Name, k.preprocess, p, err)
		}
		found, ok := ofHash(k.SHA256 + strings.Repeat("0", 64-len(k.SHA256)))
		if !ok || found.Name != k.Name {
			t.Errorf("the hash of %s is that of %q", k.Name, found.Name)
		}
	}
	_, err := Find("alexnet")
	wantError(t, err, "alexnet", "vgg19-oxford")
	c := Cache{Dir: t.TempDir()}
	_, err = c.Features("vgg19")
	wantError(t, err, "not installed", "atelier models pull vgg19")
	_, err = c.Features("alexnet")
	wantError(t, err, "alexnet", "squeezenet1_1")
	t.Setenv("ATELIER_WEIGHTS", "/somewhere")
	if c, err := DefaultCache(); err != nil || c.Dir != "/somewhere" {
		t.Errorf("%v, %v", c, err)
	}
}

// What files say about pictures.
func TestPreprocess(t *testing.T) {
	for text, want := range map[string]preprocess{
		"caffe: BGR, 0..255, minus mean (103.939, 116.779, 123.68)":                     caffe,
		"torchvision: RGB, 0..1, mean (0.485, 0.456, 0.406), std (0.229, 0.224, 0.225)": torchvision,
		"RGB, 0..255, mean (123.675, 116.28, 103.53), std (58.395, 57.12, 57.375)":      torchvision,
		"RGB 0..1":                         {Input: zoo.Input{Std: [3]float64{1, 1, 1}}},
		"BGR 0..1, std (0.5, 0.25, 0.125)": {Input: zoo.Input{Std: [3]float64{0.125, 0.25, 0.5}}, bgr: true},
	} {
		if p, err := parsePreprocess(text); err != nil || !closeTo(p.Input, want.Input) || p.bgr != want.bgr {
			t.Errorf("%q is read as %+v, %v, want %+v", text, p, err, want)
		}
	}
	for _, text := range []string{"", "RGB", "0..1", "RGB 0..2", "RGB 0..1, mean (1, 2)", "RGB 0..1, std (1, 1, 0)", "RGB 0..1, std (1, 1, NaN)", "RGB 0..1, mean (1, 1, Inf)", "RGB 0..1, mean (a, b, c)"} {
		if p, err := parsePreprocess(text); err == nil {
			t.Errorf("%q is read as %+v", text, p)
		}
	}
}
