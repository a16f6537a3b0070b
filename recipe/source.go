package recipe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/atelier-go/atelier/data"
)

// Source is where pictures come from: one of the first group, and what of it is used.
type Source struct {
	Shapes       *Shapes       `json:"shapes"`        // drawn pictures
	FashionMNIST *FashionMNIST `json:"fashion_mnist"` // Debian's package dataset-fashion-mnist
	IDX          *IDX          `json:"idx"`           // files as MNIST's
	Folder       *Files        `json:"folder"`        // a folder of pictures
	Zip          *Files        `json:"zip"`           // an archive of pictures, which is not unpacked
	CIFAR10      *CIFAR10      `json:"cifar10"`       // the binary files
	CIFAR100     *CIFAR100     `json:"cifar100"`

	Part   *Part  `json:"part"`   // one of two parts, by chance
	Limit  int    `json:"limit"`  // at most so many pictures, by chance; zero means all
	Seed   uint64 `json:"seed"`   // of part and limit
	Memory bool   `json:"memory"` // read and decode all pictures once, before training
}

// Shapes is data.Shapes.
type Shapes struct {
	N    int    `json:"n"`
	Size int    `json:"size"` // zero means 32
	Seed uint64 `json:"seed"`
}

// Split is a dataset's published part.
type Split string

// Check knows train and test.
func (s Split) Check() error {
	if s != "train" && s != "test" {
		return fmt.Errorf("split is %q: want train or test", string(s))
	}
	return nil
}

// FashionMNIST is data.FashionMNIST.
type FashionMNIST struct {
	Dir   Path  `json:"dir"` // zero means where Debian's package has it
	Split Split `json:"split"`
}

// Check wants to know the split.
func (f FashionMNIST) Check() error { return f.Split.Check() }

// IDX is data.OpenIDX.
type IDX struct {
	Pictures Path     `json:"pictures"`
	Labels   Path     `json:"labels"`
	Classes  []string `json:"classes"` // their names; none: numbers
}

// Check wants both files.
func (i IDX) Check() error {
	if i.Pictures == "" || i.Labels == "" {
		return errors.New("want pictures and labels, the paths of two files")
	}
	return nil
}

// Files is data.OpenFolder or data.OpenZip.
type Files struct {
	Path      Path        `json:"path"`
	Dir       string      `json:"dir"`        // the folder inside of it to read, such as train
	Layout    data.Layout `json:"layout"`     // zero means by_folder: folders are classes
	Labels    LabelFile   `json:"labels"`     // a label file, beside the recipe or else inside of path
	Channels  int         `json:"channels"`   // 1: grey, 3: RGB; zero means 3
	MaxPixels int         `json:"max_pixels"` // larger pictures are corrupt
	Classes   []string    `json:"classes"`    // the folders to read; none: all
}

// Check wants the path.
func (f Files) Check() error {
	if f.Path == "" {
		return errors.New("want path, that of a folder or an archive")
	}
	return nil
}

func (f Files) options() data.FilesOptions {
	return data.FilesOptions{Dir: f.Dir, Layout: f.Layout, Labels: string(f.Labels), Channels: f.Channels, MaxPixels: f.MaxPixels, Classes: f.Classes}
}

// CIFAR10 is data.OpenCIFAR10.
type CIFAR10 struct {
	Dir   Path  `json:"dir"`
	Split Split `json:"split"`
}

// Check wants folder and split.
func (c CIFAR10) Check() error { return checkDir(c.Dir, c.Split) }

// CIFAR100 is data.OpenCIFAR100.
type CIFAR100 struct {
	Dir    Path  `json:"dir"`
	Split  Split `json:"split"`
	Coarse bool  `json:"coarse"` // the 20 groups of classes instead of the 100 classes
}

// Check wants folder and split.
func (c CIFAR100) Check() error { return checkDir(c.Dir, c.Split) }

func checkDir(dir Path, split Split) error {
	if dir == "" {
		return errors.New("want dir, the folder with the files")
	}
	return split.Check()
}

// Part is one of the parts that data.Split makes.
type Part struct {
	Fraction float64 `json:"fraction"` // of the pictures that the first part has
	Which    string  `json:"which"`    // first or second
}

// Check wants a fraction between 0 and 1.
func (p Part) Check() error {
	switch {
	case !(p.Fraction > 0 && p.Fraction < 1):
		return fmt.Errorf("fraction is %v: want more than 0 and less than 1", p.Fraction)
	case p.Which != "first" && p.Which != "second":
		return fmt.Errorf("which is %q: want first or second", p.Which)
	}
	return nil
}

// Check wants one place that pictures come from.
func (s Source) Check() error {
	n := 0
	for _, there := range []bool{
		s.Shapes != nil, s.FashionMNIST != nil, s.IDX != nil, s.Folder != nil, s.Zip != nil, s.CIFAR10 != nil, s.CIFAR100 != nil,
	} {
		if there {
			n++
		}
	}
	if n != 1 {
		return fmt.Errorf("%d places that pictures come from: want one of shapes, fashion_mnist, idx, folder, zip, cifar10, cifar100", n)
	}
	if s.Limit < 0 {
		return fmt.Errorf("limit is %d: want a number of pictures", s.Limit)
	}
	return nil
}

// sources opens each dataset once.
type sources struct {
	open   map[string]data.Dataset
	decode bool // false: pictures are only counted, so nothing is loaded that does not have to be
}

func (o *sources) dataset(ctx context.Context, s Source) (data.Dataset, error) {
	key, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	if d := o.open[string(key)]; d != nil {
		return d, nil
	}
	d, err := s.dataset(ctx, o.decode)
	if err == nil {
		o.open[string(key)] = d
	}
	return d, err
}

func (s Source) dataset(ctx context.Context, decode bool) (data.Dataset, error) {
	d, err := s.place()
	if err != nil {
		return nil, err
	}
	if s.Part != nil {
		first, second, err := data.Split(d, s.Part.Fraction, s.Seed)
		if err != nil {
			return nil, err
		}
		if d = first; s.Part.Which == "second" {
			d = second
		}
	}
	if s.Limit > 0 {
		if d, err = data.Limit(d, s.Limit, s.Seed); err != nil {
			return nil, err
		}
	}
	if s.Memory && decode {
		return data.Load(ctx, d, 0)
	}
	return d, data.Check(d)
}

// place opens the whole of what the pictures come from.
func (s Source) place() (data.Dataset, error) {
	switch {
	case s.Shapes != nil:
		d := data.Shapes{N: s.Shapes.N, Size: s.Shapes.Size, Seed: s.Shapes.Seed}
		return d, d.Check()
	case s.FashionMNIST != nil:
		return opened(data.FashionMNIST(string(s.FashionMNIST.Dir), s.FashionMNIST.Split == "train"))
	case s.IDX != nil:
		return opened(data.OpenIDX(string(s.IDX.Pictures), string(s.IDX.Labels), s.IDX.Classes))
	case s.Folder != nil:
		return opened(data.OpenFolder(string(s.Folder.Path), s.Folder.options()))
	case s.Zip != nil:
		return opened(data.OpenZip(string(s.Zip.Path), s.Zip.options()))
	case s.CIFAR10 != nil:
		return opened(data.OpenCIFAR10(string(s.CIFAR10.Dir), s.CIFAR10.Split == "train"))
	case s.CIFAR100 != nil:
		return opened(data.OpenCIFAR100(string(s.CIFAR100.Dir), s.CIFAR100.Split == "train", s.CIFAR100.Coarse))
	default:
		return nil, s.Check()
	}
}

// opened keeps a nil pointer from becoming a dataset.
func opened[D data.Dataset](d D, err error) (data.Dataset, error) {
	if err != nil {
		return nil, err
	}
	return d, nil
}
