package amx

import (
	"sync"

	"github.com/klauspost/cpuid/v2"
)

// needs lists what the processor must have, in the words of its maker.
var needs = []cpuid.FeatureID{cpuid.OSXSAVE, cpuid.AMXTILE, cpuid.AMXBF16}

// tileState is the two bits of XCR0 for the tiles' configuration and their data.
const tileState = 1<<17 | 1<<18

// Missing says what keeps tiles from running here: "assembly (this build has none)", the names of processor features,
// or what the operating system refuses. It is empty exactly where Tiles works. The first call asks the operating
// system for tiles on behalf of the process, if nothing else is missing; the answer stays.
func Missing() []string { return missing() }

var missing = sync.OnceValue(func() []string {
	if !assembly {
		return []string{"assembly (this build has none)"}
	}
	var names []string
	for _, f := range needs {
		if !cpuid.CPU.Supports(f) {
			names = append(names, f.String())
		}
	}
	if len(names) > 0 {
		return names
	}
	if enabledState()&tileState != tileState {
		return []string{"tile state (the operating system does not keep it)"}
	}
	if err := request(); err != nil {
		return []string{err.Error()}
	}
	return nil
})
