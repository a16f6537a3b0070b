package atomicfile_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/atelier-go/atelier/atomicfile"
)

func Example() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "notes.txt")
	err = atomicfile.Write(path, func(w io.Writer) error {
		_, err := fmt.Fprint(w, "all of it")
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	err = atomicfile.Write(path, func(w io.Writer) error {
		fmt.Fprint(w, "a par")
		return errors.New("out of ink")
	})
	text, readErr := os.ReadFile(path)
	fmt.Println(err != nil, string(text), readErr)
	// Output:
	// true all of it <nil>
}
