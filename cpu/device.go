package cpu

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"github.com/atelier-go/atelier/cpu/internal/isa"
)

// Device describes the processor and what the backend does with it.
type Device struct {
	Processor string `json:"processor"` // as it names itself; the architecture where it does not
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	Cores     int    `json:"cores"`   // physical; 0 where unknown
	Logical   int    `json:"logical"` // hardware threads that this process may use
	Threads   int    `json:"threads"` // that the backend uses unless its configuration says otherwise
	Memory    int64  `json:"memory"`  // of the machine, in bytes; 0 where unknown
	// Sizes of the caches in bytes, of a core (L1D, L2) and as the processor reports it (L3); 0 where unknown.
	L1D int `json:"l1d"`
	L2  int `json:"l2"`
	L3  int `json:"l3"`
	// Features are those vector and matrix extensions of the processor that matter for kernels.
	Features []string `json:"features"`
	// Levels of kernels, lowest first.
	Levels []Level `json:"levels"`
	// Precisions of convolutions and matrix products.
	Precisions []Precision `json:"precisions"`
}

// Precision is what operands of convolutions and matrix products become.
type Precision struct {
	Name      string `json:"name"` // what precision= takes
	Available bool   `json:"available"`
	Reason    string `json:"reason"`
}

// Level is a set of kernels written for one set of instructions.
type Level struct {
	Name      string `json:"name"` // what isa= takes
	Available bool   `json:"available"`
	Chosen    bool   `json:"chosen"` // unless the configuration forces another
	Reason    string `json:"reason"`
}

// vectorFeatures are the extensions that Device.Features reports where present.
var vectorFeatures = []cpuid.FeatureID{
	cpuid.AVX, cpuid.F16C, cpuid.FMA3, cpuid.AVX2, cpuid.AVXVNNI,
	cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL, cpuid.AVX512VNNI, cpuid.AVX512BF16, cpuid.AVX512FP16,
	cpuid.AMXTILE, cpuid.AMXINT8, cpuid.AMXBF16,
	cpuid.ASIMD, cpuid.ASIMDHP, cpuid.SVE,
}

// Probe describes this machine.
func Probe() Device {
	c := cpuid.CPU
	d := Device{
		Processor:  strings.Join(strings.Fields(c.BrandName), " "),
		OS:         runtime.GOOS,
		Arch:       runtime.GOARCH,
		Cores:      c.PhysicalCores,
		Logical:    runtime.NumCPU(),
		Threads:    runtime.GOMAXPROCS(0),
		Memory:     physicalMemory(),
		L1D:        max(0, c.Cache.L1D),
		L2:         max(0, c.Cache.L2),
		L3:         max(0, c.Cache.L3),
		Features:   []string{},
		Levels:     levels(),
		Precisions: precisions(),
	}
	if d.Processor == "" {
		d.Processor = runtime.GOARCH
	}
	for _, f := range vectorFeatures {
		if c.Supports(f) {
			d.Features = append(d.Features, f.String())
		}
	}
	return d
}

func levels() []Level {
	var ls []Level
	for l := isa.Portable; l <= isa.AVX512; l++ {
		level := Level{Name: l.String(), Available: l.Supported(), Chosen: l == isa.Best()}
		switch {
		case !level.Available:
			level.Reason = "missing: " + strings.Join(l.Missing(), ", ")
		case level.Chosen:
			level.Reason = "the highest level that can run here"
		default:
			level.Reason = fmt.Sprintf("%s is higher", isa.Best())
		}
		ls = append(ls, level)
	}
	return ls
}
