//go:build !amd64 || noasm

package amx

// assembly says whether this build has the kernels.
const assembly = false

// panelsTiles stands in the place of the kernel that this build does not have; Tiles keeps it from being called.
func panelsTiles(int, int, int, int, *uint16, int, *uint16, int, *float32, int, bool) {
	panic("amx: this build has no assembly")
}

func limit(int) { panic("amx: this build has no assembly") }

func enabledState() uint32 { return 0 }
