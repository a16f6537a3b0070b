package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// Job is one thing to measure.
type Job struct {
	// Name is family=size, then what else there is to choose: for single convolutions the layer and the direction, as in
	// "vggconv=256/conv3_2/forward", for paintings the optimizer.
	Name string
	// FLOPs is the work of one step, counted as direct convolution.
	FLOPs float64
	// Pictures is how many pictures a step trains on, 0 for other jobs.
	Pictures int
	// Heavy jobs run in a process of their own, and their peak memory is reported.
	Heavy bool
	// Quick jobs are those measured when none is asked for.
	Quick bool

	build func(b compute.Backend) (program, error)
}

// program is a compiled job with its inputs on the backend.
type program interface {
	// step runs the job once and waits for the result.
	step() error
	// close frees what the program holds.
	close()
}

// tracer is a program whose step lowers a loss, iteration by iteration.
type tracer interface {
	// losses are those on the way of the last step.
	losses() []float64
}

// family makes the jobs of one kind and size.
type family struct {
	name  string
	sizes []int // those that a full run measures
	unit  string
	max   int
	jobs  func(size int) []Job
}

var families = []family{
	{"gemm", []int{256, 512, 1024, 2048}, "rows of the square matrices", 1 << 14, gemmJobs},
	{"vggconv", []int{256, 512}, "pixels of the side of VGG-19's picture", 1 << 13, vggconvJobs},
	{"style", []int{128, 256, 512, 1024, 2048}, "pixels of the picture's side", 1 << 13, styleJobs},
	{"resnet18", []int{128}, "pictures in the batch", 1 << 13, resnetJobs},
	{"trainloop", []int{128}, "pictures in the batch", loopPictures, trainloopJobs},
	{"paint", []int{512}, "pixels of the painting's long side", 1 << 13, paintJobs},
}

// All lists the jobs of a full run.
func All() []Job {
	var all []Job
	for _, f := range families {
		for _, size := range f.sizes {
			all = append(all, f.jobs(size)...)
		}
	}
	return all
}

// Quick lists the jobs that show the most in the least time.
func Quick() []Job {
	var quick []Job
	for _, j := range All() {
		if j.Quick {
			quick = append(quick, j)
		}
	}
	return quick
}

// Families describes what can be asked for, one line per family, for help texts.
func Families() string {
	var b strings.Builder
	for _, f := range families {
		fmt.Fprintf(&b, "  %-10s %s: %s\n", f.name, f.unit, strings.Trim(fmt.Sprint(f.sizes), "[]"))
	}
	return b.String()
}

// Select finds jobs by name. A filter is a family ("gemm": its usual sizes), a family and any size ("style=300"), or
// the beginning of a name up to a slash ("vggconv=256/conv3_2"). Jobs come in the order of the filters, each once.
func Select(filters ...string) ([]Job, error) {
	var selected []Job
	seen := map[string]bool{}
	for _, filter := range filters {
		jobs, err := selectOne(filter)
		if err != nil {
			return nil, err
		}
		for _, j := range jobs {
			if !seen[j.Name] {
				seen[j.Name] = true
				selected = append(selected, j)
			}
		}
	}
	return selected, nil
}

func selectOne(filter string) ([]Job, error) {
	name, rest, sized := strings.Cut(filter, "=")
	f, err := findFamily(name)
	if err != nil {
		return nil, err
	}
	if !sized {
		var jobs []Job
		for _, size := range f.sizes {
			jobs = append(jobs, f.jobs(size)...)
		}
		return jobs, nil
	}
	digits, _, _ := strings.Cut(rest, "/")
	size, err := strconv.Atoi(digits)
	if err != nil || size < 1 || size > f.max {
		return nil, fmt.Errorf("job %q: %q is not a size from 1 to %d (%s)", filter, digits, f.max, f.unit)
	}
	var jobs []Job
	for _, j := range f.jobs(size) {
		if j.Name == filter || strings.HasPrefix(j.Name, filter+"/") {
			jobs = append(jobs, j)
		}
	}
	if len(jobs) == 0 {
		return nil, fmt.Errorf("job %q: there is no such job; one is %s", filter, f.jobs(f.sizes[0])[0].Name)
	}
	return jobs, nil
}

func findFamily(name string) (family, error) {
	var names []string
	for _, f := range families {
		if f.name == name {
			return f, nil
		}
		names = append(names, f.name)
	}
	return family{}, fmt.Errorf("job %q: want one of %s", name, strings.Join(names, ", "))
}

// normals returns a float32 tensor of independent normal values with mean 0, living on the backend where it can.
// Equal seeds give equal values.
func normals(b compute.Backend, seed uint64, deviation float64, dims ...int) (*tensors.Tensor, error) {
	t, err := tensors.FromShapeForBackend(b, 0, shapes.Make(dtypes.Float32, dims...))
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, 0x6174656c696572))
	err = tensors.MutableFlatData(t, func(flat []float32) {
		for i := range flat {
			flat[i] = float32(deviation * rng.NormFloat64())
		}
	})
	return t, err
}

// heDeviation is the standard deviation of He et al. (2015) for weights followed by a relu.
func heDeviation(fanIn int) float64 { return math.Sqrt(2 / float64(fanIn)) }
