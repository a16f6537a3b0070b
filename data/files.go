package data

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/atelier-go/atelier/imageio"
)

// Layout says which class a picture file has, where no label file does.
type Layout int

// The layouts.
const (
	ByFolder   Layout = iota // cats/1.jpg: the first folder is the class
	ByFile                   // tench.jpg: every picture is a class of its own, named by the file without its ending
	Unlabelled               // all pictures are of one class without a name
)

var layouts = []string{ByFolder: "by_folder", ByFile: "by_file", Unlabelled: "unlabelled"}

func (l Layout) String() string { return nameOf(layouts, int(l)) }

// MarshalText is the layout's name.
func (l Layout) MarshalText() ([]byte, error) { return textOf("layout", layouts, int(l)) }

// UnmarshalText reads by_folder, by_file or unlabelled.
func (l *Layout) UnmarshalText(text []byte) error {
	return fromText("layout", layouts, text, (*int)(l))
}

// FilesOptions say what OpenFolder and OpenZip read. The zero value reads RGB pictures whose folders are their classes.
type FilesOptions struct {
	Dir       string `json:"dir"`        // the folder inside of the root to read, such as "train"; "": the root itself
	Layout    Layout `json:"layout"`     // the zero value is ByFolder
	Labels    string `json:"labels"`     // a label file, see Files; "": classes by Layout
	Channels  int    `json:"channels"`   // 1: grey, 3: RGB; 0: 3
	MaxPixels int    `json:"max_pixels"` // larger pictures are corrupt; 0: imageio.DefaultMaxPixels
	// Classes are the folders to read, with ByFolder and without Labels; none: all that there are. Their order does not
	// matter.
	Classes []string `json:"classes"`
}

// Files is a dataset of picture files in a folder or a zip archive, which is not unpacked: files are read where they are,
// by several goroutines at once. Pictures are in the order of their names, classes in the order of theirs. Hidden files
// and files that do not end like a picture (.png, .jpg, .jpeg, .tif, .tiff, .webp, .gif, .bmp) are left out. A class folder
// without pictures is an error: a network for a class that has none would be asked for.
//
// A label file is CSV (or separated by tabs) with two columns, the picture's name inside of Dir and its label. A first
// line that does not name a picture is a heading. The dataset is then the pictures it names, in its order, and the
// classes are its labels, sorted; as numbers where all of them are integers.
type Files struct {
	source  source
	title   string // what messages call the folder or archive
	options imageio.Options
	names   []string // of the pictures, inside of the source
	labels  []int
	classes []string
	memory  sync.Pool // of *[]byte, the bytes of a file
}

var _ Dataset = (*Files)(nil)

// source is where files are read.
type source interface {
	// list names all files, separated by slashes, and the folders that have names of their own, as empty ones do.
	list() (files, folders []string, err error)
	// read appends a file's bytes to dst.
	read(dst []byte, name string) ([]byte, error)
	Close() error
}

// maxFile is the most bytes that a picture's file may have.
const maxFile = imageio.MaxFile

// OpenFolder lists the pictures in a folder. Links to folders are followed.
func OpenFolder(root string, o FilesOptions) (*Files, error) {
	return openFiles(folder(root), root, o)
}

// OpenZip lists the pictures in a zip archive. The dataset must be closed.
func OpenZip(archive string, o FilesOptions) (*Files, error) {
	z, err := newArchive(archive)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	f, err := openFiles(z, archive, o)
	if err != nil {
		return nil, errors.Join(err, z.Close())
	}
	return f, nil
}

func openFiles(s source, title string, o FilesOptions) (*Files, error) {
	if o.Channels != 0 && o.Channels != 1 && o.Channels != 3 {
		return nil, fmt.Errorf("data: %s: Channels is %d, want 1 or 3, or 0, which means 3", title, o.Channels)
	}
	f := &Files{source: s, title: title, options: imageio.Options{Channels: o.Channels, MaxPixels: o.MaxPixels}}
	if err := f.options.Check(); err != nil {
		return nil, fmt.Errorf("data: %s: %w", title, err)
	}
	if o.Layout < 0 || int(o.Layout) >= len(layouts) {
		return nil, fmt.Errorf("data: %s: there is no layout %d", title, o.Layout)
	}
	if err := f.find(o); err != nil {
		return nil, fmt.Errorf("data: %s: %w", title, err)
	}
	return f, nil
}

// find lists the pictures and their classes.
func (f *Files) find(o FilesOptions) error {
	all, folders, err := f.source.list()
	if err != nil {
		return err
	}
	dir := strings.Trim(path.Clean("/"+o.Dir), "/")
	var inside []string // names of pictures, inside of dir
	for _, name := range all {
		if rest, ok := within(name, dir); ok && isPicture(rest) {
			inside = append(inside, rest)
		}
	}
	if len(inside) == 0 {
		return noPictures(all, dir)
	}
	slices.Sort(inside)
	if len(o.Classes) > 0 {
		if inside, err = ofClasses(inside, o); err != nil {
			return err
		}
	}
	if o.Labels != "" {
		inside, f.labels, f.classes, err = readLabels(f.source, o.Labels, inside)
	} else if f.labels, f.classes, err = classify(inside, o.Layout); err == nil && o.Layout == ByFolder && len(o.Classes) == 0 {
		err = emptyClass(f.classes, all, folders, dir)
	}
	if err != nil {
		return err
	}
	f.names = make([]string, len(inside))
	for i, name := range inside {
		f.names[i] = path.Join(dir, name)
	}
	return nil
}

// within is the part of a name that follows a folder; "" is the root.
func within(name, dir string) (string, bool) {
	if dir == "" {
		return name, true
	}
	return strings.CutPrefix(name, dir+"/")
}

// isPicture says whether a name ends like a picture's and no part of it is hidden.
func isPicture(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if hidden(part) {
			return false
		}
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp":
		return true
	}
	return false
}

// hidden says whether a file or folder is the system's, not the user's.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || name == "__MACOSX" }

func noPictures(all []string, dir string) error {
	var folders []string
	for _, name := range all {
		if first, _, deeper := strings.Cut(name, "/"); deeper && !slices.Contains(folders, first) && len(folders) < 10 {
			folders = append(folders, first)
		}
	}
	slices.Sort(folders)
	where := "has no pictures (files that end in .png, .jpg, .tif, .webp, .gif or .bmp)"
	if dir != "" {
		where = fmt.Sprintf("has no pictures in the folder %q", dir)
	}
	if len(folders) > 0 {
		where += "; its folders are " + strings.Join(folders, ", ")
	}
	return errors.New(where)
}

// Len is the number of pictures.
func (f *Files) Len() int { return len(f.names) }

// Label is the class of picture i.
func (f *Files) Label(i int) int { return f.labels[i] }

// Classes are the names of the classes.
func (f *Files) Classes() []string { return f.classes }

// Name is the archive or folder, and the file's name in it.
func (f *Files) Name(i int) string { return f.title + "/" + f.names[i] }

// Read reads and decodes picture i.
func (f *Files) Read(i int) (Picture, error) {
	memory, _ := f.memory.Get().(*[]byte)
	if memory == nil {
		memory = new([]byte)
	}
	defer f.memory.Put(memory)
	content, err := f.source.read((*memory)[:0], f.names[i])
	if err != nil {
		return Picture{}, withoutPath(err)
	}
	*memory = content
	return imageio.Decode(content, f.options)
}

// withoutPath drops the path from an error of the file system: pictures are named already.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// Close closes the archive.
func (f *Files) Close() error { return f.source.Close() }
