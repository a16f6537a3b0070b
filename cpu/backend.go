package cpu

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/exec"
	"github.com/atelier-go/atelier/cpu/internal/isa"
	"github.com/atelier-go/atelier/cpu/internal/par"
)

// Name is the backend's name in GoMLX's registry.
const Name = "cpu"

func init() {
	compute.Register(Name, func(config string) (compute.Backend, error) {
		c, err := ParseConfig(config)
		if err != nil {
			return nil, err
		}
		return New(c)
	})
	makeDefault()
}

// makeDefault makes this backend GoMLX's default if nothing else was asked for: not by the environment, not by a
// program that set another default, and not by linking XLA, which is GoMLX's own default wherever it is registered.
func makeDefault() {
	if _, chosen := os.LookupEnv(compute.ConfigEnvVar); chosen {
		return
	}
	if compute.DefaultConfig == "" || compute.DefaultConfig == "xla" && !linksXLA() {
		compute.DefaultConfig = Name
	}
}

// linksXLA reports whether XLA's backend is part of the program. It may register itself only after this package's
// initialisation, so that the registry alone does not tell.
func linksXLA() bool {
	if slices.Contains(compute.List(), "xla") {
		return true
	}
	info, ok := debug.ReadBuildInfo()
	return ok && slices.ContainsFunc(info.Deps, func(m *debug.Module) bool { return m.Path == "github.com/gomlx/go-xla" })
}

// Backend is a GoMLX backend. Make one with [New] or through compute.New.
type Backend struct {
	config    Config
	level     isa.Level
	pool      *par.Pool
	memory    *exec.Memory
	env       exec.Env
	recycler  recycler
	finalized atomic.Bool

	mu     sync.Mutex
	recent []weak.Pointer[Executable] // the last ones compiled, oldest first
}

var _ compute.Backend = (*Backend)(nil)

// New returns a backend.
func New(c Config) (*Backend, error) {
	level, err := c.check()
	if err != nil {
		return nil, err
	}
	c.Disable = slices.Clone(c.Disable)
	b := &Backend{config: c, level: level, pool: par.New(c.threads()), memory: exec.NewMemory(c.Memory)}
	b.env = exec.Env{
		Pool:      b.pool,
		ISA:       level,
		Precision: c.precision(level),
		Memory:    b.memory,
		Arenas:    exec.NewArenas(b.memory),
		Disable:   make(map[string]bool),
		Profile:   c.Profile,
	}
	for _, name := range c.Disable {
		b.env.Disable[name] = true
	}
	// Workers and arenas do not refer to the backend: one that nobody refers to is collected, and ends them.
	runtime.AddCleanup(b, (*par.Pool).Close, b.pool)
	runtime.AddCleanup(b, (*exec.Arenas).Close, b.env.Arenas)
	return b, nil
}

// Name returns "cpu".
func (b *Backend) Name() string { return Name }

// String returns "cpu".
func (b *Backend) String() string { return Name }

// Description says which instructions and how many threads the backend uses.
func (b *Backend) Description() string {
	return fmt.Sprintf("Atelier's CPU backend (%v, %d threads)", b.level, b.pool.Threads())
}

// NumDevices is 1: all threads work as one device.
func (b *Backend) NumDevices() int { return 1 }

// DeviceDescription describes device 0.
func (b *Backend) DeviceDescription(device compute.DeviceNum) string {
	if err := checkDevice(device); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s/%s, %v, %d threads", runtime.GOOS, runtime.GOARCH, b.level, b.pool.Threads())
}

// Config is what the backend was made with.
func (b *Backend) Config() Config {
	c := b.config
	c.Disable = slices.Clone(c.Disable)
	return c
}

// MemoryInUse is how many bytes buffers and intermediate values hold, and the most they ever held at once.
func (b *Backend) MemoryInUse() (now, peak int64) { return b.memory.InUse(), b.memory.Peak() }

// Builder starts a new computation.
func (b *Backend) Builder(name string) compute.Builder { return newBuilder(b, name) }

// BufferFromFlatData copies a slice of the shape's Go type, as long as the shape, to a new buffer.
func (b *Backend) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	data, err := bytesOfFlat(flat, shape)
	if err != nil {
		return nil, err
	}
	buf, err := b.newBuffer(device, shape)
	if err != nil {
		return nil, err
	}
	copy(buf.data, data)
	return buf, nil
}

// HasSharedBuffers returns true: buffers are ordinary memory.
func (b *Backend) HasSharedBuffers() bool { return true }

// NewSharedBuffer returns a zeroed buffer and its memory as a slice of the shape's Go type.
func (b *Backend) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	buf, err := b.newBuffer(device, shape)
	if err != nil {
		return nil, nil, err
	}
	buf.seen = true
	return buf, buf.flat(buf.data), nil
}

// Finalize ends the workers and frees the intermediate memory. Buffers of the backend must not be used afterwards.
func (b *Backend) Finalize() {
	if b.finalized.Swap(true) {
		return
	}
	b.pool.Close()
	b.env.Arenas.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.recent = nil
}

// IsFinalized reports whether Finalize was called.
func (b *Backend) IsFinalized() bool { return b.finalized.Load() }

func (b *Backend) check() error {
	if b.finalized.Load() {
		return errors.New("cpu: the backend is finalized")
	}
	return nil
}

func checkDevice(device compute.DeviceNum) error {
	if device != 0 {
		return errors.Errorf("cpu: device %d does not exist, there is only device 0", device)
	}
	return nil
}

// explained is how many executables Explanations remembers.
const explained = 16

func (b *Backend) remember(e *Executable) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.recent) == explained {
		b.recent = slices.Delete(b.recent, 0, 1)
	}
	b.recent = append(b.recent, weak.Make(e))
}

// Explanations returns the plans of the last executables that were compiled and are still in use, oldest first; see
// [Executable.Explain].
func (b *Backend) Explanations() []string {
	b.mu.Lock()
	recent := slices.Clone(b.recent)
	b.mu.Unlock()
	var plans []string
	for _, p := range recent {
		if e := p.Value(); e != nil {
			plans = append(plans, e.Explain())
		}
	}
	return plans
}

func (b *Backend) forget(e *Executable) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.recent = slices.DeleteFunc(b.recent, func(p weak.Pointer[Executable]) bool {
		r := p.Value()
		return r == nil || r == e
	})
}
