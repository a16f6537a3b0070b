package weights

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/atelier-go/atelier/atomicfile"
	"github.com/atelier-go/atelier/zoo"
)

// Cache is a folder of known weights.
type Cache struct {
	Dir string
}

// DefaultCache is the folder that $ATELIER_WEIGHTS names, or atelier/weights in the user's folder of caches, which on Linux
// is $XDG_CACHE_HOME or ~/.cache.
func DefaultCache() (Cache, error) {
	if dir := os.Getenv("ATELIER_WEIGHTS"); dir != "" {
		return Cache{Dir: dir}, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return Cache{}, fmt.Errorf("weights: where to keep weights is not known: %w; set ATELIER_WEIGHTS", err)
	}
	return Cache{Dir: filepath.Join(dir, "atelier", "weights")}, nil
}

// Installed is what a cache knows about a file in it.
type Installed struct {
	File   string `json:"file"`   // its name in the folder
	SHA256 string `json:"sha256"` // of the file
	Bytes  int64  `json:"bytes"`
	// Whole is false for a part of the published file, of which the published hash says nothing.
	Whole bool   `json:"whole"`
	Until string `json:"until"` // the last layer that it has weights for
}

// Path is where an installed file is.
func (c Cache) Path(i Installed) string { return filepath.Join(c.Dir, i.File) }

func (c Cache) record(k Known) string { return filepath.Join(c.Dir, k.Name+".json") }

// Installed returns what is installed of an entry; false if nothing, or where the record of it is damaged: see
// [Cache.Damaged].
func (c Cache) Installed(k Known) (Installed, bool, error) {
	i, err := c.read(k)
	if errors.Is(err, fs.ErrNotExist) {
		return Installed{}, false, nil
	}
	if err != nil {
		return Installed{}, false, fmt.Errorf("weights: %s: %w", k.Name, err)
	}
	if _, err := os.Stat(c.Path(i)); err != nil {
		return Installed{}, false, nil
	}
	return i, true, nil
}

// Damaged is an error that names the record of an entry, if that is there and does not say what is installed; nil
// otherwise. Pull and Install replace it. The error is an fs.ErrNotExist: what was installed is not known any more.
func (c Cache) Damaged(k Known) error {
	_, err := c.read(k)
	if damaged, ok := errors.AsType[*damagedError](err); ok {
		return damaged
	}
	return nil
}

// read reads the record of an entry.
func (c Cache) read(k Known) (Installed, error) {
	text, err := os.ReadFile(c.record(k))
	if err != nil {
		return Installed{}, err
	}
	var i Installed
	err = json.Unmarshal(text, &i)
	if err == nil && (i.File == "" || filepath.Base(i.File) != i.File) {
		err = fmt.Errorf("it names the file %q", i.File)
	}
	if err != nil {
		return Installed{}, &damagedError{k.Name, c.record(k), err}
	}
	return i, nil
}

type damagedError struct {
	name, record string
	err          error
}

func (e *damagedError) Error() string {
	return fmt.Sprintf("weights: %s: the record of what is installed, %s, is damaged (%v): run \"atelier models pull %s\"", e.name, e.record, e.err, e.name)
}

func (*damagedError) Is(target error) bool { return target == fs.ErrNotExist }

// note writes down what is installed.
func (c Cache) note(k Known, i Installed) error {
	return atomicfile.Write(c.record(k), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(i)
	})
}

// Verify checks that what is installed of an entry is what was installed, by its hash, and that it can be read.
func (c Cache) Verify(k Known) (Installed, error) {
	i, ok, err := c.Installed(k)
	if err != nil {
		return i, err
	}
	if !ok {
		return i, cmp.Or(c.Damaged(k), fmt.Errorf("weights: %s is not installed", k.Name))
	}
	found, err := examine(k, c.Path(i))
	if err == nil && found.SHA256 != i.SHA256 {
		err = fmt.Errorf("it has SHA-256 %s, want %s: it is damaged", found.SHA256, i.SHA256)
	}
	if err != nil {
		return i, fmt.Errorf("weights: %s: %s: %w", k.Name, c.Path(i), err)
	}
	return i, nil
}

// Install copies a file that was got elsewhere into the cache: the published one, known by its hash, or the part of it
// that another cache has.
func (c Cache) Install(k Known, path string) (Installed, error) {
	i, err := examine(k, path)
	if err != nil {
		return i, fmt.Errorf("weights: %s: %s: %w", k.Name, path, err)
	}
	from, err := os.Open(path)
	if err != nil {
		return i, fmt.Errorf("weights: %w", err)
	}
	defer from.Close()
	if err := os.MkdirAll(c.Dir, 0o777); err != nil {
		return i, fmt.Errorf("weights: %w", err)
	}
	err = atomicfile.Write(c.Path(i), func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
	if err != nil {
		return i, fmt.Errorf("weights: %s: %w", k.Name, err)
	}
	if err := c.note(k, i); err != nil {
		return i, fmt.Errorf("weights: %s: %w", k.Name, err)
	}
	_, err = c.Verify(k) // what was copied may have changed since it was examined
	return i, err
}

// sourceKey is the metadata of a part: the hash of the file that it is a part of.
const sourceKey = "source_sha256"

// examine describes a file that is to be an entry's, or says why it is not.
func examine(k Known, path string) (Installed, error) {
	f, err := Open(path)
	if err != nil {
		return Installed{}, err
	}
	defer f.Close()
	hash, err := f.SHA256()
	if err != nil {
		return Installed{}, err
	}
	whole := k.matches(hash)
	if !whole && f.Metadata()[sourceKey] != k.SHA256 {
		return Installed{}, fmt.Errorf("it has SHA-256 %s, want %s", hash, k.hashText())
	}
	net, err := f.networkNamed(k.Network)
	if err != nil {
		return Installed{}, err
	}
	layers := net.Layers()
	return Installed{
		File: k.Name + k.format(), SHA256: hash, Bytes: f.size, Whole: whole, Until: layers[len(layers)-1].Name,
	}, nil
}

// hashText is the hash for messages.
func (k Known) hashText() string {
	if len(k.SHA256) < 64 {
		return k.SHA256 + "..."
	}
	return k.SHA256
}

// NotInstalled is the error of an entry that is not in the cache, or whose record is damaged; it is an fs.ErrNotExist.
func (c Cache) NotInstalled(k Known) error {
	return cmp.Or(c.Damaged(k), error(notInstalledError{k.Name, c.Dir}))
}

type notInstalledError struct{ name, dir string }

func (e notInstalledError) Error() string {
	return fmt.Sprintf("weights: %s is not installed in %s: run \"atelier models pull %s\"", e.name, e.dir, e.name)
}

func (notInstalledError) Is(target error) bool { return target == fs.ErrNotExist }

// Open opens an installed entry of the table.
func (c Cache) Open(name string) (*File, error) {
	k, err := Find(name)
	if err != nil {
		return nil, err
	}
	i, ok, err := c.Installed(k)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, c.NotInstalled(k)
	}
	return Open(c.Path(i))
}

// Features reads installed weights: the entry of that name, or the first entry for the network of that name that is
// installed.
func (c Cache) Features(name string) (*Features, error) {
	var entries []string
	var damaged error
	for _, k := range known {
		if k.Name != name && k.Network != name {
			continue
		}
		entries = append(entries, k.Name)
		i, ok, err := c.Installed(k)
		if err != nil {
			return nil, err
		}
		if ok {
			return LoadFeatures(c.Path(i), k.Network)
		}
		damaged = cmp.Or(damaged, c.Damaged(k))
	}
	if damaged != nil {
		return nil, damaged
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("weights: there is no network %q; there are %s", name, strings.Join(zoo.FeatureNames(), ", "))
	}
	return nil, fmt.Errorf("weights: the weights of %s are not installed in %s: run \"atelier models pull %s\"", name, c.Dir, entries[0])
}
