package live

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

//go:embed page.html
var document []byte

// policy lets the page load nothing from elsewhere.
const policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"

// handler answers for the page, its events and its picture.
func (p *Page) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = w.Write(document)
	})
	mux.HandleFunc("GET /events", p.events)
	mux.HandleFunc("GET /picture.jpg", p.picture)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.Public() && !isLoopback(r.Host) {
			http.Error(w, "this page is at "+p.URL(), http.StatusForbidden)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// picture sends the latest picture.
func (p *Page) picture(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	s := p.shot
	p.mu.Unlock()
	if s == nil {
		http.Error(w, "there is no picture yet", http.StatusNotFound)
		return
	}
	file, err := p.encoded(s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = w.Write(file)
}

// encoded is a picture's file. What encoding it takes puts the next picture off.
func (p *Page) encoded(s *shot) ([]byte, error) {
	began := time.Now()
	file, err := s.file()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spend(time.Since(began))
	return file, err
}

// event is what the page is told at once.
type event struct {
	progress
	From    int     `json:"from"` // how many iterations come before the points
	Points  []point `json:"points"`
	Picture *shot   `json:"picture"` // null for none
	Image   string  `json:"image,omitempty"`
	Last    bool    `json:"last"` // nothing comes after it
}

// eventPause is the least time between two events.
const eventPause = 200 * time.Millisecond

// events tells a client how the painting goes, until it leaves or the page is closed.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	p.watch(1)
	defer p.watch(-1)
	to := http.NewResponseController(w)
	painting, told := 0, 0
	for {
		e, changed := p.event(painting, told)
		painting, told = e.Painting, e.From+len(e.Points)
		text, err := json.Marshal(e)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil || to.Flush() != nil || e.Last {
			return
		}
		if !p.wait(r.Context(), changed) {
			return
		}
	}
}

// wait waits for a change and a pause, or the page's end; it is false when the client has left.
func (p *Page) wait(ctx context.Context, changed <-chan struct{}) bool {
	select {
	case <-ctx.Done():
		return false
	case <-p.closing:
		return true
	case <-changed:
	}
	select {
	case <-ctx.Done():
		return false
	case <-p.closing:
	case <-time.After(eventPause):
	}
	return true
}

func (p *Page) watch(more int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watchers += more
}

// event is what is new to a client that knows so many iterations of a painting, and what is closed at the next change.
// The last event has the picture in it, as nobody will answer for it any more.
func (p *Page) event(painting, told int) (event, <-chan struct{}) {
	p.mu.Lock()
	if painting != p.progress.Painting {
		told = 0
	}
	e := event{progress: p.progress, From: told, Points: p.points[told:len(p.points):len(p.points)], Picture: p.shot, Last: p.closed}
	changed := p.changed
	p.mu.Unlock()
	if e.Last && e.Picture != nil {
		if file, err := p.encoded(e.Picture); err == nil {
			e.Image = "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(file)
		}
	}
	return e, changed
}
