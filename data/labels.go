package data

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// classify finds the classes of pictures by where they are. names are sorted.
func classify(names []string, layout Layout) (labels []int, classes []string, err error) {
	of := make([]string, len(names))
	for i, name := range names {
		switch layout {
		case ByFile:
			of[i] = strings.TrimSuffix(path.Base(name), path.Ext(name))
		case ByFolder:
			first, _, ok := strings.Cut(name, "/")
			if !ok {
				return nil, nil, loose(names)
			}
			of[i] = first
		}
	}
	classes = distinct(of)
	if layout == ByFolder && parts(classes) {
		return nil, nil, fmt.Errorf("its folders are parts of a dataset (%s), not classes; name one as Dir", strings.Join(classes, ", "))
	}
	if layout == ByFile && len(classes) < len(names) {
		return nil, nil, errors.New("two pictures have the same name in different folders, so that they are not classes of their own")
	}
	return indices(of, classes), classes, nil
}

// ofClasses are the pictures in the folders of some classes, all of which have to have some.
func ofClasses(names []string, o FilesOptions) ([]string, error) {
	if o.Layout != ByFolder || o.Labels != "" {
		return nil, errors.New("Classes are folders: they go with the layout by_folder and without a label file")
	}
	found := map[string]bool{}
	var chosen, there []string
	for _, name := range names {
		class, _, inFolder := strings.Cut(name, "/")
		if inFolder && !found[class] {
			there, found[class] = append(there, class), true
		}
		if inFolder && slices.Contains(o.Classes, class) {
			chosen = append(chosen, name)
		}
	}
	for _, class := range o.Classes {
		if !found[class] {
			return nil, fmt.Errorf("has no pictures of the class %q; its classes are %s", class, listed(there))
		}
	}
	return chosen, nil
}

// emptyClass is an error if a folder beside those of the classes has no picture. folders are those of the source, dir is the
// one that the classes are in.
func emptyClass(classes, files, folders []string, dir string) error {
	known := map[string]bool{}
	for _, c := range classes {
		known[c] = true
	}
	beside := func(name string, isFolder bool) (folder string, empty bool) {
		rest, ok := within(name, dir)
		first, _, deeper := strings.Cut(rest, "/")
		return first, ok && (deeper || isFolder) && first != "" && !known[first] && !hidden(first)
	}
	for i, name := range slices.Concat(folders, files) {
		if folder, empty := beside(name, i < len(folders)); empty {
			return fmt.Errorf("the class folder %q has no pictures (files that end in .png, .jpg, .tif, .webp, .gif or .bmp): put some "+
				"into it, remove it, or name the classes to read", folder)
		}
	}
	return nil
}

// listed names at most ten.
func listed(names []string) string {
	if len(names) > 10 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:10], ", "), len(names)-10)
	}
	return strings.Join(names, ", ")
}

// loose is the error of pictures that are in no class folder.
func loose(names []string) error {
	var outside []string
	for _, name := range names {
		if !strings.Contains(name, "/") {
			outside = append(outside, name)
		}
	}
	if len(outside) == len(names) {
		return fmt.Errorf("has %d pictures but no class folders, such as cats/%s; give it a label file, or the layout by_file "+
			"or unlabelled", len(names), names[0])
	}
	return fmt.Errorf("%d of its %d pictures are in no class folder; the first is %s", len(outside), len(names), outside[0])
}

// parts says whether names are those of training and test sets.
func parts(names []string) bool {
	for _, name := range names {
		switch strings.ToLower(name) {
		case "train", "training", "test", "testing", "val", "valid", "validation":
		default:
			return false
		}
	}
	return true
}

// distinct are the different values, sorted.
func distinct(values []string) []string {
	seen := map[string]bool{}
	var d []string
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			d = append(d, v)
		}
	}
	slices.Sort(d)
	return d
}

func indices(values, classes []string) []int {
	at := map[string]int{}
	for i, c := range classes {
		at[c] = i
	}
	labels := make([]int, len(values))
	for i, v := range values {
		labels[i] = at[v]
	}
	return labels
}

// readLabels reads a label file, which is inside of the source or else on the disk. names are the pictures there are.
func readLabels(s source, file string, names []string) (pictures []string, labels []int, classes []string, err error) {
	content, err := s.read(nil, file)
	if errors.Is(err, fs.ErrNotExist) {
		content, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("label file: %w", err)
	}
	pictures, of, err := parseLabels(content, names)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("label file %s: %w", file, err)
	}
	classes = distinct(of)
	sortNumbers(classes)
	return pictures, indices(of, classes), classes, nil
}

// parseLabels reads lines of a picture's name and its label.
func parseLabels(content []byte, names []string) (pictures, labels []string, err error) {
	exists := make(map[string]bool, len(names))
	for _, name := range names {
		exists[name] = true
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	r.FieldsPerRecord = 2
	first, _, _ := bytes.Cut(content, []byte("\n"))
	if bytes.ContainsRune(first, '\t') {
		r.Comma = '\t'
	}
	lines := map[string]int{}
	for n := 0; ; n++ {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		line, _ := r.FieldPos(0)
		name, label := strings.TrimSpace(row[0]), strings.TrimSpace(row[1])
		switch {
		case n == 0 && !isPicture(name):
			continue // a heading
		case !exists[name]:
			return nil, nil, fmt.Errorf("line %d: there is no picture %q", line, name)
		case label == "":
			return nil, nil, fmt.Errorf("line %d: %q has no label", line, name)
		case lines[name] > 0:
			return nil, nil, fmt.Errorf("line %d: %q is on line %d already", line, name, lines[name])
		}
		lines[name] = line
		pictures, labels = append(pictures, name), append(labels, label)
	}
	if len(pictures) == 0 {
		return nil, nil, errors.New("names no pictures")
	}
	return pictures, labels, nil
}

// sortNumbers sorts by value where all are integers.
func sortNumbers(classes []string) {
	for _, c := range classes {
		if _, err := strconv.Atoi(c); err != nil {
			return
		}
	}
	slices.SortFunc(classes, func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return cmp.Compare(x, y)
	})
}
