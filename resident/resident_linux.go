package resident

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// Now is the memory that this process has resident, in bytes.
func Now() (int64, error) { return status("VmRSS:") }

// Peak is the most memory that this process has had resident, in bytes, as the kernel keeps it.
func Peak() (int64, error) { return status("VmHWM:") }

// status is an amount that the kernel tells of this process.
func status(name string) (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("resident: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name); ok {
			var kib int64
			if _, err := fmt.Sscanf(value, "%d kB", &kib); err != nil {
				return 0, fmt.Errorf("resident: /proc/self/status: %s is %q", name, value)
			}
			return kib << 10, nil
		}
	}
	if err := lines.Err(); err != nil {
		return 0, fmt.Errorf("resident: %w", err)
	}
	return 0, fmt.Errorf("resident: /proc/self/status has no %s", name)
}
