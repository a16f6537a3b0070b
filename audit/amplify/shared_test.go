package amplify

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"
)

// The published ratios of imSitu's 212 verbs, where the shared data are.
func TestImSitu(t *testing.T) {
	data := cmp.Or(os.Getenv("ATELIER_DATA"), filepath.Join("..", "..", "..", "shared", "data"))
	path := filepath.Join(data, "audit", "imsitu_gender_ratio_dev.csv")
	for column, want := range map[string]struct {
		mean, distance float64
		violations     int
	}{
		"gender_ratio_before_RBA": {.0502234224, 22.089, 154},
		"gender_ratio_after_RBA":  {.0238762191, 13.431, 107},
	} {
		file, err := os.Open(path)
		if err != nil {
			t.Skip(err)
		}
		ratios, err := ReadRatios(file, "verb", "training_ratio", column)
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		r, err := ZhaoRatios([2]string{"man", "woman"}, ratios, Options{})
		if err != nil {
			t.Fatal(err)
		}
		near(t, column, r.Mean.Value, want.mean, 5e-11)
		near(t, "distance", r.Distance, want.distance, 5e-4)
		if len(ratios) != 212 || r.Toward["man"] != 137 || r.Toward["woman"] != 72 || r.Ties != 3 || r.Violations != want.violations {
			t.Errorf("%s: %d verbs, toward %v, %d ties, %d violations", column, len(ratios), r.Toward, r.Ties, r.Violations)
		}
		holds(t, column, r.Mean)
	}
}
