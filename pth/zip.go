package pth

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// readZip reads the description in a zip archive: "NAME/data.pkl", beside "NAME/data/KEY" for each storage. It returns the
// object and the places of the storages.
func readZip(r io.ReaderAt, size int64) (any, map[string]int64, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, nil, err
	}
	files := map[string]*zip.File{}
	var description *zip.File
	folder := ""
	for _, f := range archive.File {
		files[f.Name] = f
		if name, ok := strings.CutSuffix(f.Name, "/data.pkl"); ok && name != "" && !strings.Contains(name, "/") {
			description, folder = f, name
		}
	}
	if description == nil {
		return nil, nil, errors.New("a zip archive without NAME/data.pkl")
	}
	if f := files[folder+"/byteorder"]; f != nil {
		text, err := content(f, 16)
		if err != nil {
			return nil, nil, err
		}
		if order := string(bytes.TrimSpace(text)); order != "little" {
			return nil, nil, fmt.Errorf("numbers in %q byte order: want little", order)
		}
	}
	text, err := content(description, maxPickle)
	if err != nil {
		return nil, nil, err
	}
	places := map[string]int64{}
	root, err := unpickle(bufio.NewReader(bytes.NewReader(text)), func(id any) (any, error) {
		v, err := storageOf(id)
		if err != nil {
			return nil, err
		}
		s := v.(storage)
		at, err := place(files[folder+"/data/"+s.key], s, size)
		if err != nil {
			return nil, fmt.Errorf("storage %q: %w", shorten(s.key), err)
		}
		places[s.key] = at
		return s, nil
	})
	return root, places, err
}

// content reads a small file of the archive.
func content(f *zip.File, limit int64) ([]byte, error) {
	if f.UncompressedSize64 > uint64(limit) {
		return nil, fmt.Errorf("%s has %d bytes: want at most %d", f.Name, f.UncompressedSize64, limit)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return text, nil
}

// place is the byte of the archive at which a storage begins.
func place(f *zip.File, s storage, size int64) (int64, error) {
	if f == nil {
		return 0, errors.New("it is not in the archive")
	}
	width := uint64(s.dtype.Bits() / 8)
	if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
		return 0, errors.New("it is compressed, which PyTorch does not do")
	}
	if f.UncompressedSize64/width < uint64(s.whole) {
		return 0, fmt.Errorf("%d bytes: want %d elements of type %s", f.UncompressedSize64, s.whole, s.dtype)
	}
	at, err := f.DataOffset()
	if err != nil {
		return 0, err
	}
	if at > size || f.UncompressedSize64 > uint64(size-at) {
		return 0, fmt.Errorf("%d bytes from byte %d on, in a file of %d: it is damaged or cut short", f.UncompressedSize64, at, size)
	}
	return at, nil
}
