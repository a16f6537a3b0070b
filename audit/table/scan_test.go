package table

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// Delimiters are found wherever they are, and nothing else is: bytes that differ from them by one bit are likely here.
func TestDelimiters(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	near := []byte{',', '\n', ',' ^ 1, '\n' ^ 0x80, ',' + 0x80, 0, 0xff, 'a'}
	for n := range 300 {
		data := make([]byte, n, n+chunkBytes)
		for i := range data {
			data[i] = near[r.IntN(len(near))]
			if n%3 == 0 {
				data[i] = ','
			}
		}
		from := r.IntN(n + 1)
		var want []uint32
		for i := from; i < n; i++ {
			if data[i] == ',' || data[i] == '\n' {
				want = append(want, uint32(i))
			}
		}
		if got := delimiters(make([]uint32, 0, n+chunkRoom), data, from, ','); !slices.Equal(got, want) {
			t.Fatalf("%q from %d: %v, want %v", data, from, got, want)
		}
	}
}

// Numbers are those of strconv, to the bit, but for negative zero.
func FuzzParseNumber(f *testing.F) {
	for _, seed := range []string{
		"0.1", "-0", "1e5", "123456789012345", "1234567890123456", ".5", "5.", ".", "-", "", "nan", "N/A", "0x1p-2", "+1", "1_0",
		"0.000000000000001", "999999999999.999", "-1.5", "inf", "1e400",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseNumber([]byte(text))
		if missing([]byte(text)) {
			if err != nil || !math.IsNaN(got) {
				t.Errorf("%q is %v (%v), want NaN", text, got, err)
			}
			return
		}
		want, wantErr := strconv.ParseFloat(text, 64)
		if wantErr == nil && math.IsInf(want, 0) {
			wantErr = errNotFinite
		}
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("%q: error %v, want %v", text, err, wantErr)
		}
		if err == nil && math.Float64bits(got) != math.Float64bits(want+0) && !math.IsNaN(want) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	})
}

func BenchmarkDelimiters(b *testing.B) {
	data := make([]byte, 0, 256<<10+chunkBytes)
	rows := 0
	for len(data) < 250<<10 {
		data = fmt.Append(data, "1234567,African-American,Male,1,0,10\n")
		rows++
	}
	at := make([]uint32, 0, len(data)+chunkRoom)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if n := len(delimiters(at, data, 0, ',')); n != 6*rows {
			b.Fatalf("%d delimiters, want %d", n, 6*rows)
		}
	}
}
