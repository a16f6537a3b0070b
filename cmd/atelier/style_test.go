package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/safetensors"
	"github.com/atelier-go/atelier/style"
)

// studioDir is a folder with pictures and a small network, for tests.
func studioDir(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	var all []safetensors.Tensor
	for _, w := range []struct {
		name    string
		in, out int
	}{{"features.0", 3, 64}, {"features.2", 64, 64}, {"features.5", 64, 128}} {
		kernel := make([]float32, w.out*w.in*9)
		for i := range kernel {
			kernel[i] = float32(random.NormFloat64() * math.Sqrt(2/float64(9*w.in)))
		}
		all = append(all, safetensors.FromFloat32(w.name+".weight", []int{w.out, w.in, 3, 3}, kernel),
			safetensors.FromFloat32(w.name+".bias", []int{w.out}, make([]float32, w.out)))
	}
	must(t, safetensors.Save(filepath.Join(dir, "net.safetensors"), all, map[string]string{"arch": "vgg19"}))
	must(t, imageio.Write(filepath.Join(dir, "photo.png"), waves(48, 64, 9), imageio.WriteOptions{}))
	must(t, imageio.Write(filepath.Join(dir, "painting.png"), waves(56, 56, 3), imageio.WriteOptions{}))
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// waves is a picture with colours and edges.
func waves(h, w int, length float64) imageio.Float {
	p := imageio.NewFloat(h, w)
	for y := range h {
		for x := range w {
			i := 3 * (y*w + x)
			p.RGB[i] = float32(0.5 + 0.4*math.Sin(float64(x)/length))
			p.RGB[i+1] = float32(0.5 + 0.4*math.Sin(float64(x+y)/length))
			p.RGB[i+2] = float32((x/8 + y/8) % 2)
		}
	}
	return p
}

// quickly are flags that make a painting take a moment.
func quickly(dir string, args ...string) []string {
	if !slices.Contains(args, "--iterations") { // more of them would be for further scales
		args = append(args, "--iterations", "4")
	}
	return append([]string{
		"style", "--net-weights", filepath.Join(dir, "net.safetensors"), "--style-layers", "relu1_1,relu2_1", "--content-layers", "relu1_2",
		"--size", "48", "--scales", "2", "--threads", "2",
	}, args...)
}

// wantLine wants one line on stderr, with some words, and an exit code.
func wantLine(t *testing.T, code, wantCode int, stderr string, words ...string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	last := lines[len(lines)-1]
	if code != wantCode || !strings.HasPrefix(last, "atelier: ") {
		t.Errorf("exit %d, %q, want %d and a line", code, stderr, wantCode)
	}
	for _, w := range words {
		if !strings.Contains(last, w) {
			t.Errorf("no %q in %q", w, last)
		}
	}
}

func TestStylePaints(t *testing.T) {
	dir := studioDir(t)
	out := filepath.Join(dir, "out.png")
	photo, paint := filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png")
	code, stdout, stderr := atelier(t, quickly(dir, photo, paint, "-o", out, "--trace", filepath.Join(dir, "t.jsonl"), "--plot", "--preview-every", "1")...)
	if code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	for _, want := range []string{"34x26, 48x36", "expected: ", "scale 1 of 2", "scale 2 of 2", "4 iterations", "loss"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	if !strings.Contains(stdout, "48 by 36 pixels") || !strings.Contains(stdout, "SSIM") {
		t.Errorf("stdout is %q", stdout)
	}
	info, err := imageio.Probe(out)
	if err != nil || info.W != 48 || info.H != 36 {
		t.Errorf("%+v, %v", info, err)
	}
	trace, err := os.ReadFile(filepath.Join(dir, "t.jsonl"))
	if err != nil || bytes.Count(trace, []byte("\n")) != 8 {
		t.Errorf("the trace is %s, %v", trace, err)
	}
	if _, err := imageio.Probe(filepath.Join(dir, "out-loss.png")); err != nil {
		t.Error(err)
	}
	for _, left := range []string{"out.preview.png", "out.png.state"} {
		if exists(filepath.Join(dir, left)) {
			t.Errorf("%s is left", left)
		}
	}
	m, err := imageio.ReadMetadata(out)
	must(t, err)
	if !m.Synthetic || !strings.HasPrefix(m.Text["Software"], "atelier") {
		t.Errorf("metadata are %+v", m)
	}
	r, err := style.ParseRecord(m.Text)
	if err != nil || r.Content.Name != photo || len(r.Content.SHA256) != 64 || len(r.Styles) != 1 || r.Options.Size != 48 || len(r.Plan.Scales) != 2 || r.Quality.Style == 0 {
		t.Errorf("the record is %+v, %v", r, err)
	}
	testThere(t, dir, out)
	testReplay(t, dir, out)
}

// What is there is not painted over.
func testThere(t *testing.T, dir, out string) {
	photo, paint := filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png")
	before, err := os.ReadFile(out)
	must(t, err)
	code, _, stderr := atelier(t, quickly(dir, photo, paint, "-o", out)...)
	wantLine(t, code, exitError, stderr, out, "--force")
	code, _, stderr = atelier(t, quickly(dir, photo, paint, "-o", filepath.Join(dir, "new.png"), "--trace", filepath.Join(dir, "t.jsonl"))...)
	wantLine(t, code, exitError, stderr, "t.jsonl", "--force")
	code, _, stderr = atelier(t, quickly(dir, photo, paint, "-o", photo, "--force")...)
	wantLine(t, code, exitError, stderr, "both what is painted and where it goes")
	code, _, stderr = atelier(t, quickly(dir, photo, paint, "-o", out, "--resume")...)
	wantLine(t, code, exitError, stderr, "nothing to resume")
	after, err := os.ReadFile(out)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("%s has changed, %v", out, err)
	}
	code, _, stderr = atelier(t, quickly(dir, photo, paint, "-o", out, "--force", "--seed", "2", "--init", "noise", "--optimizer", "lbfgs")...)
	if code != exitOK {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func testReplay(t *testing.T, dir, out string) {
	again := filepath.Join(dir, "again.png")
	code, stdout, stderr := atelier(t, "style", "--replay", out, "-o", again)
	if code != exitOK || !strings.Contains(stdout, "the same as "+out+", to the bit") {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
	code, _, stderr = atelier(t, "style", "--replay", out, "--size", "32")
	wantLine(t, code, exitUsage, stderr, "--size")
	code, _, stderr = atelier(t, "style", "--replay", filepath.Join(dir, "photo.png"), "-o", filepath.Join(dir, "x.png"))
	wantLine(t, code, exitError, stderr, "does not say how it was painted")
	code, _, stderr = atelier(t, "style", "--replay", filepath.Join(dir, "net.safetensors"), "-o", filepath.Join(dir, "x.png"))
	wantLine(t, code, exitError, stderr, "is no PNG")
	other := filepath.Join(dir, "other.png")
	must(t, imageio.Write(other, waves(48, 64, 8), imageio.WriteOptions{}))
	code, _, stderr = atelier(t, "style", "--replay", out, other, filepath.Join(dir, "painting.png"), "-o", filepath.Join(dir, "x.png"))
	wantLine(t, code, exitError, stderr, other, "is not what was painted with")
	code, _, stderr = atelier(t, "style", "--replay", out, other, "-o", filepath.Join(dir, "x.png"))
	wantLine(t, code, exitUsage, stderr, "2 pictures")
	// Pictures that moved to the painting's folder are found there.
	moved := t.TempDir()
	for _, name := range []string{"out.png", "photo.png", "painting.png", "net.safetensors"} {
		must(t, os.Rename(filepath.Join(dir, name), filepath.Join(moved, name)))
	}
	code, stdout, stderr = atelier(t, "style", "--replay", filepath.Join(moved, "out.png"), "-o", filepath.Join(moved, "again.png"))
	if code != exitOK || !strings.Contains(stdout, "to the bit") {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
}

func TestStyleFlags(t *testing.T) {
	dir := studioDir(t)
	photo, paint := filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png")
	for _, c := range []struct{ args, want string }{
		{"--size many", "many"},
		{"--size 0", "--size is 0"},
		{"--learning-rate 0", "--learning-rate is 0"},
		{"--learning-rate NaN", "--learning-rate is NaN"},
		{"--average=-Inf", "--average is -Inf"},
		{"--tolerance=-Inf", "--tolerance is -Inf"},
		{"--tv Inf", "--tv is +Inf"},
		{"--mode video", "transfer"},
		{"--optimizer sgd", "lbfgs, adam"},
		{"--loss mse", "there is no loss"},
		{"--loss gram,gram", "twice"},
		{"--loss gram=-1", "above 0"},
		{"--style-layers relu1_1=0", "above 0"},
		{"--style-layers relu1_1,", "missing"},
		{"--preserve-colour hue", "coral"},
		{"--pooling min", "max, mean or l2"},
		{"--max-memory lots", "2GiB"},
		{"--max-memory -5", "2GiB"},
		{"--max-pixels 0", "400M"},
		{"--time-budget 5", "90s"},
		{"--seed -1", `--seed is "-1": want a whole number`},
		{"--preserve-color luma", "did you mean --preserve-colour?"},
		{"--resum", "did you mean --resume?"},
		{"--pool max", "did you mean --pooling?"},
		{"--bits 12", "8 or 16"},
		{"--quality 0", "1 to 100"},
		{"--preview-every -1", "--preview-every"},
		{"--resume --force", "which"},
		{"--weights 1,2", "--weights has 2 for 1"},
		{"--weights 0", "--weights has 0"},
		{"--weights -1", "--weights has -1"},
		{"--weights x", `--weights is "x": want numbers`},
		{"--iterations many", "60,50,40"},
		{"--size 15", "at least 16 pixels"},
		{"--mask - --mask -", "--mask has 2 for 1"},
		{"--mode content", "one picture"},
		{"--threads 0", "threads"},
		{"--net embedded", "which"},
	} {
		args := quickly(dir, append([]string{photo, paint, "-o", filepath.Join(dir, "x.png")}, strings.Fields(c.args)...)...)
		code, stdout, stderr := atelier(t, args...)
		wantLine(t, code, exitUsage, stderr, c.want)
		if stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: %q, %q", c.args, stdout, stderr)
		}
	}
	for _, c := range []struct{ args, want string }{
		{"--iterations 0", "Iterations of scale 1 are 0"},
		{"--size -1", "Size is -1"},
		{"--tile 9223372036854775807", "Tile is 9223372036854775807: want 1 to 65536"},
		{"--history 1000000000", "History is 1000000000: want 1 to 1000"},
		{"--style-layers relu9_1", "did you mean"},
		{"--style-layers rleu2_1", `"relu2_1"`},
		{"--content-layers relu1_3", "relu1_1, relu1_2, relu2_1"},
		{"--init nowhere.png", "nowhere.png"},
		{"--net vgg23", "vgg23"},
		{"--net squeezenet1_1", "squeezenet1_1"},
		{"--net-weights nowhere.pth", "nowhere.pth"},
		{"--content-weight 0 --style-weight 0", "nothing to paint"},
		{"-o " + filepath.Join(dir, "x.gif"), ".png"},
		{"-o " + filepath.Join(dir, "x"), "no extension"},
		{"-o " + filepath.Join(dir, "x.jpg") + " --bits 16", "JPEG has 8 bits"},
		{"-o " + filepath.Join(dir, "nowhere", "x.png"), "nowhere"},
	} {
		args := quickly(dir, append([]string{photo, paint, "-o", filepath.Join(dir, "x.png")}, strings.Fields(c.args)...)...)
		code, stdout, stderr := atelier(t, args...)
		wantLine(t, code, exitError, stderr, c.want)
		if stdout != "" || exists(filepath.Join(dir, "x.png")) {
			t.Errorf("%s: it painted: %s", c.args, stdout)
		}
	}
}

// pngHeader is a PNG file that ends behind its header.
func pngHeader(w, h uint32) []byte {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, w)
	chunk = binary.BigEndian.AppendUint32(chunk, h)
	chunk = append(chunk, 8, 2, 0, 0, 0)
	b.Write(chunk)
	_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(chunk)) // to memory
	return b.Bytes()
}

func TestStyleRefusesPictures(t *testing.T) {
	dir := studioDir(t)
	whole, err := os.ReadFile(filepath.Join(dir, "photo.png"))
	must(t, err)
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, data, 0o600))
		return path
	}
	draw := func(name string, h, w int) string {
		path := filepath.Join(dir, name)
		must(t, imageio.Write(path, waves(h, w, 5), imageio.WriteOptions{}))
		return path
	}
	photo, paint := filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png")
	huge := write("huge.png", pngHeader(20000, 20000))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{write("text.jpg", []byte("not a picture")), paint}, "text.jpg is no PNG, JPEG"},
		{[]string{write("empty.png", nil), paint}, "empty.png is no PNG"},
		{[]string{write("cut.png", whole[:len(whole)/2]), paint}, "cut.png cannot be read, and may be damaged"},
		{[]string{photo, write("cut2.png", whole[:len(whole)/3])}, "cut2.png cannot be read"},
		{[]string{write("none.png", pngHeader(0, 0)), paint}, "none.png"},
		{[]string{draw("one.png", 1, 1), paint}, "one.png is 1 by 1 pixels"},
		{[]string{photo, filepath.Join(dir, "one.png")}, "one.png is 1 by 1 pixels"},
		{[]string{huge, paint}, "huge.png is 20000 by 20000 pixels, more than 134M: decoding it takes about 8.9 GiB; allow it by --max-pixels 400M"},
		{[]string{photo, huge}, "--max-pixels 400M"},
		{[]string{photo, draw("small.png", 9, 60)}, "relu2_1 sees 1"},
		{[]string{photo, paint, "--max-pixels", "1000"}, "photo.png is 64 by 48 pixels, more than 1k"},
		{[]string{photo, paint, "--mask", draw("mask.png", 64, 48)}, "mask.png is 48 by 64 pixels, which is not the shape of"},
		{[]string{photo, paint, "--mask", write("black.png", blackPicture(t))}, "black.png is black everywhere"},
		{[]string{filepath.Join(dir, "nowhere.jpg"), paint}, "nowhere.jpg"},
		{[]string{photo, filepath.Join(dir, "nowhere")}, "nowhere"},
	} {
		out := filepath.Join(dir, "out.png")
		code, _, stderr := atelier(t, quickly(dir, append(c.args, "-o", out)...)...)
		wantLine(t, code, exitError, stderr, c.want)
		if exists(out) {
			t.Fatalf("%v was painted", c.args)
		}
	}
}

func blackPicture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 48))))
	return b.Bytes()
}

// All kinds of pictures that are not plain are painted all the same.
func TestStyleTakesPictures(t *testing.T) {
	dir := studioDir(t)
	random := rand.New(rand.NewPCG(3, 4))
	grey := image.NewGray(image.Rect(0, 0, 40, 40))
	for i := range grey.Pix {
		grey.Pix[i] = uint8(random.Uint32())
	}
	animation := &gif.GIF{}
	for range 3 {
		frame := image.NewPaletted(image.Rect(0, 0, 40, 40), color.Palette{color.Black, color.White, color.RGBA{200, 30, 30, 255}})
		for i := range frame.Pix {
			frame.Pix[i] = uint8(random.IntN(3))
		}
		animation.Image, animation.Delay = append(animation.Image, frame), append(animation.Delay, 1)
	}
	deep := imageio.WriteOptions{Bits: 16}
	clear := waves(40, 40, 4)
	clear.Alpha = make([]float32, 40*40)
	for i := range clear.Alpha {
		clear.Alpha[i] = float32(i%40) / 39
	}
	must(t, imageio.Write(filepath.Join(dir, "deep.png"), clear, deep))
	encode := func(name string, f func(w io.Writer) error) {
		var b bytes.Buffer
		must(t, f(&b))
		must(t, os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600))
	}
	encode("grey.png", func(w io.Writer) error { return png.Encode(w, grey) })
	encode("moving.gif", func(w io.Writer) error { return gif.EncodeAll(w, animation) })
	for _, c := range []struct {
		name, out, warning string
		bits               int
	}{
		{"grey.png", "grey-out.jpg", "", 8},
		{"moving.gif", "moving-out.tif", "moving.gif is animated: the first frame is read", 8},
		{"deep.png", "deep-out.png", "", 16},
	} {
		out := filepath.Join(dir, c.out)
		code, _, stderr := atelier(t, quickly(dir, filepath.Join(dir, c.name), filepath.Join(dir, "painting.png"), "-o", out)...)
		if code != exitOK || !strings.Contains(stderr, c.warning) {
			t.Errorf("%s: exit %d, %s", c.name, code, stderr)
			continue
		}
		if info, err := imageio.Probe(out); err != nil || info.Bits != c.bits {
			t.Errorf("%s: %+v, %v", c.out, info, err)
		}
	}
	p, _, err := imageio.ReadFloat(filepath.Join(dir, "deep-out.png"), imageio.FloatOptions{})
	must(t, err)
	if p.Alpha == nil || p.Alpha[0] > 0.02 || p.Alpha[p.W-1] < 0.98 {
		t.Errorf("alpha of the painting is %v", p.Alpha[:min(len(p.Alpha), p.W)])
	}
}

// Ctrl-C saves what there is and says how to go on; what goes on comes to the same bits.
func TestStyleInterrupted(t *testing.T) {
	dir := studioDir(t)
	photo, paint := filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png")
	straight, broken := filepath.Join(dir, "straight.png"), filepath.Join(dir, "broken one.png")
	args := func(out string) []string {
		return quickly(dir, photo, paint, "-o", out, "--iterations", "40", "--tolerance", "-1", "--preview-every", "1")
	}
	if code, _, stderr := atelier(t, args(straight)...); code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for !exists(beside(broken, ".preview")) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	var stdout, stderr bytes.Buffer
	code := run(ctx, args(broken), strings.NewReader(""), &stdout, &stderr)
	cancel()
	if code != exitInterrupted {
		t.Fatalf("exit %d, %s", code, stderr.String())
	}
	if _, err := imageio.Probe(broken); err != nil {
		t.Error(err)
	}
	_, command, found := strings.Cut(stderr.String(), "go on with\n  ")
	command, _, _ = strings.Cut(command, "\n")
	if !found || !strings.Contains(command, "'--out="+broken+"'") || !strings.HasSuffix(command, " --resume") || !strings.Contains(command, "--iterations=40") {
		t.Fatalf("no command to go on in\n%s", stderr.String())
	}
	code, _, text := atelier(t, args(broken)...)
	wantLine(t, code, exitError, text, "--resume")
	code, _, text = atelier(t, append(args(broken), "--resume")...)
	if code != exitOK || !strings.Contains(text, "goes on") {
		t.Fatalf("exit %d, %s", code, text)
	}
	samePixels(t, straight, broken)
}

func samePixels(t *testing.T, a, b string) {
	t.Helper()
	p, err := imageio.Read(a, imageio.Options{})
	must(t, err)
	q, err := imageio.Read(b, imageio.Options{})
	must(t, err)
	if !slices.Equal(p.Pix, q.Pix) {
		t.Errorf("%s and %s differ", a, b)
	}
}

func TestStyleBatch(t *testing.T) {
	dir := studioDir(t)
	photos, paintings, out := filepath.Join(dir, "photos"), filepath.Join(dir, "paintings"), filepath.Join(dir, "out")
	must(t, os.MkdirAll(photos, 0o777))
	must(t, os.MkdirAll(paintings, 0o777))
	must(t, os.WriteFile(filepath.Join(photos, "notes.txt"), []byte("no picture"), 0o600))
	for _, name := range []string{"a.png", "b.tif", ".hidden.png"} {
		must(t, imageio.Write(filepath.Join(photos, name), waves(32, 40, 4), imageio.WriteOptions{}))
	}
	for _, name := range []string{"x.png", "y.jpg"} {
		must(t, imageio.Write(filepath.Join(paintings, name), waves(40, 40, 3), imageio.WriteOptions{}))
	}
	must(t, os.WriteFile(filepath.Join(photos, "bad.jpg"), []byte("no picture"), 0o600))
	args := quickly(dir, photos, paintings, "-o", out)
	code, stdout, stderr := atelier(t, args...)
	if code != exitError || !strings.Contains(stdout, "4 painted, 2 failed") || strings.Count(stderr, "\natelier: ") != 1 {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
	for _, name := range []string{"a-x.png", "a-y.png", "b-x.png", "b-y.png"} {
		if _, err := imageio.Probe(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
	must(t, os.Remove(filepath.Join(photos, "bad.jpg")))
	must(t, os.Remove(filepath.Join(out, "b-x.png")))
	code, stdout, stderr = atelier(t, args...)
	if code != exitOK || !strings.Contains(stdout, "1 painted, 3 there already") {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{photos, paintings}, exitUsage, "-o FOLDER"},
		{[]string{photos, paintings, "-o", filepath.Join(dir, "new.png")}, exitUsage, "name a folder"},
		{[]string{photos, paintings, "-o", filepath.Join(dir, "net.safetensors")}, exitUsage, "name a folder"},
		{[]string{photos, paintings, "-o", out, "--trace", filepath.Join(dir, "t")}, exitUsage, "--trace"},
		{[]string{dir + "/out/none", paintings, "-o", out}, exitError, "none"},
	} {
		code, _, stderr := atelier(t, quickly(dir, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, %s", c.args, code, stderr)
		}
	}
	must(t, os.Mkdir(filepath.Join(dir, "void"), 0o777))
	code, _, stderr = atelier(t, quickly(dir, filepath.Join(dir, "void"), paintings, "-o", out)...)
	wantLine(t, code, exitError, stderr, "has no pictures")
	must(t, imageio.Write(filepath.Join(photos, "a.jpg"), waves(32, 40, 4), imageio.WriteOptions{}))
	code, _, stderr = atelier(t, args...)
	wantLine(t, code, exitError, stderr, "would both become")
}

// A loss that is not finite ends the painting with the best picture saved.
func TestStyleDiverges(t *testing.T) {
	dir := studioDir(t)
	out := filepath.Join(dir, "out.png")
	code, _, stderr := atelier(t, quickly(dir, filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png"), "-o", out, "--style-weight", "1e300")...)
	wantLine(t, code, exitError, stderr, "after a restart with smaller steps too", "saved as "+out)
	if _, err := imageio.Probe(out); err != nil {
		t.Error(err)
	}
}

// A disk that gets full in the middle ends the painting, with the best picture saved; where the picture cannot be written,
// it goes somewhere else.
func TestStyleDiskFull(t *testing.T) {
	dir := studioDir(t)
	if exists("/dev/full") {
		out := filepath.Join(dir, "out.png")
		code, _, stderr := atelier(t, quickly(dir, filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png"), "-o", out, "--trace", "/dev/full", "--force")...)
		wantLine(t, code, exitError, stderr, "no space left on device", "saved as "+out)
	}
	t.Setenv("TMPDIR", t.TempDir())
	p := painting{studio: &studio{f: &styleFlags{quality: 90}}, job: job{out: filepath.Join(dir, "nowhere", "out.png")}, bits: 8}
	w := waves(8, 8, 2)
	err := p.save(style.Picture{H: 8, W: 8, Pixels: w.RGB}, imageio.Metadata{}, nil)
	if err == nil || !strings.Contains(err.Error(), "the painting is saved as "+os.TempDir()) {
		t.Fatalf("error %v", err)
	}
	_, path, _ := strings.Cut(err.Error(), "saved as ")
	path, _, _ = strings.Cut(path, " instead")
	if info, err := imageio.Probe(path); err != nil || info.W != 8 {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestStyleRegionsAndModes(t *testing.T) {
	dir := studioDir(t)
	photo, paint := filepath.Join(dir, "photo.png"), filepath.Join(dir, "painting.png")
	mask := imageio.NewFloat(24, 32)
	for i := range mask.RGB {
		if i%(32*3) < 16*3 {
			mask.RGB[i] = 1
		}
	}
	left := filepath.Join(dir, "left.png")
	must(t, imageio.Write(left, mask, imageio.WriteOptions{}))
	for _, c := range []struct {
		args []string
		want string // the painting's size
	}{
		{[]string{photo, paint, paint, "--mask", left, "--weights", "1,2"}, "48 by 36"},
		{[]string{photo, paint, paint, "--weights", "1,2", "--loss", "mean-var,covariance=0.5"}, "48 by 36"},
		{[]string{paint, paint, "--mode", "texture"}, "48 by 48"},
		{[]string{paint, "--mode", "texture", "--content", photo}, "48 by 36"},
		{[]string{photo, "--mode", "content", "--init", paint}, "48 by 36"},
		{[]string{photo, paint, "--preserve-colour", "luma", "--tile", "16", "--pooling", "mean"}, "48 by 36"},
		{[]string{photo, "--net", "vgg19"}, "48 by 36"},
	} {
		code, stdout, stderr := atelier(t, quickly(dir, append(c.args, "-o", filepath.Join(dir, "out.png"), "--force")...)...)
		if code != exitOK || !strings.Contains(stdout, c.want) {
			t.Errorf("%v: exit %d, %s, %s", c.args, code, stdout, stderr)
		}
	}
}

// Without pictures and network, those that are built in are used.
func TestStyleAlone(t *testing.T) {
	t.Chdir(t.TempDir())
	code, stdout, stderr := atelier(t, "style", "--size", "64", "--iterations", "3")
	if code != exitOK || !strings.Contains(stdout, "painting.png: 64 by 48 pixels") || !strings.Contains(stderr, "embedded") {
		t.Fatalf("exit %d, %s, %s", code, stdout, stderr)
	}
	code, stdout, stderr = atelier(t, "style", "--replay", "painting.png")
	if code != exitOK || !strings.Contains(stdout, "the same as painting.png, to the bit") || !exists("painting-again.png") {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
}
