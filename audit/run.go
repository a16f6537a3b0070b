package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/atelier-go/atelier/audit/table"
)

// Run reads the rows and audits them.
func Run(options Options) (*Audit, error) {
	o := options.withDefaults()
	a, err := o.run()
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return a, nil
}

func (o *Options) run() (*Audit, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	spec, err := o.plan()
	if err != nil {
		return nil, err
	}
	counts, err := o.read(spec)
	if err != nil {
		return nil, err
	}
	a, err := o.examine(counts)
	if err != nil && o.Path != "" {
		err = fmt.Errorf("%s: %w", o.Path, err)
	}
	return a, err
}

// examine audits what was counted.
func (o *Options) examine(counts *table.Counts) (*Audit, error) {
	if counts.Rows == 0 {
		return nil, errors.New("there are no rows, only a header")
	}
	if len(counts.Crosses[0].Cells) == 0 {
		return nil, fmt.Errorf("of %d rows none meets %s", counts.Rows, strings.Join(o.Where, " and "))
	}
	groups := len(o.Groups)
	c, err := o.findClasses(counts.Values[groups], counts.Values[groups+1])
	if err != nil {
		return nil, err
	}
	f := &found{Options: o, classes: c.names, rates: rates(c.names), values: counts.Values[:groups], bins: counts.Bins[groups+1]}
	f.atoms = f.atomsOf(counts, c, o.Threshold, func(table.Cell) bool { return true })
	if f.all, f.sides = f.sort(f.atoms); f.all.tally.rows() == 0 {
		return nil, fmt.Errorf("of %d rows none has both a label and a prediction", counts.Rows)
	}
	a := &Audit{Settings: o.settings(), Classes: c.names, Overall: f.all.shown, Groups: shown(f.sides)}
	if a.Source, err = o.source(counts, f.all.tally.rows()); err != nil {
		return nil, err
	}
	if a.Gaps, a.Criteria, err = f.compare(); err != nil {
		return nil, err
	}
	if o.Score != "" {
		a.Calibration, a.AUC = f.calibration(), f.areas()
	}
	if len(c.names) == 2 {
		a.Impossibility = f.impossibility()
	}
	a.Baselines = f.baselines(counts, c)
	a.Sensitivity = f.sensitivity(counts, c)
	a.Missing = f.missing()
	a.Notes = f.notes(a, counts)
	return a, nil
}

// read counts the rows of wherever they are.
func (o *Options) read(spec table.Spec) (counts *table.Counts, err error) {
	switch {
	case o.Rows != nil:
		counts, err = table.Rows(o.Header, o.Rows, spec)
	case strings.HasSuffix(strings.ToLower(o.Path), ".parquet"):
		counts, err = table.ParquetFile(o.Path, spec)
	default:
		counts, err = table.CSVFile(o.Path, spec)
	}
	if file := (*fs.PathError)(nil); err != nil && !errors.As(err, &file) {
		err = errors.Unwrap(err) // which is about the rows: nobody need know who counts them
	}
	return counts, err
}

// untilEnded reads until the audit's context ends.
type untilEnded struct {
	io.Reader
	o *Options
}

func (r untilEnded) Read(b []byte) (int, error) {
	if err := r.o.ended(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}

func (o *Options) settings() Settings {
	return Settings{
		Label: o.Label, Prediction: o.Prediction, Score: o.Score, Weight: o.Weight, Threshold: o.Threshold,
		Groups: o.Groups, Crossings: o.Crossings, Where: o.Where, Confidence: o.Confidence, MinN: o.MinN,
		Replicates: o.Replicates, Seed: o.Seed,
	}
}

func (o *Options) source(counts *table.Counts, measured int64) (Source, error) {
	s := Source{Name: o.Name, Rows: counts.Rows, Measured: measured, Columns: counts.Columns}
	if o.Path == "" {
		return s, nil
	}
	if s.Name == "" {
		s.Name = filepath.Base(o.Path)
	}
	file, err := os.Open(o.Path)
	if err != nil {
		return s, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return s, err
	}
	s.Bytes = info.Size()
	if o.Hash {
		h := sha256.New()
		if _, err := io.Copy(h, untilEnded{file, o}); err != nil {
			return s, err
		}
		s.SHA256 = hex.EncodeToString(h.Sum(nil))
	}
	return s, nil
}
