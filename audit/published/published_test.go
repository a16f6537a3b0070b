package published

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sharedData() string {
	data := cmp.Or(os.Getenv("ATELIER_DATA"), filepath.Join("..", "..", "..", "shared", "data"))
	return filepath.Join(data, "audit")
}

func checkAll(t *testing.T, studies []Study, want map[string]int) {
	t.Helper()
	for _, s := range studies {
		for _, c := range s.Failed() {
			t.Errorf("%s: %s = %v, printed %v ± %v", s.Name, c.Name, c.Got, c.Want, c.Tolerance)
		}
		if len(s.Checks) != want[s.Name] {
			t.Errorf("%s: %d checks, want %d", s.Name, len(s.Checks), want[s.Name])
		}
	}
	if len(studies) != len(want) {
		t.Errorf("%d studies, want %d", len(studies), len(want))
	}
}

func TestWithoutData(t *testing.T) {
	studies, err := Run(Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkAll(t, studies, map[string]int{"Gender Shades": 108, "COMPAS": 99, "imSitu": 2, "Directional amplification": 9,
		"Predictive policing": 24})
	if studies[1].Missing == "" || studies[2].Missing == "" {
		t.Error("nothing says that data are missing")
	}
}

func TestWithData(t *testing.T) {
	if _, err := os.Stat(filepath.Join(sharedData(), "compas_for_aequitas.csv")); err != nil {
		t.Skip(err)
	}
	studies, err := Run(Options{Data: sharedData()})
	if err != nil {
		t.Fatal(err)
	}
	checkAll(t, studies, map[string]int{"Gender Shades": 108, "COMPAS": 99 + 4*15, "imSitu": 12, "Directional amplification": 9,
		"Predictive policing": 24})
	for _, s := range studies {
		if s.Missing != "" {
			t.Errorf("%s: %s", s.Name, s.Missing)
		}
	}
}

// What is printed in the text of Gender Shades: darker women are 61.0 to 72.4 percent of the errors, lighter men 0.0 to 2.4.
func TestWhoGenderShadesErrsAbout(t *testing.T) {
	least, most, men := 1.0, 0.0, 0.0
	faces := 0
	for _, c := range classifiers {
		all := float64(c.df.wrong + c.dm.wrong + c.lf.wrong + c.lm.wrong)
		least, most = min(least, float64(c.df.wrong)/all), max(most, float64(c.df.wrong)/all)
		men = max(men, float64(c.lm.wrong)/all)
	}
	for name, x := range map[string][2]float64{"least": {least, .610}, "most": {most, .724}, "men": {men, .024}} {
		if x[0] < x[1]-.0005 || x[0] > x[1]+.0005 {
			t.Errorf("%s: %v, printed %v", name, x[0], x[1])
		}
	}
	wrong := 0
	for row := range GenderShadesRows() {
		faces++
		if len(row) != len(GenderShadesHeader) {
			t.Fatalf("row %q", row)
		}
		if row[2] != row[3] {
			wrong++
		}
	}
	if faces != 1245+1233+1269 || wrong != 78+123+154 {
		t.Errorf("%d faces and %d errors, want 3747 and 355", faces, wrong)
	}
}

// A check fails where a number differs: the checks are no decoration.
func TestChecksCanFail(t *testing.T) {
	defer func(old int64) { classifiers[0].df.wrong = old }(classifiers[0].df.wrong)
	classifiers[0].df.wrong++
	s, err := GenderShades(Options{})
	if err != nil || len(s.Failed()) == 0 || s.Passed()+len(s.Failed()) != 108 {
		t.Errorf("%d failed, error %v, want some", len(s.Failed()), err)
	}
}

func TestDataThatCannotBeRead(t *testing.T) {
	for file, text := range map[string]string{
		"compas_for_aequitas.csv":     "race,sex,label_value\n",
		"imsitu_gender_ratio_dev.csv": "verb,training_ratio\n",
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(Options{Data: folder}); err == nil || !strings.Contains(err.Error(), "column") {
			t.Errorf("%s: error %v, want one about a missing column", file, err)
		}
	}
}
