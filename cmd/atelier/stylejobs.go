package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/style"
)

// job is one painting: which pictures it is of, and where it goes.
type job struct {
	content string // empty where there is none
	styles  []string
	out     string
}

// extensions are those of the pictures that are taken from a folder.
var extensions = []string{".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}

// jobs makes paintings of the command line: a folder in the place of a picture stands for each of its pictures in turn.
func (f *styleFlags) jobs(args []string) ([]job, error) {
	content, styles, err := f.pictures(args)
	if err != nil {
		return nil, err
	}
	jobs := []job{{}}
	several := false
	branch := func(name string, put func(j *job, name string)) error {
		all, isFolder, err := expand(name)
		if err != nil {
			return err
		}
		several = several || isFolder
		var next []job
		for _, j := range jobs {
			for _, one := range all {
				copied := job{content: j.content, styles: slices.Clone(j.styles)}
				put(&copied, one)
				next = append(next, copied)
			}
		}
		jobs = next
		return nil
	}
	if content != "" {
		if err := branch(content, func(j *job, name string) { j.content = name }); err != nil {
			return nil, err
		}
	}
	styleFolder := false
	for _, s := range styles {
		styleFolder = styleFolder || isFolder(s)
		if err := branch(s, func(j *job, name string) { j.styles = append(j.styles, name) }); err != nil {
			return nil, err
		}
	}
	f.batch = several
	return jobs, f.name(jobs, styleFolder)
}

// pictures says what the arguments are in this mode; without any, pictures that are built in.
func (f *styleFlags) pictures(args []string) (content string, styles []string, err error) {
	content, styles = f.content, args
	if content == "" && f.options.Mode != style.Texture {
		content = drawnLandscape
		if len(args) > 0 {
			content, styles = args[0], args[1:]
		}
	}
	if f.options.Mode == style.ContentOnly {
		if len(styles) > 0 && f.options.Init != style.InitStyleStats {
			return "", nil, usagef("style: --mode content takes one picture, and there is %s too", styles[0])
		}
		return content, styles, nil
	}
	if len(styles) == 0 {
		styles = []string{drawnStrokes}
	}
	for _, c := range []struct {
		flag string
		n    int
		ok   bool
	}{
		{"--weights", len(f.weights), len(f.weights) == 0 || len(f.weights) == len(styles)},
		{"--mask", len(f.masks), len(f.masks) <= len(styles)},
	} {
		if !c.ok {
			return "", nil, usagef("style: %s has %d for %d style pictures", c.flag, c.n, len(styles))
		}
	}
	for _, w := range f.weights {
		f.options.Styles = append(f.options.Styles, style.StyleInput{Weight: w})
	}
	return content, styles, nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// expand is the pictures of a folder, or the picture itself.
func expand(name string) (all []string, folder bool, err error) {
	if !isFolder(name) {
		return []string{name}, false, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, true, err
	}
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && slices.Contains(extensions, strings.ToLower(filepath.Ext(e.Name()))) {
			all = append(all, filepath.Join(name, e.Name()))
		}
	}
	if len(all) == 0 {
		return nil, true, fmt.Errorf("folder %s has no pictures; those end in %s", name, strings.Join(extensions, ", "))
	}
	return all, true, nil
}

// name says where paintings go.
func (f *styleFlags) name(jobs []job, styleFolder bool) error {
	if f.batch && f.out == "" {
		return usagef("style: a folder of pictures needs a folder to go to: -o FOLDER")
	}
	if f.batch && !isFolder(f.out) && (exists(f.out) || slices.Contains(extensions, strings.ToLower(filepath.Ext(f.out)))) {
		return usagef("style: -o %s is one file, and there is a folder of pictures: name a folder for the paintings", f.out)
	}
	taken := map[string]*job{}
	for i := range jobs {
		j := &jobs[i]
		switch {
		case f.batch:
			j.out = filepath.Join(f.out, j.stem(styleFolder)+".png")
		case f.out == "":
			j.out = j.stem(true) + ".png"
		case isFolder(f.out):
			j.out = filepath.Join(f.out, j.stem(true)+".png")
		default:
			j.out = f.out
		}
		if other := taken[j.out]; other != nil {
			return fmt.Errorf("%s and %s would both become %s: rename one", other.source(), j.source(), j.out)
		}
		taken[j.out] = j
	}
	return nil
}

// stem is a name for a painting: its content's, and its style's.
func (j job) stem(withStyle bool) string {
	if j.content == drawnLandscape && len(j.styles) == 1 && j.styles[0] == drawnStrokes {
		return "painting"
	}
	var words []string
	if j.content != "" {
		words = append(words, stemOf(j.content))
	}
	if withStyle || j.content == "" {
		for _, s := range j.styles {
			words = append(words, stemOf(s))
		}
	}
	return strings.Join(words, "-")
}

func stemOf(name string) string {
	base := filepath.Base(strings.TrimPrefix(name, "built-in:"))
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// source is what a painting is made of, in words.
func (j job) source() string {
	if j.content == "" {
		return strings.Join(j.styles, " and ")
	}
	if len(j.styles) == 0 {
		return j.content
	}
	return j.content + " in the style of " + strings.Join(j.styles, " and ")
}

// state is the file that a painting goes on from.
func (j job) state() string { return j.out + ".state" }

// preview is the picture that shows the painting until it is done.
func (j job) preview() string { return beside(j.out, ".preview") }

// lossPlot is the picture that --plot draws.
func (j job) lossPlot() string { return strings.TrimSuffix(j.out, filepath.Ext(j.out)) + "-loss.png" }

// errThere says that a painting is there already.
var errThere = errors.New("is there already: paint over it by --force, or choose another name with -o")

// checkOut says, before anything is computed, what keeps a painting from being written. Where it is to be resumed, what an
// interruption left is replaced, a preview too.
func (f *styleFlags) checkOut(j job) error {
	if err := f.checkWrite(j.out); err != nil {
		return err
	}
	if err := f.checkInputs(j); err != nil {
		return err
	}
	interrupted := exists(j.state())
	switch info, err := os.Stat(j.out); {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder", j.out)
	case f.resume && interrupted:
		return nil
	case f.resume && !f.batch:
		return fmt.Errorf("there is nothing to resume: %s is missing", j.state())
	case interrupted && !f.force:
		return fmt.Errorf("%s was interrupted: go on by --resume, or begin anew by --force", j.out)
	case err == nil && !f.force:
		return fmt.Errorf("%s %w", j.out, errThere)
	case f.previewEvery > 0 && !f.force && exists(j.preview()):
		return fmt.Errorf("%s is there already, and previews would replace it: allow that by --force, choose another name with -o, "+
			"or leave them out by --preview-every 0", j.preview())
	case f.plot && !f.force && exists(j.lossPlot()):
		return fmt.Errorf("%s is there already: draw over it by --force, or choose another name with -o", j.lossPlot())
	}
	folder, err := os.Stat(filepath.Dir(j.out))
	if errors.Is(err, fs.ErrNotExist) && f.batch {
		return os.MkdirAll(filepath.Dir(j.out), 0o777)
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && !folder.IsDir() {
		return fmt.Errorf("there is no folder %s for %s", filepath.Dir(j.out), filepath.Base(j.out))
	}
	return err
}

// checkInputs wants what is written to be no file that is read, and the files that are written to be different ones.
func (f *styleFlags) checkInputs(j job) error {
	inputs := slices.Concat([]string{j.content}, j.styles, f.masks, []string{f.init, f.netFile, f.replay})
	for _, in := range inputs {
		switch {
		case in == "":
		case same(in, j.out):
			return fmt.Errorf("%s is both what is painted and where it goes: choose another name with -o", j.out)
		case f.plot && same(in, j.lossPlot()):
			return fmt.Errorf("%s is read, and --plot would draw over it: choose another name with -o", in)
		case f.previewEvery > 0 && same(in, j.preview()):
			return fmt.Errorf("%s is read, and previews would replace it: choose another name with -o, "+
				"or leave them out by --preview-every 0", in)
		case f.trace != "" && same(in, f.trace):
			return fmt.Errorf("%s is read, and --trace would write over it: choose another name", in)
		}
	}
	for _, out := range []string{j.out, j.preview(), j.lossPlot(), j.state()} {
		if f.trace != "" && filepath.Clean(out) == filepath.Clean(f.trace) {
			return fmt.Errorf("%s is where the painting writes, and --trace too: choose another name", f.trace)
		}
	}
	return nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// same tells whether two names are of one file that exists.
func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
