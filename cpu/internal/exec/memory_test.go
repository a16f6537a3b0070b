package exec

import (
	"errors"
	"testing"
)

func TestMemoryLimit(t *testing.T) {
	m := NewMemory(100)
	if err := m.Reserve(60, "one"); err != nil {
		t.Fatal(err)
	}
	err := m.Reserve(41, "another")
	var limit *MemoryError
	if !errors.As(err, &limit) || *limit != (MemoryError{What: "another", Asked: 41, InUse: 60, Limit: 100}) {
		t.Errorf("the error is %v", err)
	}
	if err := m.Reserve(40, "the rest"); err != nil {
		t.Error(err)
	}
	m.Release(100)
	if m.InUse() != 0 || m.Peak() != 100 {
		t.Errorf("%d in use, %d at most, want 0 and 100", m.InUse(), m.Peak())
	}
	if err := m.Reserve(1<<62, "too much"); err == nil {
		t.Error("a sum that would overflow is accepted")
	}
}

// TestArenas checks that blocks are shared, and that a larger one takes the place of a smaller one.
func TestArenas(t *testing.T) {
	m := NewMemory(1000)
	a := NewArenas(m)
	get := func(n int) []byte {
		t.Helper()
		b, err := a.Get(n)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	a.Put(get(100))
	small := get(50)
	if len(small) != 100 || m.InUse() != 100 {
		t.Errorf("got %d bytes of %d in use, want the block of 100", len(small), m.InUse())
	}
	a.Put(small)
	a.Put(get(1000)) // only possible if the block of 100 goes
	if m.InUse() != 1000 {
		t.Errorf("%d in use, want 1000", m.InUse())
	}
	if _, err := a.Get(1001); err == nil {
		t.Error("more than the limit is given")
	}
	held := get(10)
	a.Close()
	a.Put(held)
	if m.InUse() != 0 {
		t.Errorf("%d in use after all was dropped", m.InUse())
	}
	if b := get(0); b != nil {
		t.Error("no bytes are some")
	}
}
