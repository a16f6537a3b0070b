package audit_test

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"
)

// compasFile is Aequitas's de-identified COMPAS file, where the shared data are.
func compasFile(t testing.TB) string {
	t.Helper()
	data := cmp.Or(os.Getenv("ATELIER_DATA"), filepath.Join("..", "..", "shared", "data"))
	path := filepath.Join(data, "audit", "compas_for_aequitas.csv")
	if _, err := os.Stat(path); err != nil {
		t.Skip(err)
	}
	return path
}
