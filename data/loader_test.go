package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// grid is a dataset whose picture i says i in every pixel.
func grid(n, h, w, c int) *Memory {
	m := &Memory{ClassNames: []string{"even", "odd"}, Source: "grid"}
	for i := range n {
		p := Picture{H: h, W: w, C: c, Pix: bytes.Repeat([]byte{byte(i)}, h*w*c)}
		m.Pictures, m.Labels = append(m.Pictures, p), append(m.Labels, i%2)
	}
	return m
}

// broken is a dataset some of whose pictures cannot be read.
type broken struct {
	Dataset
	bad map[int]bool
}

func (b broken) Read(i int) (Picture, error) {
	if b.bad[i] {
		return Picture{}, errors.New("is broken")
	}
	return b.Dataset.Read(i)
}

func everything() []Transform {
	return []Transform{RandomCrop{Pad: 3}, Flip{}, Rotate{Degrees: 10}, ColorJitter{Brightness: 0.3, Contrast: 0.3, Saturation: 0.3},
		RandomResizedCrop{Size: 20}, Cutout{Size: 5}}
}

// clone is a copy of a batch that survives Release.
func clone(b *Batch) *Batch {
	return &Batch{Step: b.Step, Pixels: slices.Clone(b.Pixels), N: b.N, H: b.H, W: b.W, C: b.C, Labels: slices.Clone(b.Labels),
		Mixed: slices.Clone(b.Mixed), Lambda: slices.Clone(b.Lambda), Indices: slices.Clone(b.Indices), Skipped: b.Skipped}
}

func collect(t *testing.T, l *Loader, from, n int) []*Batch {
	t.Helper()
	s := l.Open(context.Background(), from)
	defer s.Close()
	var batches []*Batch
	for range n {
		b, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		batches = append(batches, clone(b))
		s.Release(b)
	}
	return batches
}

func same(a, b *Batch) bool {
	return a.Step == b.Step && a.N == b.N && a.H == b.H && a.W == b.W && a.C == b.C && slices.Equal(a.Pixels, b.Pixels) &&
		slices.Equal(a.Labels, b.Labels) && slices.Equal(a.Mixed, b.Mixed) && slices.Equal(a.Lambda, b.Lambda) &&
		slices.Equal(a.Indices, b.Indices) && len(a.Skipped) == len(b.Skipped)
}

// The same bits for any number of workers, any prefetch, any start.
func TestBatchesAreAFunctionOfTheirNumber(t *testing.T) {
	const n = 23 // more than two epochs
	make := func(workers, prefetch int) *Loader {
		return &Loader{Dataset: broken{Shapes{N: 100, Size: 24}, map[int]bool{7: true, 8: true, 50: true}}, Batch: 10, Seed: 5, Shuffle: true,
			Transforms: everything(), Mixup: Mixup{Alpha: 0.3}, Corrupt: Skip, Workers: workers, Prefetch: prefetch}
	}
	want := collect(t, make(1, 1), 0, n)
	for _, c := range [][3]int{{1, 5, 0}, {2, 1, 0}, {4, 3, 0}, {3, 0, 1}, {0, 2, 9}, {2, 4, 10}, {16, 16, 22}} {
		for k, b := range collect(t, make(c[0], c[1]), c[2], n-c[2]) {
			if !same(b, want[c[2]+k]) {
				t.Fatalf("Workers %d, Prefetch %d, from batch %d: batch %d differs", c[0], c[1], c[2], b.Step)
			}
		}
	}
	if same(want[0], want[10]) {
		t.Error("two epochs are alike")
	}
}

// The random numbers of a picture come from the seed, the epoch and its number: not from its batch.
func TestExamplesDoNotDependOnTheBatch(t *testing.T) {
	example := func(seed uint64, batch int, shuffle bool) map[int][]float32 {
		l := &Loader{Dataset: Shapes{N: 40, Size: 20}, Batch: batch, Seed: seed, Shuffle: shuffle, Transforms: everything()}
		pictures := map[int][]float32{}
		for _, b := range collect(t, l, 0, l.StepsPerEpoch()) {
			for k, i := range b.Indices {
				pictures[i] = b.example(k)
			}
		}
		return pictures
	}
	a, b, other := example(1, 40, false), example(1, 7, true), example(2, 40, false)
	for i := range a {
		if !slices.Equal(a[i], b[i]) {
			t.Errorf("picture %d is another in another batch", i)
		}
		if slices.Equal(a[i], other[i]) {
			t.Errorf("picture %d is the same with another seed", i)
		}
	}
}

// What is in a batch is what the sampler says, transformed and normalised.
func TestBatchContents(t *testing.T) {
	d := grid(20, 2, 3, 3)
	l := &Loader{Dataset: d, Batch: 6, Seed: 3, Shuffle: true, Normalise: Normalise{Mean: []float64{0.1, 0.2, 0.3}, Std: []float64{0.5}}}
	for _, b := range collect(t, l, 0, 9) {
		if want := l.Sampler().Indices(b.Step); !slices.Equal(b.Indices, want) {
			t.Fatalf("batch %d has %v, the sampler says %v", b.Step, b.Indices, want)
		}
		if b.N != len(b.Indices) || b.H != 2 || b.W != 3 || b.C != 3 || len(b.Pixels) != b.N*18 || len(b.Mixed) > 0 {
			t.Fatalf("batch %d is [%d %d %d %d] with %d pixels", b.Step, b.N, b.H, b.W, b.C, len(b.Pixels))
		}
		for k, i := range b.Indices {
			if int(b.Labels[k]) != i%2 {
				t.Errorf("picture %d has label %d", i, b.Labels[k])
			}
			for j, v := range b.Pixels[k*18 : (k+1)*18] {
				if want := float32((float64(i)/255 - []float64{0.1, 0.2, 0.3}[j%3]) / 0.5); v != want {
					t.Fatalf("picture %d: number %d is %g, want %g", i, j, v, want)
				}
			}
		}
	}
}

func TestOpenEpochEnds(t *testing.T) {
	l := &Loader{Dataset: grid(10, 1, 1, 1), Batch: 4}
	for epoch := range 3 {
		s := l.OpenEpoch(context.Background(), epoch)
		for b := range 3 {
			batch, err := s.Next()
			if err != nil || batch.Step != epoch*3+b || batch.N != []int{4, 4, 2}[b] {
				t.Fatalf("epoch %d, batch %d: %+v, %v", epoch, b, batch, err)
			}
		}
		for range 2 {
			if _, err := s.Next(); err != io.EOF {
				t.Errorf("after the epoch: %v, want io.EOF", err)
			}
		}
		s.Close()
	}
}

func TestCorruptPictureFails(t *testing.T) {
	l := &Loader{Dataset: broken{grid(64, 2, 2, 1), map[int]bool{41: true, 43: true, 60: true}}, Batch: 32, Workers: 3}
	for range 20 {
		s := l.Open(context.Background(), 0)
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the first of the batch, each time
			if _, err := s.Next(); err == nil || err.Error() != "data: grid picture 41: is broken" {
				t.Fatalf("error is %v", err)
			}
		}
		s.Close()
	}
	l.Dataset = broken{grid(64, 2, 2, 1), map[int]bool{0: true}}
	s := l.Open(context.Background(), 0)
	defer s.Close()
	if _, err := s.Next(); err == nil || err.Error() != "data: grid picture 0: is broken" {
		t.Errorf("the first picture: error is %v", err)
	}
}

func TestCorruptPictureIsSkippedAndCounted(t *testing.T) {
	l := &Loader{Dataset: broken{grid(8, 2, 2, 1), map[int]bool{0: true, 3: true, 4: true, 7: true}}, Batch: 4, Corrupt: Skip, Workers: 2}
	s := l.Open(context.Background(), 0)
	defer s.Close()
	for step, want := range [][]int{{1, 1, 2, 5}, {5, 5, 6, 1}, {1, 1, 2, 5}} {
		b, err := s.Next()
		if err != nil || !slices.Equal(b.Indices, want) {
			t.Fatalf("batch %d has %v, %v, want %v", step, b.Indices, err, want)
		}
		for k, i := range b.Indices {
			if b.Labels[k] != int32(i%2) || b.Pixels[4*k] != float32(float64(i)/255) {
				t.Errorf("batch %d, example %d: label %d and pixel %g are not those of picture %d", step, k, b.Labels[k], b.Pixels[4*k], i)
			}
		}
		// In the order of the examples: 0; 3 and 4; 4; 7 and (again) 0.
		skipped := [][]string{{"0", "3", "4"}, {"4", "7", "0"}, {"0", "3", "4"}}[step]
		for k, err := range b.Skipped {
			if k >= len(skipped) || err.Error() != "data: grid picture "+skipped[k]+": is broken" {
				t.Errorf("batch %d skipped %v, want %v", step, b.Skipped, skipped)
			}
		}
		if len(b.Skipped) != 3 || l.Skipped() != 3*(step+1) {
			t.Errorf("after batch %d: %d skipped in it, %d in all, want 3 and %d", step, len(b.Skipped), l.Skipped(), 3*(step+1))
		}
	}
	none := &Loader{Dataset: broken{grid(2, 2, 2, 1), map[int]bool{0: true, 1: true}}, Batch: 4, Corrupt: Skip}
	all := none.Open(context.Background(), 0)
	defer all.Close()
	if _, err := all.Next(); err == nil || !strings.Contains(err.Error(), "none of the 2 pictures can be read") || !strings.Contains(err.Error(), "is broken") {
		t.Errorf("nothing can be read: %v", err)
	}
}

func TestSizesMustAgree(t *testing.T) {
	d := grid(10, 4, 4, 1)
	d.Pictures[6] = Picture{H: 5, W: 4, C: 1, Pix: make([]byte, 20)}
	s := (&Loader{Dataset: d, Batch: 10}).Open(context.Background(), 0)
	defer s.Close()
	_, err := s.Next()
	if err == nil || !strings.Contains(err.Error(), "grid picture 6: is 5x4x1 after the transforms, while others are 4x4x1") {
		t.Errorf("error is %v", err)
	}
	fit := &Loader{Dataset: d, Batch: 10, Transforms: []Transform{CenterCrop{Size: 4}}}
	collect(t, fit, 0, 3)
}

func TestTransformErrorsNameThePicture(t *testing.T) {
	for want, l := range map[string]*Loader{
		"grid picture 0: data.CenterCrop: cannot cut 9x9 out of 4x4x1": {Dataset: grid(4, 4, 4, 1), Batch: 2, Transforms: []Transform{CenterCrop{Size: 9}}},
		"grid picture 0: data.RandomCrop: cannot cut 9x9 out of 4x4x1 padded by 2": {Dataset: grid(4, 4, 4, 1), Batch: 2,
			Transforms: []Transform{RandomCrop{Size: 9, Pad: 2}}},
		"2 values in Mean for pictures of 1 channels": {Dataset: grid(4, 4, 4, 1), Batch: 2, Normalise: Normalise{Mean: []float64{0, 1}}},
	} {
		s := l.Open(context.Background(), 0)
		if _, err := s.Next(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
		s.Close()
	}
}

// A picture that would become too large is one that cannot be used: its name is told, or it is skipped and counted.
func TestTooLargeResultIsCorrupt(t *testing.T) {
	d := grid(4, 9, 9, 1)
	d.Pictures[2] = Picture{H: 65535, W: 1, C: 1, Pix: make([]byte, 65535)}
	l := &Loader{Dataset: d, Batch: 4, Transforms: []Transform{Resize{Short: 224}}}
	s := l.Open(context.Background(), 0)
	if _, err := s.Next(); err == nil || !strings.Contains(err.Error(), "grid picture 2: data.Resize: cannot make 14679840x224") {
		t.Errorf("error is %v", err)
	}
	s.Close() // before the loader changes
	l.Corrupt = Skip
	collect(t, l, 0, 1)
	if l.Skipped() != 1 {
		t.Errorf("%d pictures are skipped, want 1", l.Skipped())
	}
}

// Everything that is wrong is told at once, before a picture is read.
func TestLoaderCheck(t *testing.T) {
	l := &Loader{Dataset: grid(4, 2, 2, 1), Batch: -1, Workers: -2, Prefetch: -3, Corrupt: 7, Mixup: Mixup{Alpha: math.NaN()},
		Normalise: Normalise{Std: []float64{0}}, Transforms: []Transform{nil, Resize{}}}
	err := l.Check()
	for _, want := range []string{"Batch is -1", "Workers is -2", "Prefetch is -3", "Corrupt is 7", "Alpha is NaN", "Std[0] is 0",
		"transform 0 is nil", "transform 1: data: Resize: the size is 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
	s := l.Open(context.Background(), 0)
	defer s.Close()
	if _, got := s.Next(); got == nil || got.Error() != err.Error() {
		t.Errorf("Next gives %v", got)
	}
	many := &Loader{Dataset: grid(4, 2, 2, 1), Batch: math.MaxInt, Workers: 1_000_000_000, Prefetch: 1_000_000_000_000_000}
	err = many.Check()
	for _, want := range []string{"Batch is 9223372036854775807, want 1 to 16777216", "Workers is 1000000000, want 1 to 4096",
		"Prefetch is 1000000000000000, want 1 to 1000000"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
	if n := many.StepsPerEpoch(); n != 0 {
		t.Errorf("%d steps of such batches", n)
	}
	for want, d := range map[string]Dataset{
		"no dataset": nil,
		"is empty":   &Memory{ClassNames: []string{"a"}},
		"no classes": &Memory{Pictures: make([]Picture, 0)},
		"grid picture 1 has label 1, want 0 to 0": func() Dataset { m := grid(2, 1, 1, 1); m.ClassNames = m.ClassNames[:1]; return m }(),
		"1 labels for 2 pictures":                 func() Dataset { m := grid(2, 1, 1, 1); m.Labels = m.Labels[:1]; return m }(),
		"it has no pixels":                        &Memory{Pictures: []Picture{{C: 3}}, Labels: []int{0}, ClassNames: []string{"a"}},
	} {
		if want == "no classes" {
			d = &Memory{Pictures: grid(1, 1, 1, 1).Pictures, Labels: []int{0}}
		}
		if err := (&Loader{Dataset: d, Batch: 1}).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
	negative := (&Loader{Dataset: grid(4, 2, 2, 1), Batch: 1}).Open(context.Background(), -1)
	defer negative.Close()
	if _, err := negative.Next(); err == nil || !strings.Contains(err.Error(), "batch -1") {
		t.Errorf("Open(-1): %v", err)
	}
}

// slow is a dataset whose pictures come late.
type slow struct{ Dataset }

func (s slow) Read(i int) (Picture, error) {
	time.Sleep(5 * time.Millisecond)
	return s.Dataset.Read(i)
}

func TestCancelAndClose(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	l := &Loader{Dataset: slow{grid(100, 2, 2, 1)}, Batch: 50, Workers: 4}
	s := l.Open(ctx, 0)
	go func() {
		time.Sleep(20 * time.Millisecond)
		cancel()
	}()
	for {
		if _, err := s.Next(); err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("after cancel: %v", err)
			}
			break
		}
	}
	s.Close()
	s.Close()
	for range 10 {
		s := l.Open(context.Background(), 3)
		s.Close()
		if _, err := s.Next(); err == nil {
			t.Error("Next of a closed stream gives a batch")
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines are left, %d were there before", runtime.NumGoroutine(), before)
}

// Batches that are not released stay as they are.
func TestUnreleasedBatchesStay(t *testing.T) {
	l := &Loader{Dataset: grid(40, 2, 2, 1), Batch: 4, Shuffle: true}
	s := l.Open(context.Background(), 0)
	defer s.Close()
	var kept, copies []*Batch
	for k := range 30 {
		b, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if k%3 == 0 {
			s.Release(b)
			s.Release(b) // twice does no harm
		} else {
			kept, copies = append(kept, b), append(copies, clone(b))
		}
	}
	s.Release(nil)
	s.Release(&Batch{})
	for k := range kept {
		if !same(kept[k], copies[k]) {
			t.Errorf("batch %d changed while it was in use", copies[k].Step)
		}
	}
}

// Steady use allocates nothing for each picture: an order for each epoch, and little else.
func TestSteadyStateAllocates(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long with the race detector, which allocates too")
	}
	m, err := Load(context.Background(), Shapes{N: 256, Size: 32}, 0)
	if err != nil {
		t.Fatal(err)
	}
	l := &Loader{Dataset: m, Batch: 64, Shuffle: true, Transforms: everything(), Mixup: Mixup{Alpha: 0.2}, Workers: 2}
	s := l.Open(context.Background(), 0)
	defer s.Close()
	run := func(n int) {
		for range n {
			b, err := s.Next()
			if err != nil {
				t.Fatal(err)
			}
			s.Release(b)
		}
	}
	run(200)
	b, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // all slots come into being while this one is held
	s.Release(b)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run(100)
	runtime.ReadMemStats(&after)
	if perPicture := float64(after.Mallocs-before.Mallocs) / 6400; perPicture > 0.1 {
		t.Errorf("%.2f allocations a picture, want at most 0.1", perPicture)
	}
	if bytes := float64(after.TotalAlloc-before.TotalAlloc) / 100; bytes > 4096 {
		t.Errorf("%.0f bytes a batch, want at most 4096 (the pixels alone have %d)", bytes, 64*20*20*3*4)
	}
}

// Transforms of other packages join in.
type invert struct{}

func (invert) Check() error { return nil }
func (invert) Apply(_ *rand.Rand, p Picture) (Picture, error) {
	q := Picture{H: p.H, W: p.W, C: p.C, Pix: slices.Clone(p.Pix)}
	for i := range q.Pix {
		q.Pix[i] = 255 - q.Pix[i]
	}
	return q, nil
}

func TestOtherTransforms(t *testing.T) {
	l := &Loader{Dataset: grid(4, 3, 3, 1), Batch: 4, Transforms: []Transform{invert{}, RandomCrop{Pad: 1}, invert{}}}
	b := collect(t, l, 0, 1)[0]
	for k := range 4 {
		if want := float32(float64(k) / 255); b.Pixels[9*k+4] != want {
			t.Errorf("picture %d is %g, want %g", k, b.Pixels[9*k+4], want)
		}
	}
	for i, p := range l.Dataset.(*Memory).Pictures {
		if p.Pix[0] != byte(i) {
			t.Errorf("picture %d of the dataset has changed", i)
		}
	}
}

func ExampleLoader() {
	loader := &Loader{Dataset: Shapes{N: 100, Size: 16}, Batch: 32, Shuffle: true, Seed: 1,
		Transforms: []Transform{RandomCrop{Pad: 2}, Flip{}}, Normalise: Normalise{Mean: []float64{0.5}, Std: []float64{0.25}}}
	stream := loader.OpenEpoch(context.Background(), 0)
	defer stream.Close()
	for {
		batch, err := stream.Next()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.Step, batch.N, batch.H, batch.W, batch.C)
		stream.Release(batch)
	}
	// Output:
	// 0 32 16 16 3
	// 1 32 16 16 3
	// 2 32 16 16 3
	// 3 4 16 16 3
	// EOF
}
