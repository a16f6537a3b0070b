package cpu_test

import (
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

func TestBufferLife(t *testing.T) {
	b := newBackend(t, "threads=1")
	buf := buffer(t, b, []float32{1, 2, 3}, 3)
	got := make([]float32, 3)
	if err := buf.ToFlatData(got); err != nil || got[2] != 3 {
		t.Fatalf("got %v, %v", got, err)
	}
	if now, _ := b.MemoryInUse(); now != 12 {
		t.Errorf("%d bytes are in use, want 12", now)
	}
	for range 2 { // the second time has no effect
		if err := buf.Finalize(); err != nil {
			t.Fatal(err)
		}
	}
	if now, peak := b.MemoryInUse(); now != 0 || peak != 12 {
		t.Errorf("%d bytes are in use, %d were, want 0 and 12", now, peak)
	}
	if err := buf.ToFlatData(got); err == nil || !strings.Contains(err.Error(), "finalized") {
		t.Errorf("reading a finalized buffer: %v", err)
	}
	if _, err := buf.Data(); err == nil {
		t.Error("the memory of a finalized buffer is given out")
	}
	if _, err := buf.Shape(); err == nil {
		t.Error("the shape of a finalized buffer is given out")
	}
}

func TestBufferRejects(t *testing.T) {
	b := newBackend(t, "threads=1")
	for name, c := range map[string]struct {
		flat  any
		shape shapes.Shape
	}{
		"wrong type":   {[]float64{1}, f32(1)},
		"too short":    {[]float32{1}, f32(2)},
		"not a slice":  {float32(1), f32()},
		"nil":          {nil, f32(1)},
		"no shape":     {[]float32{1}, shapes.Shape{}},
		"dynamic":      {[]float32{1}, shapes.MakeDynamic(dtypes.Float32, []int{-1}, []string{"n"})},
		"overflow":     {[]float32{1}, f32(1<<31, 1<<31, 1<<31)},
		"no such type": {[]uint8{1}, shapes.Make(dtypes.F8E4M3, 1)},
	} {
		if _, err := b.BufferFromFlatData(0, c.flat, c.shape); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := b.BufferFromFlatData(1, []float32{1}, f32(1)); err == nil {
		t.Error("device 1 is accepted")
	}
	if _, _, err := b.NewSharedBuffer(0, f32(1<<40, 1<<40)); err == nil || !strings.Contains(err.Error(), "too") && !strings.Contains(err.Error(), "more elements") {
		t.Errorf("a size that overflows: %v", err)
	}
}

func TestBufferEmptyAndPacked(t *testing.T) {
	b := newBackend(t, "threads=1")
	empty := buffer(t, b, []float32{}, 2, 0)
	if got := elements[float32](t, empty); len(got) != 0 {
		t.Errorf("an empty buffer holds %v", got)
	}
	packed, err := b.BufferFromFlatData(0, []byte{0x21, 0x03}, shapes.Make(dtypes.Uint4, 3))
	if err != nil {
		t.Fatal(err)
	}
	if got := elements[byte](t, packed); len(got) != 2 || got[0] != 0x21 {
		t.Errorf("three nibbles are kept as %v", got)
	}
}

// TestFinalizedBackend checks that nothing of a finalized backend can be used.
func TestFinalizedBackend(t *testing.T) {
	b := newBackend(t, "threads=2")
	g := newGraph(t, b)
	e := g.compile(g.must(g.Neg(g.param(f32(1)))))
	buf := buffer(t, b, []float32{1}, 1)
	b.Finalize()
	b.Finalize()
	if !b.IsFinalized() {
		t.Error("the backend does not know that it is finalized")
	}
	if _, err := e.Execute([]compute.Buffer{buf}, nil, 0); err == nil {
		t.Error("an executable runs on a finalized backend")
	}
	if _, _, err := b.NewSharedBuffer(0, f32(1)); err == nil {
		t.Error("a finalized backend makes buffers")
	}
	if _, err := b.Builder("x").Main().Parameter("x", f32(1), nil); err == nil {
		t.Error("a finalized backend builds graphs")
	}
}
