package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/atelier-go/atelier/audit"
)

// files writes rows once, in the folder that ATELIER_ROWS names or a temporary one; ten million with ATELIER_ROWS.
func files(b *testing.B) (dir string, n int64) {
	b.Helper()
	dir, n = os.Getenv("ATELIER_ROWS"), 10_000_000
	if dir == "" {
		dir, n = b.TempDir(), 200_000
	}
	for name, write := range map[string]func(io.Writer, func(func(row) error) error) error{"rows.csv": writeCSV, "rows.parquet": writeParquet} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		err = write(f, func(yield func(row) error) error {
			r := rand.New(rand.NewPCG(1, 0))
			for i := range n {
				if err := yield(draw(r, i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return dir, n
}

// scan reads the file once, a part of it on each of so many threads, and finds every line and field, and nothing else.
func scan(path string, threads int) (fields int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	ends := make([]int64, threads+1)
	for i := range ends {
		if ends[i], err = lineFrom(f, info.Size()*int64(i)/int64(threads)); err != nil {
			return 0, err
		}
	}
	counts, errs := make([]int, threads), make([]error, threads)
	var group sync.WaitGroup
	for i := range threads {
		group.Go(func() { counts[i], errs[i] = scanPart(io.NewSectionReader(f, ends[i], ends[i+1]-ends[i])) })
	}
	group.Wait()
	for _, n := range counts {
		fields += n
	}
	return fields, errors.Join(errs...)
}

// lineFrom returns where the first line begins from there on.
func lineFrom(f *os.File, at int64) (int64, error) {
	if at == 0 {
		return 0, nil
	}
	line, err := bufio.NewReader(io.NewSectionReader(f, at-1, 1<<20)).ReadSlice('\n')
	if err == io.EOF {
		err = nil
	}
	return at - 1 + int64(len(line)), err
}

func scanPart(part io.Reader) (fields int, err error) {
	r := bufio.NewReaderSize(part, 256<<10)
	for {
		line, err := r.ReadSlice('\n')
		if err == io.EOF {
			return fields, nil
		} else if err != nil {
			return 0, err
		}
		for {
			i := bytes.IndexByte(line, ',')
			if i < 0 {
				break
			}
			fields++
			line = line[i+1:]
		}
		fields++
	}
}

// BenchmarkAudit measures whole audits with all metrics and a thousand bootstrap replicates, and beside them, in turns,
// scans of the CSV for its fields alone, on one thread and on two.
func BenchmarkAudit(b *testing.B) {
	dir, n := files(b)
	run := func(name string) time.Duration {
		start := time.Now()
		a, err := audit.Run(audit.Options{
			Path: filepath.Join(dir, name), Label: "label", Prediction: "pred", Groups: []string{"race", "sex"},
		})
		if err != nil {
			b.Fatal(err)
		}
		if a.Source.Measured != n || len(a.Groups) != 20 {
			b.Fatalf("%d rows, %d groups", a.Source.Measured, len(a.Groups))
		}
		return time.Since(start)
	}
	best := map[string]time.Duration{}
	keep := func(name string, d time.Duration) {
		if old, seen := best[name]; !seen || d < old {
			best[name] = d
		}
	}
	for b.Loop() {
		for threads, name := range []string{"scan", "scan-of-2-threads"} {
			start := time.Now()
			if fields, err := scan(filepath.Join(dir, "rows.csv"), threads+1); err != nil || int64(fields) != 6*(n+1) {
				b.Fatalf("%d fields: %v", fields, err)
			}
			keep(name, time.Since(start))
		}
		keep("csv", run("rows.csv"))
		keep("parquet", run("rows.parquet"))
	}
	for name, d := range best {
		b.ReportMetric(d.Seconds(), "best-"+name+"-s")
	}
	b.ReportMetric(best["csv"].Seconds()/best["scan"].Seconds(), "csv/scan")
	b.ReportMetric(best["csv"].Seconds()/best["scan-of-2-threads"].Seconds(), "csv/scan-of-2-threads")
}

// peer runs pandas and scikit-learn in a process of their own, which imports them before it looks at the clock.
func peer(b *testing.B, path string) (seconds, processor float64, rows int64) {
	b.Helper()
	out, err := exec.Command("/usr/bin/python3", "peer.py", path).Output()
	if err != nil {
		b.Skip("needs Debian's python3-pandas and python3-sklearn: ", err)
	}
	var result struct {
		Seconds, Processor float64
		Rows               int64
	}
	if err := json.Unmarshal(out, &result); err != nil {
		b.Fatal(err)
	}
	b.Logf("%s", out)
	return result.Seconds, result.Processor, result.Rows
}

// processor is how many seconds of processors this process has used.
func processor(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// BenchmarkPeer measures, in turns, whole audits of the CSV and cross-tabs with pandas and scikit-learn: how long both take,
// and how much of processors, which depends less on what else runs.
func BenchmarkPeer(b *testing.B) {
	dir, n := files(b)
	path := filepath.Join(dir, "rows.csv")
	var ratios, processorRatios []float64
	for b.Loop() {
		theirs, theirProcessor, rows := peer(b, path)
		start, used := time.Now(), processor(b)
		a, err := audit.Run(audit.Options{Path: path, Label: "label", Prediction: "pred", Groups: []string{"race", "sex"}})
		if err != nil || a.Source.Measured != n || rows != n {
			b.Fatalf("%d and %d rows, error %v", a.Source.Measured, rows, err)
		}
		ours, ourProcessor := time.Since(start).Seconds(), processor(b)-used
		b.Logf("audit %.3f s (%.3f s of processors), cross-tabs of the peer %.3f s (%.3f s)", ours, ourProcessor, theirs, theirProcessor)
		ratios, processorRatios = append(ratios, theirs/ours), append(processorRatios, theirProcessor/ourProcessor)
	}
	slices.Sort(ratios)
	slices.Sort(processorRatios)
	b.ReportMetric(ratios[0], "min-ratio")
	b.ReportMetric(ratios[len(ratios)/2], "median-ratio")
	b.ReportMetric(ratios[len(ratios)-1], "max-ratio")
	b.ReportMetric(processorRatios[len(ratios)/2], "median-processor-ratio")
}

// TestMemory audits rows in a process of its own, whose most memory does not grow with the file.
func TestMemory(t *testing.T) {
	if path := os.Getenv("ATELIER_AUDIT_ROWS"); path != "" {
		if _, err := audit.Run(audit.Options{Path: path, Label: "label", Prediction: "pred", Groups: []string{"race", "sex"}}); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("VmHWM %d\n", peakMemory(t))
		return
	}
	dir := os.Getenv("ATELIER_ROWS")
	if dir == "" {
		t.Skip("ATELIER_ROWS names no folder with rows.csv and rows.parquet")
	}
	for _, name := range []string{"rows.csv", "rows.parquet"} {
		cmd := exec.Command(os.Args[0], "-test.run=TestMemory")
		cmd.Env = append(os.Environ(), "ATELIER_AUDIT_ROWS="+filepath.Join(dir, name))
		out, err := cmd.CombinedOutput()
		var peak int64
		if _, scanErr := fmt.Sscanf(string(out), "VmHWM %d", &peak); err != nil || scanErr != nil {
			t.Fatalf("%v: %s", err, out)
		}
		t.Logf("%s: %d MiB", name, peak>>20)
		if peak > 200<<20 {
			t.Errorf("%s: %d MiB, want at most 200", name, peak>>20)
		}
	}
}

// peakMemory is the most resident memory that this process has had.
func peakMemory(t *testing.T) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
