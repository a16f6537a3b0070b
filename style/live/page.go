package live

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/atelier-go/atelier/style"
)

// Page shows one painting after another. A nil Page shows nothing. Its methods may be called at any time; those that tell
// of a painting by one goroutine.
type Page struct {
	listener net.Listener
	server   *http.Server
	served   chan error
	closing  chan struct{} // closed by Close

	mu       sync.Mutex
	changed  chan struct{} // closed, and replaced, when there is something new
	closed   bool
	watchers int
	progress progress
	points   []point // of the painting's iterations
	shot     *shot   // the latest picture, nil for none
	next     time.Time
}

// progress is how a painting goes, as the page is told.
type progress struct {
	Painting   int      `json:"painting"` // from 1
	Title      string   `json:"title"`
	Status     string   `json:"status"`
	Over       bool     `json:"over"`
	Scale      int      `json:"scale"` // from 1; 0 before the first iteration
	Scales     int      `json:"scales"`
	Width      int      `json:"width"`
	Height     int      `json:"height"`
	Iteration  int      `json:"iteration"`
	Iterations int      `json:"iterations"`
	Elapsed    float64  `json:"elapsed"`   // seconds
	Remaining  float64  `json:"remaining"` // seconds
	Done       float64  `json:"done"`      // 0 to 1
	Sizes      []string `json:"sizes"`     // of the scales with points
}

// point is the loss at an iteration: the place of its size in progress.Sizes, total, content, style, total variation.
// They are finite: an iteration with others is not told.
type point [5]float64

// Listen opens the page at an address that [ParseAddress] takes. Errors begin with the address.
func Listen(address string) (*Page, error) {
	l, err := listen(address)
	if err != nil {
		return nil, err
	}
	p := &Page{listener: l, served: make(chan error, 1), closing: make(chan struct{}), changed: make(chan struct{})}
	p.server = &http.Server{
		Handler:           p.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // what a client does wrong is no concern of who paints
	}
	go func() { p.served <- p.server.Serve(l) }()
	return p, nil
}

// Begin shows a painting that is about to begin, in place of the one before.
func (p *Page) Begin(title string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.progress = progress{Painting: p.progress.Painting + 1, Title: title, Status: "getting ready"}
	p.points = nil
	p.shot = nil
	p.tell()
}

// Step shows an iteration. It takes the picture if somebody watches and it is time.
func (p *Page) Step(s style.Step) {
	if p == nil {
		return
	}
	if p.record(s) {
		p.take(s.Picture(), fmt.Sprintf("scale %d of %d, iteration %d, %d × %d pixels", s.Scale, s.Scales, s.Iteration, s.Width, s.Height))
	}
}

// record keeps an iteration's numbers, and tells whether its picture is wanted.
func (p *Page) record(s style.Step) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := &p.progress
	if s.Scale != g.Scale {
		g.Sizes = append(g.Sizes[:len(g.Sizes):len(g.Sizes)], fmt.Sprintf("%d × %d", s.Width, s.Height)) // events hold the old ones
	}
	g.Status = "painting"
	g.Scale, g.Scales, g.Width, g.Height = s.Scale, s.Scales, s.Width, s.Height
	g.Iteration, g.Iterations, g.Done = s.Iteration, s.Iterations, s.Done
	g.Elapsed, g.Remaining = s.Elapsed.Seconds(), s.Remaining.Seconds()
	l := s.Losses
	p.points = append(p.points, point{float64(len(g.Sizes) - 1), l.Total, l.Content, l.Style, l.TV})
	p.tell()
	return p.watchers > 0 && time.Now().After(p.next)
}

// End shows how a painting ended, and the painting itself if there is one.
func (p *Page) End(status string, painting style.Picture) {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.progress.Status, p.progress.Over = status, true
	watched := p.watchers > 0
	p.tell()
	p.mu.Unlock()
	if watched && painting.H > 0 {
		p.take(painting, fmt.Sprintf("as saved, %d × %d pixels", painting.W, painting.H))
	}
}

// The picture is replaced no more often than every so long, and only so often that it takes a hundredth of the time, but
// then.
const (
	pictureEvery  = time.Second
	pictureLatest = 10 * time.Second
	pictureShare  = 100
)

// take makes a picture the one that is shown.
func (p *Page) take(picture style.Picture, caption string) {
	began := time.Now()
	s := newShot(picture, caption)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shot != nil {
		s.Number = p.shot.Number
	}
	s.Number++
	p.shot = s
	p.next = time.Now().Add(pictureEvery)
	p.spend(time.Since(began))
	p.tell()
}

// spend puts the next picture off for as long as makes what has been spent on this one a small share. The lock is held.
func (p *Page) spend(took time.Duration) {
	p.next = p.next.Add(took * pictureShare)
	if latest := time.Now().Add(pictureLatest); p.next.After(latest) {
		p.next = latest
	}
}

// tell wakes who waits for something new. The lock is held.
func (p *Page) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// farewell is how long those who watch have to take the last event.
const farewell = 2 * time.Second

// Close tells those who watch the last of it, and closes the page.
func (p *Page) Close() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	p.mu.Unlock()
	close(p.closing)
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := p.server.Shutdown(ctx); err != nil {
		_ = p.server.Close() // somebody does not take the last event, and is not waited for
	}
	if err := <-p.served; err != http.ErrServerClosed {
		return fmt.Errorf("live: %w", err)
	}
	return nil
}
