package cpu

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// Config is how a backend works. The zero value is the default.
type Config struct {
	// Threads is how many threads compute; 0 means GOMAXPROCS. Results do not depend on it.
	Threads int
	// ISA is the level of vector instructions to use: "portable", "avx2" or "avx512"; empty means the best that the
	// processor has.
	ISA string
	// Precision is what becomes of the operands of convolutions and matrix products of float32: "float32", which is what
	// empty means; "bf16", which rounds them to bfloat16 and sums their products in float32; or "auto", which does so for
	// the shapes that it makes faster. Where the processor has no products of bfloat16 both are float32: see
	// [Config.PrecisionNotice]. With ISA "portable" plain loops round, as a reference.
	Precision string
	// Memory is the most bytes that buffers and intermediate values may take at once; 0 means no limit.
	Memory int64
	// Disable names graph passes that do not run; "all" is every pass.
	Disable []string
	// Profile measures the time of every step, for Executable.Explain.
	Profile bool
}

// configKeys are the keys of a configuration string and what they take.
var configKeys = map[string]struct {
	help string
	set  func(c *Config, value string) error
}{
	"threads":   {"a number of threads, 1 or more", setThreads},
	"isa":       {"portable, avx2 or avx512", setISA},
	"precision": {"float32, bf16 or auto", setPrecision},
	"memory":    {"a number of bytes, with an optional unit K, M, G, KiB, MiB or GiB", setMemory},
	"disable":   {"names of passes joined by +, or all", setDisable},
	"profile":   {"0 or 1", setProfile},
}

// ParseConfig reads a configuration: key=value pairs joined by commas, such as
// "threads=2,isa=avx2,precision=bf16,memory=2GiB,disable=fuse+cse,profile=1". The keys are those of [Config], in lower case; units
// of memory are powers of 1024. An empty string is the default configuration.
func ParseConfig(s string) (Config, error) {
	var c Config
	seen := make(map[string]bool)
	for pair := range strings.SplitSeq(s, ",") {
		pair = strings.TrimSpace(pair)
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		k, known := configKeys[key]
		if !known {
			return Config{}, errors.Errorf("cpu: unknown configuration key %q; the keys are %s", key,
				strings.Join(slices.Sorted(maps.Keys(configKeys)), ", "))
		}
		if seen[key] {
			return Config{}, errors.Errorf("cpu: configuration key %s is given twice", key)
		}
		seen[key] = true
		if err := k.set(&c, value); err != nil {
			return Config{}, errors.Errorf("cpu: %s=%s: %v; it takes %s", key, value, err, k.help)
		}
	}
	return c, nil
}

// String is the configuration as ParseConfig reads it, without what is left at its default.
func (c Config) String() string {
	var pairs []string
	if c.Threads != 0 {
		pairs = append(pairs, fmt.Sprintf("threads=%d", c.Threads))
	}
	if c.ISA != "" {
		pairs = append(pairs, "isa="+c.ISA)
	}
	if c.Precision != "" {
		pairs = append(pairs, "precision="+c.Precision)
	}
	if c.Memory != 0 {
		pairs = append(pairs, fmt.Sprintf("memory=%d", c.Memory))
	}
	if len(c.Disable) > 0 {
		pairs = append(pairs, "disable="+strings.Join(c.Disable, "+"))
	}
	if c.Profile {
		pairs = append(pairs, "profile=1")
	}
	return strings.Join(pairs, ",")
}

// maxThreads bounds threads=: beyond it a value is a mistake.
const maxThreads = 4096

func setThreads(c *Config, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > maxThreads {
		return fmt.Errorf("not a number from 1 to %d", maxThreads)
	}
	c.Threads = n
	return nil
}

func setISA(c *Config, value string) error {
	level, err := isa.Parse(value)
	if err != nil {
		return errors.New("no such level")
	}
	if !level.Supported() {
		return fmt.Errorf("not supported here, the best is %v", isa.Best())
	}
	c.ISA = value
	return nil
}

func setPrecision(c *Config, value string) error {
	if _, err := isa.ParsePrecision(value); err != nil || value == "" {
		return errors.New("no such precision")
	}
	c.Precision = value
	return nil
}

var memoryUnits = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"", 1}}

func setMemory(c *Config, value string) error {
	for _, u := range memoryUnits {
		digits, ok := strings.CutSuffix(value, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 1 || n > (1<<62)/u.bytes {
			return errors.New("not an amount of memory")
		}
		c.Memory = n * u.bytes
		return nil
	}
	return errors.New("not an amount of memory")
}

func setDisable(c *Config, value string) error {
	known := passNames()
	for name := range strings.SplitSeq(value, "+") {
		if !slices.Contains(known, name) {
			return fmt.Errorf("no pass %q; the passes are %s", name, strings.Join(known, ", "))
		}
		c.Disable = append(c.Disable, name)
	}
	return nil
}

func setProfile(c *Config, value string) error {
	switch value {
	case "0", "1":
		c.Profile = value == "1"
		return nil
	}
	return errors.New("not 0 or 1")
}

// check verifies a configuration that may not come from ParseConfig, and returns its level.
func (c Config) check() (isa.Level, error) {
	if c.Threads < 0 || c.Threads > maxThreads {
		return 0, errors.Errorf("cpu: %d threads, want 0 to %d", c.Threads, maxThreads)
	}
	if c.Memory < 0 {
		return 0, errors.Errorf("cpu: a memory limit of %d bytes", c.Memory)
	}
	var fresh Config
	if len(c.Disable) > 0 {
		if err := setDisable(&fresh, strings.Join(c.Disable, "+")); err != nil {
			return 0, errors.Errorf("cpu: disable: %v", err)
		}
	}
	if c.Precision != "" {
		if err := setPrecision(&fresh, c.Precision); err != nil {
			return 0, errors.Errorf("cpu: precision=%s: %v", c.Precision, err)
		}
	}
	if c.ISA == "" {
		return isa.Best(), nil
	}
	if err := setISA(&fresh, c.ISA); err != nil {
		return 0, errors.Errorf("cpu: isa=%s: %v", c.ISA, err)
	}
	return isa.Parse(c.ISA)
}

func (c Config) threads() int {
	if c.Threads > 0 {
		return c.Threads
	}
	return runtime.GOMAXPROCS(0)
}
