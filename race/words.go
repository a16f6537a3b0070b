package race

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Duration writes seconds with three digits or so: 9.43s, 2m54s, 13h7m.
func Duration(seconds float64) string {
	switch {
	case seconds < 0.9995:
		return strconv.FormatFloat(seconds*1000, 'g', 3, 64) + "ms"
	case seconds < 59.95:
		return strconv.FormatFloat(seconds, 'g', 3, 64) + "s"
	case seconds < math.MaxInt64/1e9:
		return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
	default:
		return fmt.Sprintf("%.3gh", seconds/3600)
	}
}

// Dollars writes an amount of USD, cents and what is smaller with three digits.
func Dollars(v float64) string {
	if v >= 1 {
		return fmt.Sprintf("$%.2f", v)
	}
	return "$" + strconv.FormatFloat(v, 'g', 3, 64)
}

// FLOPs writes a number of operations with a prefix: 0.29 PFLOP is 290 TFLOP.
func FLOPs(n float64) string {
	prefixes := []string{"", "k", "M", "G", "T", "P", "E"}
	i := 0
	for n >= 999.5 && i+1 < len(prefixes) {
		n, i = n/1000, i+1
	}
	return fmt.Sprintf("%.3g %sFLOP", n, prefixes[i])
}
