package cpu_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// TestThreadsDoNotChangeBits runs random graphs, and some larger than the pieces that work is cut into, on different
// numbers of threads.
func TestThreadsDoNotChangeBits(t *testing.T) {
	builds := map[string]fuzzGraph{"conv": buildConv, "dot": buildDot, "reduce": buildReduce, "window": buildWindow}
	for _, level := range isa.Available() {
		var backends []*cpu.Backend
		for _, threads := range []int{1, 2, 5} {
			b, err := cpu.New(cpu.Config{Threads: threads, ISA: level.String()})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Finalize()
			backends = append(backends, b)
		}
		for name, build := range builds {
			r := rand.New(rand.NewPCG(3, 4))
			for range 25 {
				data := make([]byte, 64)
				for i := range data {
					data[i] = byte(r.Uint32())
				}
				compareBits(t, name, level, backends, data, build)
			}
		}
	}
}

func compareBits(t *testing.T, name string, level isa.Level, backends []*cpu.Backend, data []byte, build fuzzGraph) {
	t.Helper()
	var want []byte
	for i, b := range backends {
		e, params, ok := buildFuzz(t, b, data, build)
		if !ok {
			return
		}
		r := rand.New(rand.NewPCG(5, 6))
		var in []compute.Buffer
		for _, s := range params {
			buf, flat, err := b.NewSharedBuffer(0, s)
			if err != nil {
				t.Fatal(err)
			}
			for j := range s.Size() {
				store(flat, j, r.NormFloat64())
			}
			in = append(in, buf)
		}
		out := execute(t, e, nil, in...)
		flat, err := out[0].Data()
		if err != nil {
			t.Fatal(err)
		}
		got := dtypes.UnsafeByteSliceFromAny(flat)
		if i == 0 {
			want = bytes.Clone(got)
		} else if !bytes.Equal(got, want) {
			t.Fatalf("%s at %v: %d threads give other bits than %d\n%s", name, level, b.Config().Threads,
				backends[0].Config().Threads, e.Explain())
		}
	}
}
