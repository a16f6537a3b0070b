package data

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// Memory is a dataset in memory. Read shares the pictures' pixels.
type Memory struct {
	Pictures   []Picture
	Labels     []int    // one a picture
	ClassNames []string // by label
	Names      []string // nil: pictures are named by Source and their number
	Source     string   // where they come from, for messages

	errs []error // of Load, by picture: what Read gives instead; nil where all could be read
}

var _ Dataset = (*Memory)(nil)

// Len is the number of pictures.
func (m *Memory) Len() int { return len(m.Pictures) }

// Read gives picture i without copying it, or why Load could not read it.
func (m *Memory) Read(i int) (Picture, error) {
	if i < len(m.errs) && m.errs[i] != nil {
		return Picture{}, m.errs[i]
	}
	return m.Pictures[i], nil
}

// Label is the label of picture i.
func (m *Memory) Label(i int) int { return m.Labels[i] }

// Classes are the class names.
func (m *Memory) Classes() []string { return m.ClassNames }

// Name is the name of picture i, or its source and number.
func (m *Memory) Name(i int) string {
	switch {
	case m.Names != nil:
		return m.Names[i]
	case m.Source != "":
		return m.Source + " picture " + strconv.Itoa(i)
	}
	return "picture " + strconv.Itoa(i)
}

// Check says what is wrong with the fields: lengths that do not agree, or a picture without pixels.
func (m *Memory) Check() error {
	if len(m.Labels) != len(m.Pictures) {
		return fmt.Errorf("data: Memory: %d labels for %d pictures", len(m.Labels), len(m.Pictures))
	}
	if m.Names != nil && len(m.Names) != len(m.Pictures) {
		return fmt.Errorf("data: Memory: %d names for %d pictures", len(m.Names), len(m.Pictures))
	}
	for i, p := range m.Pictures {
		if i < len(m.errs) && m.errs[i] != nil {
			continue
		}
		if err := p.Check(); err != nil {
			return fmt.Errorf("data: %s: %w", m.Name(i), err)
		}
	}
	return nil
}

// unread is the error of the first picture that Load could not read; nil if there is none.
func (m *Memory) unread() error {
	for i, err := range m.errs {
		if err != nil {
			return pictureError(m, i, err)
		}
	}
	return nil
}

// Load reads all of a dataset into memory, so that no epoch decodes it again. It takes 1 byte a pixel and channel.
// workers is the number of pictures read at the same time; 0 means one a processor. A picture that cannot be read keeps its
// error, which Read gives: whether it ends the run or is skipped is for the Loader to say.
func Load(ctx context.Context, d Dataset, workers int) (*Memory, error) {
	if err := Check(d); err != nil {
		return nil, err
	}
	n := d.Len()
	m := &Memory{Pictures: make([]Picture, n), Labels: make([]int, n), Names: make([]string, n), ClassNames: d.Classes()}
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	errs := make([]error, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				m.Labels[i], m.Names[i] = d.Label(i), d.Name(i)
				m.Pictures[i], errs[i] = d.Read(i)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		m.errs = errs
	}
	return m, nil
}
