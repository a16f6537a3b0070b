package live

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image/jpeg"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/atelier-go/atelier/style"
)

func open(t *testing.T) *Page {
	t.Helper()
	p, err := Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// get asks for a path, as a host if there is one.
func get(t *testing.T, p *Page, path, host string) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, body
}

// told is an event as a client has it.
type told struct {
	progress
	From    int         `json:"from"`
	Points  [][]float64 `json:"points"`
	Picture *struct {
		Number  int    `json:"number"`
		Caption string `json:"caption"`
	} `json:"picture"`
	Image string `json:"image"`
	Last  bool   `json:"last"`
}

// watch gives the events as they come.
func watch(t *testing.T, p *Page) func() told {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL()+"events", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("events are %q", kind)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<24)
	return func() told {
		t.Helper()
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var e told
				if err := json.Unmarshal([]byte(text), &e); err != nil {
					t.Fatal(err)
				}
				return e
			}
		}
		t.Fatalf("there are no more events: %v", lines.Err())
		return told{}
	}
}

func step(scale, iteration int, total float64) style.Step {
	return style.Step{Scale: scale, Scales: 2, Height: 3, Width: 4, Iteration: iteration, Iterations: 9,
		Losses:  style.Losses{Total: total, Content: 1, Style: 2, TV: 3},
		Elapsed: 5 * time.Second, Remaining: 7 * time.Second, Done: 0.25}
}

// plain is a picture of one colour.
func plain(h, w int, r, g, b float32) style.Picture {
	p := style.Picture{H: h, W: w}
	for range h * w {
		p.Pixels = append(p.Pixels, r, g, b)
	}
	return p
}

func TestPageIsOneDocument(t *testing.T) {
	p := open(t)
	status, header, body := get(t, p, "", "")
	if status != http.StatusOK || header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("status %d, %v", status, header)
	}
	for _, foreign := range []string{"https://", "//cdn", "@import", "src=\"http"} {
		if bytes.Contains(body, []byte(foreign)) {
			t.Errorf("the page has %q", foreign)
		}
	}
	if n := bytes.Count(body, []byte("http://")); n != 1 { // the namespace of SVG
		t.Errorf("the page has %d addresses", n)
	}
	if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("the policy is %q", policy)
	}
	if status, _, _ := get(t, p, "nothing", ""); status != http.StatusNotFound {
		t.Errorf("a page that is not there: %d", status)
	}
	if status, _, _ := get(t, p, "picture.jpg", ""); status != http.StatusNotFound {
		t.Errorf("a picture that is not there: %d", status)
	}
}

// A web site whose name was made to point at this machine does not see the page.
func TestOtherHostsAreRefused(t *testing.T) {
	p := open(t)
	for host, want := range map[string]int{
		"painter.example": http.StatusForbidden, "127.0.0.1.example:80": http.StatusForbidden, "10.0.0.1": http.StatusForbidden,
		"localhost:1": http.StatusOK, "127.0.0.1": http.StatusOK, "[::1]:80": http.StatusOK, "[::1]": http.StatusOK,
	} {
		if status, _, _ := get(t, p, "", host); status != want {
			t.Errorf("%s: status %d, want %d", host, status, want)
		}
	}
}

func TestEventsTellOfIterations(t *testing.T) {
	p := open(t)
	p.Begin("photo in the style of painting")
	p.record(step(1, 1, 8))
	p.record(step(1, 2, 6))
	next := watch(t, p)
	e := next()
	want := progress{Painting: 1, Title: "photo in the style of painting", Status: "painting", Scale: 1, Scales: 2, Width: 4, Height: 3,
		Iteration: 2, Iterations: 9, Elapsed: 5, Remaining: 7, Done: 0.25}
	got := e.progress
	got.Sizes = nil
	if g, w := mustJSON(t, got), mustJSON(t, want); g != w {
		t.Errorf("progress is %s, want %s", g, w)
	}
	if e.From != 0 || mustJSON(t, e.Points) != "[[0,8,1,2,3],[0,6,1,2,3]]" || mustJSON(t, e.Sizes) != `["4 × 3"]` || e.Last {
		t.Errorf("%+v", e)
	}
	p.record(step(2, 1, 9)) // what is new is told alone
	if e = next(); e.From != 2 || mustJSON(t, e.Points) != "[[1,9,1,2,3]]" || len(e.Sizes) != 2 {
		t.Errorf("%+v", e)
	}
	p.Begin("another") // and another painting begins anew
	if e = next(); e.Painting != 2 || e.From != 0 || len(e.Points) != 0 || len(e.Sizes) != 0 || e.Scale != 0 {
		t.Errorf("%+v", e)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if e = next(); !e.Last {
		t.Errorf("%+v", e)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Pictures are wanted only while somebody watches, and not more often than they should be.
func TestPicturesAreWantedByWatchers(t *testing.T) {
	p := open(t)
	p.Begin("one")
	if p.record(step(1, 1, 8)) {
		t.Error("a picture is wanted that nobody sees")
	}
	next := watch(t, p)
	next()
	if !p.record(step(1, 2, 8)) {
		t.Error("the picture is not wanted")
	}
	p.take(plain(3, 4, 1, 0, 0), "red")
	if p.record(step(1, 3, 8)) {
		t.Error("a picture is wanted at once after one was taken")
	}
	p.mu.Lock()
	encoded := p.shot.jpeg != nil
	p.mu.Unlock()
	if encoded {
		t.Error("a picture is encoded that nobody asked for")
	}
	e := next()
	if e.Picture == nil || e.Picture.Number != 1 || e.Picture.Caption != "red" {
		t.Errorf("%+v", e)
	}
	_, header, file := get(t, p, "picture.jpg", "")
	m, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil || header.Get("Content-Type") != "image/jpeg" {
		t.Fatalf("%v, %v", header, err)
	}
	if r, g, b, _ := m.At(1, 1).RGBA(); m.Bounds().Dx() != 4 || m.Bounds().Dy() != 3 || r < 0xf000 || g > 0x0fff || b > 0x0fff {
		t.Errorf("%v: %x %x %x", m.Bounds(), r, g, b)
	}
}

// The time until the next picture grows with what the last one took, up to a bound.
func TestPicturesTakeAShare(t *testing.T) {
	for _, c := range []struct{ took, least, most time.Duration }{
		{0, 900 * time.Millisecond, pictureEvery},
		{20 * time.Millisecond, 2900 * time.Millisecond, 3 * time.Second},
		{time.Minute, pictureLatest - time.Second, pictureLatest},
	} {
		p := &Page{next: time.Now().Add(pictureEvery)}
		p.spend(c.took)
		if until := time.Until(p.next); until < c.least || until > c.most {
			t.Errorf("after %v the next is in %v, want %v to %v", c.took, until, c.least, c.most)
		}
	}
}

// Who watches has the painting when the page is closed, within the last event.
func TestLastEventHasThePainting(t *testing.T) {
	p := open(t)
	p.Begin("one")
	next := watch(t, p)
	next()
	p.End("finished", plain(5, 7, 0, 0, 1))
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	e := next()
	for !e.Last {
		e = next()
	}
	text, ok := strings.CutPrefix(e.Image, "data:image/jpeg;base64,")
	file, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || e.Status != "finished" || !e.Over || e.Picture.Caption != "as saved, 7 × 5 pixels" {
		t.Fatalf("%+v, %v", e, err)
	}
	if m, err := jpeg.Decode(bytes.NewReader(file)); err != nil || m.Bounds().Dx() != 7 {
		t.Errorf("%v, %v", m, err)
	}
	if _, err := net.Dial("tcp", p.address().String()); err == nil {
		t.Error("the page is still there")
	}
	if err := p.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// Pictures larger than the screen are shrunk by means, of what there is at their edges.
func TestShotShrinks(t *testing.T) {
	p := plain(3, 2*shotSide+1, 0, 0, 0)
	for i := range p.Pixels {
		p.Pixels[i] = float32(i/3%p.W%3) / 2 // 0, ½, 1 along a row: with a factor of 3 each mean is ½
	}
	s := newShot(p, "")
	if size := s.pixels.Bounds().Size(); size.X != (p.W+2)/3 || size.Y != 1 {
		t.Fatalf("%v", size)
	}
	for x := range p.W / 3 {
		if v := s.pixels.RGBAAt(x, 0); v.R != 128 || v.B != 128 || v.A != 255 {
			t.Fatalf("%d: %v", x, v)
		}
	}
	row := plain(1, 2, float32(math.Inf(1)), -1, 0.5)
	if v := newShot(row, "").pixels.RGBAAt(1, 0); v.R != 255 || v.G != 0 || v.B != 128 {
		t.Errorf("outside of 0 to 1: %v", v)
	}
}

func TestNilPageShowsNothing(t *testing.T) {
	var p *Page
	p.Begin("one")
	p.Step(step(1, 1, 1))
	p.End("done", style.Picture{})
	if p.URL() != "" || p.Public() || p.Close() != nil {
		t.Error("a nil page is somewhere")
	}
}
