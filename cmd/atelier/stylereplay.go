package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
)

// beyondRecord are the flags that may be given with --replay: they do not change the pixels.
var beyondRecord = []string{"replay", "out", "force", "resume", "bits", "quality", "trace", "plot", "preview-every", "serve", "max-pixels",
	"net-weights", "threads", "isa", "backend-config"}

// runReplay paints again what a painting is.
func (f *styleFlags) runReplay(cmd *cobra.Command, args []string) error {
	var foreign []string
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if !slices.Contains(beyondRecord, flag.Name) {
			foreign = append(foreign, "--"+flag.Name)
		}
	})
	if len(foreign) > 0 {
		return usagef("style: --replay takes the settings of the painting, so that %s cannot be given", strings.Join(foreign, ", "))
	}
	record, err := readRecord(f.replay)
	if err != nil {
		return err
	}
	j, err := f.fromRecord(record, args)
	if err != nil {
		return err
	}
	if err := f.checkOut(j); err != nil {
		return err
	}
	s, err := f.openStudio(cmd.OutOrStdout(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer s.close()
	if err := checkSource(record.Network, f.net+f.netFile, s.network.Hash); err != nil {
		return err
	}
	s.expected = &record
	if err := s.paint(cmd.Context(), j); err != nil {
		return err
	}
	return s.compare(j, record)
}

func readRecord(path string) (style.Record, error) {
	m, err := imageio.ReadMetadata(path)
	if errors.Is(err, imageio.ErrFormat) {
		return style.Record{}, fmt.Errorf("%s %w", path, imageio.ErrFormat)
	}
	if err != nil {
		return style.Record{}, err
	}
	r, err := style.ParseRecord(m.Text)
	if errors.Is(err, style.ErrNoRecord) {
		return r, fmt.Errorf("%s does not say how it was painted: it is no painting of this program, or lost its metadata", path)
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// fromRecord sets the flags as they were, and finds the pictures: those of the command line in place of the record's.
func (f *styleFlags) fromRecord(r style.Record, args []string) (job, error) {
	f.options = r.Again()
	f.pooling = r.Pooling
	f.precision = r.Precision
	want := len(r.Styles)
	if r.Content != nil {
		want++
	}
	if len(args) != 0 && len(args) != want {
		return job{}, usagef("style: %s is made of %d pictures, and %d are given", f.replay, want, len(args))
	}
	if slices.Contains(args, "") {
		return job{}, usagef("style: a picture that is given has no name")
	}
	take := func(s style.Source) string {
		if len(args) == 0 {
			return f.find(s.Name)
		}
		name := args[0]
		args = args[1:]
		return name
	}
	j := job{out: f.out}
	if r.Content != nil {
		j.content = take(*r.Content)
	}
	for _, s := range r.Styles {
		j.styles = append(j.styles, take(s))
	}
	for i, m := range r.Masks {
		name := "-"
		if m != nil {
			if m.Name == name {
				return job{}, fmt.Errorf("%s: its record is damaged: mask %d is named %q, which stands for none", f.replay, i+1, m.Name)
			}
			name = f.find(m.Name)
		}
		f.masks = append(f.masks, name)
	}
	if r.Init != nil {
		f.init = f.find(r.Init.Name)
	}
	if f.netFile == "" {
		f.net = r.Network.Name
		if file := f.find(f.net); exists(file) {
			f.net, f.netFile = "", file
		}
	}
	f.asBefore()
	if j.out == "" {
		j.out = beside(filepath.Base(f.replay), "-again")
	}
	return j, nil
}

// asBefore takes the bits of the painting that is to be made again.
func (f *styleFlags) asBefore() {
	if info, err := imageio.Probe(f.replay); err == nil && f.bits == 0 {
		f.bits = info.Bits
	}
}

// find is where a file of the record is: where it was, or else beside the painting.
func (f *styleFlags) find(name string) string {
	if beside := filepath.Join(filepath.Dir(f.replay), filepath.Base(name)); !exists(name) && exists(beside) {
		return beside
	}
	return name
}

// checkSource wants a file to be what the record says.
func checkSource(s style.Source, name, hash string) error {
	if s.SHA256 == hash {
		return nil
	}
	return fmt.Errorf("%s is not what was painted with, %s: its SHA-256 is %s, that was %s", name, s.Name, hash, s.SHA256)
}

// check wants all pictures to be what the record says.
func (got sources) check(r style.Record) error {
	var problems []error
	if r.Content != nil {
		problems = append(problems, checkSource(*r.Content, got.content.name, got.content.hash))
	}
	for i, s := range r.Styles {
		problems = append(problems, checkSource(s, got.styles[i].name, got.styles[i].hash))
	}
	for i, s := range r.Masks {
		if s != nil {
			problems = append(problems, checkSource(*s, got.masks[i].name, got.masks[i].hash))
		}
	}
	if r.Init != nil && got.init != nil {
		problems = append(problems, checkSource(*r.Init, got.init.name, got.init.hash))
	}
	return errors.Join(problems...)
}

// compare says whether the painting is the same as before.
func (s *studio) compare(j job, r style.Record) error {
	limit := imageio.FloatOptions{MaxPixels: int(s.f.maxPixels)}
	before, _, err := imageio.ReadFloat(s.f.replay, limit)
	if err != nil {
		return err
	}
	again, _, err := imageio.ReadFloat(j.out, limit)
	if err != nil {
		return err
	}
	if before.Size() != again.Size() {
		return fmt.Errorf("%s is %s, and %s is %s", s.f.replay, before.Size(), j.out, again.Size())
	}
	different, most := 0, float32(0)
	for i, v := range before.RGB {
		if d := max(v-again.RGB[i], again.RGB[i]-v); d > 0 {
			different++
			most = max(most, d)
		}
	}
	switch here := s.f.machine(); {
	case different == 0:
		fmt.Fprintf(s.stdout, "the same as %s, to the bit\n", s.f.replay)
	case here != r.Machine:
		fmt.Fprintf(s.stdout, "differs from %s in %d of %d values, by at most %.2g of 1: that was painted on %s, this on %s\n",
			s.f.replay, different, len(before.RGB), most, r.Machine, here)
	default:
		fmt.Fprintf(s.stdout, "differs from %s in %d of %d values, by at most %.2g of 1\n", s.f.replay, different, len(before.RGB), most)
	}
	return nil
}
