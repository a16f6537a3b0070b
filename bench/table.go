package bench

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteTable prints the report for people: columns aligned, one job per line.
func (r *Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d cores, %s/%s; %s\n", r.Machine.CPU, r.Machine.Cores, r.Machine.OS, r.Machine.Arch, r.Version)
	fmt.Fprintf(&b, "backend %s: %d threads, %s kernels\n", r.Backend, r.Threads, r.Machine.ISA)
	products := ""
	if r.Peak.BF16Gflops > 0 {
		products = fmt.Sprintf(", of bfloat16 %.0f", r.Peak.BF16Gflops)
	}
	fmt.Fprintf(&b, "peak: FMA %.0f%s GFLOP/s; memory read %.1f, write %.1f, copy %.1f, triad %.1f GB/s\n",
		r.Peak.FMAGflops, products, r.Peak.ReadGBs, r.Peak.WriteGBs, r.Peak.CopyGBs, r.Peak.TriadGBs)
	if r.Peer != "" {
		fmt.Fprintf(&b, "peer %s; ratio is our time over the peer's, median of pairs (min to max)\n", r.Peer)
	}
	b.WriteByte('\n')
	rows := [][]string{{"job", "n", "median", "min", "spread", "GFLOP/s", "of peak"}}
	rounds := r.Peak.BF16Gflops > 0
	if rounds {
		rows[0] = append(rows[0], "of bf16")
	}
	rows[0] = append(rows[0], "memory")
	if r.trains() {
		rows[0] = append(rows[0], "pictures/s")
	}
	if r.Peer != "" {
		rows[0] = append(rows[0], "peer", "ratio", "", "peer memory", "peer layout")
	}
	for _, result := range r.Results {
		rows = append(rows, result.row(rounds, r.trains()))
	}
	align(&b, rows)
	for _, result := range r.Results {
		if result.Error != "" {
			fmt.Fprintf(&b, "\n%s failed: %s\n", result.Job, result.Error)
		}
	}
	for _, result := range r.Results {
		if result.Plan != "" {
			fmt.Fprintf(&b, "\nplan of %s\n%s\n", result.Job, result.Plan)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// trains tells whether a job of the report trains on pictures.
func (r *Report) trains() bool {
	for _, result := range r.Results {
		if result.PicturesPerSecond > 0 {
			return true
		}
	}
	return false
}

// row is the result's line, cell by cell; rounds adds the cell for the share of bfloat16's peak, pictures that for jobs
// that train.
func (r *Result) row(rounds, pictures bool) []string {
	switch {
	case r.Error != "":
		return []string{r.Job, "", "failed"}
	case r.Skipped != "":
		return []string{r.Job, "", "skipped"}
	}
	cells := []string{
		r.Job, fmt.Sprint(r.Seconds.N), duration(r.Seconds.Median), duration(r.Seconds.Min),
		fmt.Sprintf("%.0f%%", 100*r.Seconds.Spread), fmt.Sprintf("%.1f", r.GFLOPS),
		fmt.Sprintf("%.0f%%", 100*r.OfPeak),
	}
	if rounds {
		cells = append(cells, fmt.Sprintf("%.0f%%", 100*r.OfBF16Peak))
	}
	cells = append(cells, memory(r.PeakMemory))
	switch {
	case pictures && r.PicturesPerSecond > 0:
		cells = append(cells, fmt.Sprintf("%.0f", r.PicturesPerSecond))
	case pictures:
		cells = append(cells, "")
	}
	if r.Peer != nil {
		cells = append(cells, duration(r.Peer.Seconds.Median), fmt.Sprintf("%.2f", r.Peer.Ratio.Median),
			fmt.Sprintf("(%.2f to %.2f)", r.Peer.Ratio.Min, r.Peer.Ratio.Max), memory(r.Peer.PeakMemory), r.Peer.Layout)
	}
	return cells
}

// align writes rows as columns two spaces apart, the first flush left, the others flush right.
func align(b *strings.Builder, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		line := fmt.Sprintf("%-*s", widths[0], row[0])
		for i, cell := range row[1:] {
			line += fmt.Sprintf("  %*s", widths[i+1], cell)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// progress is the result in a few words.
func (r *Result) progress() string {
	switch {
	case r.Error != "":
		return fmt.Sprintf("%s failed: %s", r.Job, r.Error)
	case r.Skipped != "":
		return fmt.Sprintf("%s skipped: %s", r.Job, r.Skipped)
	case r.Peer != nil:
		return fmt.Sprintf("%s %s, peer %s", r.Job, duration(r.Seconds.Median), duration(r.Peer.Seconds.Median))
	}
	return fmt.Sprintf("%s %s", r.Job, duration(r.Seconds.Median))
}

// duration prints seconds with three digits in the unit that fits.
func duration(seconds float64) string {
	switch {
	case seconds >= 1:
		return fmt.Sprintf("%.3g s", seconds)
	case seconds >= 1e-3:
		return fmt.Sprintf("%.3g ms", seconds*1e3)
	}
	return fmt.Sprintf("%.3g µs", seconds*1e6)
}

// memory prints a number of bytes, "" for none.
func memory(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20))
}
