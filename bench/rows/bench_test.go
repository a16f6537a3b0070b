package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
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

// scan is as fast a scanner as we can write: it reads the file once and finds every line and field, and nothing else.
func scan(path string) (fields int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 256<<10)
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

// BenchmarkAudit measures whole audits with all metrics and a thousand bootstrap replicates, and beside them, in turns, a
// scan of the CSV for its fields alone.
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
		start := time.Now()
		if fields, err := scan(filepath.Join(dir, "rows.csv")); err != nil || int64(fields) != 6*(n+1) {
			b.Fatal(fmt.Errorf("%d fields: %w", fields, err))
		}
		keep("scan", time.Since(start))
		keep("csv", run("rows.csv"))
		keep("parquet", run("rows.parquet"))
	}
	for name, d := range best {
		b.ReportMetric(d.Seconds(), "best-"+name+"-s")
	}
	b.ReportMetric(best["csv"].Seconds()/best["scan"].Seconds(), "csv/scan")
}
