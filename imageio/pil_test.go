package imageio

import (
	"bufio"
	"encoding/json"
	"image"
	"io"
	"os"
	"os/exec"
	"testing"
)

// pil is a process that answers requests with PIL.
type pil struct {
	t   *testing.T
	in  *json.Encoder
	out *bufio.Reader
}

type pilRequest struct {
	Op     string         `json:"op"`
	Mode   string         `json:"mode"`
	Data   []byte         `json:"data"`
	Size   []int          `json:"size,omitempty"` // width, height, and those to resize to
	Box    []int          `json:"box,omitempty"`
	Filter string         `json:"filter,omitempty"`
	Format string         `json:"format,omitempty"`
	Args   map[string]any `json:"args,omitempty"`
}

type pilAnswer struct {
	Size []int  `json:"size"` // width, height
	Data []byte `json:"data"`

	// Of "info":
	Format, Mode, Profile, Software string
	Text                            map[string]string
	Sampling, Quantization          [][]int
	XMP                             []byte
}

var modes = map[int]string{1: "L", 3: "RGB", 4: "RGBA"}

// startPIL starts PIL; the test is skipped where Debian's python3-pil is not installed.
func startPIL(t *testing.T) *pil {
	t.Helper()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import PIL").Run(); err != nil {
		t.Skipf("PIL is not there (apt install python3-pil): %v", err)
	}
	cmd := exec.Command(python, "testdata/reference.py")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		io.Copy(io.Discard, out)
		cmd.Wait()
	})
	return &pil{t, json.NewEncoder(in), bufio.NewReader(out)}
}

func (p *pil) ask(r pilRequest) pilAnswer {
	p.t.Helper()
	if err := p.in.Encode(r); err != nil {
		p.t.Fatal(err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		p.t.Fatalf("PIL, %s %s %v: %v", r.Op, r.Format, r.Args, err)
	}
	var a pilAnswer
	if err := json.Unmarshal(line, &a); err != nil {
		p.t.Fatal(err)
	}
	return a
}

func (p *pil) decode(file []byte, c int) Picture {
	p.t.Helper()
	a := p.ask(pilRequest{Op: "decode", Mode: modes[c], Data: file})
	return Picture{H: a.Size[1], W: a.Size[0], C: c, Pix: a.Data}
}

// encode writes a picture as a file. mode may also be CMYK, whose pixels are 4 bytes too.
func (p *pil) encode(m Picture, mode, format string, args map[string]any) []byte {
	p.t.Helper()
	return p.ask(pilRequest{Op: "encode", Mode: mode, Data: m.Pix, Size: []int{m.W, m.H}, Format: format, Args: args}).Data
}

func (p *pil) resize(m Picture, h, w int, part image.Rectangle, f Filter) Picture {
	p.t.Helper()
	a := p.ask(pilRequest{Op: "resize", Mode: modes[m.C], Data: m.Pix, Size: []int{m.W, m.H, w, h},
		Box: []int{part.Min.X, part.Min.Y, part.Max.X, part.Max.Y}, Filter: f.String()})
	return Picture{H: a.Size[1], W: a.Size[0], C: m.C, Pix: a.Data}
}

// difference is the largest and the mean difference of two pictures' bytes.
func difference(t *testing.T, got, want Picture) (largest int, mean float64) {
	t.Helper()
	if got.H != want.H || got.W != want.W || got.C != want.C || len(got.Pix) != len(want.Pix) {
		t.Fatalf("picture is %s with %d bytes, want %s with %d", got.Size(), len(got.Pix), want.Size(), len(want.Pix))
	}
	sum := 0
	for i, v := range got.Pix {
		d := int(v) - int(want.Pix[i])
		largest = max(largest, d, -d)
		sum += max(d, -d)
	}
	return largest, float64(sum) / float64(len(got.Pix))
}
