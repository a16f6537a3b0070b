package published

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/atelier-go/atelier/audit/amplify"
)

// ImSitu recomputes how much more biased the predicted verbs of imSitu are than those of training, before and after the
// calibration of Zhao et al., from the ratios of 212 verbs, if the file is there; and what the paper's title example says.
func ImSitu(o Options) (Study, error) {
	s := Study{Name: "imSitu", Source: "Zhao et al. 2017, development set"}
	cooking := amplify.Ratio{Class: "cooking", Train: 1. / 3, Predicted: 7. / 43}
	r, err := amplify.ZhaoRatios([2]string{"man", "woman"}, []amplify.Ratio{cooking}, amplify.Options{})
	if err != nil {
		return s, err
	}
	s.check("women cooking in training, percent", 67, 100*r.Classes[0].Train, 0.5)
	s.check("women cooking as predicted, percent", 84, 100*r.Classes[0].Predicted, 0.5)
	if o.Data == "" {
		s.Missing = imSituMissing
		return s, nil
	}
	for _, printed := range []struct {
		column         string
		mean, distance float64
		violations     int
	}{
		{"gender_ratio_before_RBA", 0.0502234224, 22.089, 154},
		{"gender_ratio_after_RBA", 0.0238762191, 13.431, 107},
	} {
		r, err := imSitu(o.Data, printed.column)
		if errors.Is(err, fs.ErrNotExist) {
			s.Missing = imSituMissing
			return s, nil
		}
		if err != nil {
			return s, err
		}
		s.check(printed.column+" mean amplification", printed.mean, r.Mean.Value, 5e-11)
		s.check(printed.column+" sum of distances", printed.distance, r.Distance, 0.0005)
		s.check(printed.column+" violations", float64(printed.violations), float64(r.Violations), 0)
		s.check(printed.column+" verbs toward men", 137, float64(r.Toward["man"]), 0)
		s.check(printed.column+" verbs toward women", 72, float64(r.Toward["woman"]), 0)
	}
	return s, nil
}

const imSituMissing = "imsitu_gender_ratio_dev.csv is not there: the mean over 212 verbs is not computed"

func imSitu(folder, column string) (*amplify.ZhaoResult, error) {
	file, err := os.Open(filepath.Join(folder, "imsitu_gender_ratio_dev.csv"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	ratios, err := amplify.ReadRatios(file, "verb", "training_ratio", column)
	if err != nil {
		return nil, err
	}
	return amplify.ZhaoRatios([2]string{"man", "woman"}, ratios, amplify.Options{})
}

// Directional recomputes the painters of Wang and Russakovsky (30 of 40 women and 10 of 40 men paint, and the model calls
// p times as many women painters), by both measures, and the amplification of COMPAS.
func Directional(Options) (Study, error) {
	s := Study{Name: "Directional amplification", Source: "Wang and Russakovsky 2021"}
	for _, want := range []struct {
		p, predicted  int64
		zhao, forward float64
	}{{0, 0, -0.535714, -0.375}, {50, 15, -0.177273, -0.1875}, {100, 30, 0, 0}, {133, 40, 0.15, 0.125}} {
		t, err := painters(want.predicted)
		if err != nil {
			return s, err
		}
		forward, err := t.AttributeToTask(amplify.Options{})
		if err != nil {
			return s, err
		}
		zhao, err := amplify.Zhao(t.Cooccurrence(false), t.Cooccurrence(true), amplify.Options{})
		if err != nil {
			return s, err
		}
		s.check(fmt.Sprintf("painters at %d%%, attribute to task", want.p), want.forward, forward.Mean.Value, 5e-7)
		s.check(fmt.Sprintf("painters at %d%%, Zhao", want.p), want.zhao, zhao.Mean.Value, 5e-7)
	}
	t, err := compasTable()
	if err != nil {
		return s, err
	}
	r, err := t.AttributeToTask(amplify.Options{})
	if err != nil {
		return s, err
	}
	s.check("COMPAS, race to recidivism", 0.0597517, r.Mean.Value, 5e-8)
	return s, nil
}

func painters(predicted int64) (*amplify.Table, error) {
	right := min(predicted, 30)
	return fill([]string{"woman", "man"}, []string{"paints", "does not"}, []cell{
		{0, 0, 0, right}, {0, 0, 1, 30 - right}, {0, 1, 0, predicted - right}, {0, 1, 1, 10 - predicted + right},
		{1, 0, 0, 10}, {1, 1, 1, 30},
	})
}

func compasTable() (*amplify.Table, error) {
	var cells []cell
	for i, g := range compas[1:3] {
		cells = append(cells, cell{i, 0, 0, g.counts.TN}, cell{i, 0, 1, g.counts.FP}, cell{i, 1, 0, g.counts.FN},
			cell{i, 1, 1, g.counts.TP})
	}
	return fill([]string{compas[1].race, compas[2].race}, []string{"0", "1"}, cells)
}

// A cell is n rows of one attribute, task and predicted task.
type cell struct {
	attribute, task, predicted int
	n                          int64
}

func fill(attributes, tasks []string, cells []cell) (*amplify.Table, error) {
	t, err := amplify.NewTable(attributes, tasks, false, true)
	if err != nil {
		return nil, err
	}
	for _, c := range cells {
		if c.n == 0 {
			continue
		}
		row := amplify.Row{Attributes: []int{c.attribute}, Tasks: []int{c.task}, PredictedTasks: []int{c.predicted}}
		if err := t.Add(row, c.n); err != nil {
			return nil, err
		}
	}
	return t, nil
}
