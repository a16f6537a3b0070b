package data

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
)

type pilRequest struct {
	Op   string  `json:"op"`
	By   float64 `json:"by"`
	H    int     `json:"h"`
	W    int     `json:"w"`
	C    int     `json:"c"`
	Data []byte  `json:"data"`
}

// runPIL is what PIL makes of pictures; the test is skipped where Debian's python3-pil is not installed.
func runPIL(t *testing.T, requests []pilRequest) [][]byte {
	t.Helper()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import PIL").Run(); err != nil {
		t.Skipf("PIL is not there (apt install python3-pil): %v", err)
	}
	var in bytes.Buffer
	e := json.NewEncoder(&in)
	for _, r := range requests {
		if err := e.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "testdata/reference.py")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var results [][]byte
	for d := json.NewDecoder(bytes.NewReader(out)); len(results) < len(requests); {
		var answer struct{ Data []byte }
		if err := d.Decode(&answer); err != nil {
			t.Fatal(err)
		}
		results = append(results, answer.Data)
	}
	return results
}

// noise is a random picture.
func noise(seed uint64, h, w, c int) Picture {
	r := rand.New(rand.NewPCG(seed, 0))
	p := Picture{H: h, W: w, C: c, Pix: make([]uint8, h*w*c)}
	for i := range p.Pix {
		p.Pix[i] = uint8(r.IntN(256))
	}
	return p
}

func largest(a, b []uint8) int {
	d := 0
	for i := range a {
		d = max(d, int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return d
}

func TestColoursArePIL(t *testing.T) {
	var requests []pilRequest
	var got []Picture
	for n := range 60 {
		c := []int{1, 3}[n%2]
		p := noise(uint64(n), 1+n%7, 1+n%11, c)
		op := []string{"brightness", "contrast", "saturation"}[n/2%3]
		by := []float64{0, 0.3, 0.77, 1, 1.4, 2.5}[n/6%6]
		requests = append(requests, pilRequest{op, by, p.H, p.W, p.C, append([]byte(nil), p.Pix...)})
		switch {
		case op == "brightness":
			stretch(p.Pix, 0, float32(by))
		case op == "contrast":
			stretch(p.Pix, meanGrey(p), float32(by))
		case c == 3:
			saturate(p.Pix, float32(by))
		}
		got = append(got, p)
	}
	for i, want := range runPIL(t, requests) {
		if d := largest(got[i].Pix, want); d > 0 {
			t.Errorf("%s by %g of %s: differs from PIL by %d", requests[i].Op, requests[i].By, got[i].Size(), d)
		}
	}
}

// Inside of the picture a rotation is PIL's: the same way round, about the same middle. The border differs: PIL's is black.
func TestRotationIsPIL(t *testing.T) {
	var requests []pilRequest
	var got []Picture
	for n := range 24 {
		p := noise(uint64(n), 20+n%5, 17+n%6, []int{1, 3}[n%2])
		degrees := []float64{-30, -7.5, 0, 1, 12, 45, 90, 180}[n%8]
		requests = append(requests, pilRequest{"rotate", degrees, p.H, p.W, p.C, p.Pix})
		dst := Picture{H: p.H, W: p.W, C: p.C, Pix: make([]uint8, len(p.Pix))}
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		turn(dst, p, sin, cos)
		got = append(got, dst)
	}
	for i, want := range runPIL(t, requests) {
		p := got[i]
		worst := 0
		for y := range p.H {
			for x := range p.W {
				// Inside of the circle that touches the border, less a pixel for interpolation.
				if math.Hypot(float64(y)-float64(p.H-1)/2, float64(x)-float64(p.W-1)/2) > float64(min(p.H, p.W))/2-2 {
					continue
				}
				at := (y*p.W + x) * p.C
				worst = max(worst, largest(p.Pix[at:at+p.C], want[at:at+p.C]))
			}
		}
		if worst > 2 {
			t.Errorf("%s by %g degrees: differs from PIL by %d, want at most 2", p.Size(), requests[i].By, worst)
		}
	}
}
