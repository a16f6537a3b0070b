package main

import (
	"cmp"
	"fmt"
	"image"
	"io"
	"math"
	"path"
	"slices"

	"github.com/atelier-go/atelier/chart"
	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
)

// mistake is a picture that was taken for another class.
type mistake struct {
	Picture     string  `json:"picture"`
	Label       string  `json:"label"`
	Predicted   string  `json:"predicted"`
	Probability float64 `json:"probability"` // of the label
	Certainty   float64 `json:"certainty"`   // the probability of what was predicted
	index       int     // of the picture
}

func (m mistake) String() string {
	return fmt.Sprintf("%s: %s (%s), taken for %s (%s)", m.Picture, m.Label, percent(m.Probability), m.Predicted, percent(m.Certainty))
}

func percent(p float64) string { return fmt.Sprintf("%.3g %%", 100*p) }

// surely is a metric that keeps for each picture, in their order, the most likely class and how likely it and the label are.
type surely struct{}

func (surely) Name() string             { return "mistakes" }
func (surely) Start() learn.Accumulator { return &certainties{} }

// certainties are a row for each picture.
type certainties struct {
	Rows []certainty
}

type certainty struct {
	label, predicted int32   // predicted is -1 where a logit is not a number
	ofLabel, highest float64 // probabilities, those of a softmax
}

func (c *certainties) Add(logits []float32, classes int, labels []int32) {
	for i, label := range labels {
		row := logits[i*classes : (i+1)*classes]
		r := certainty{label: label, predicted: mostLikely(row)}
		if r.predicted >= 0 {
			sum := 0.0
			for _, v := range row {
				sum += math.Exp(float64(v) - float64(row[r.predicted]))
			}
			r.ofLabel, r.highest = math.Exp(float64(row[label])-float64(row[r.predicted]))/sum, 1/sum
		}
		c.Rows = append(c.Rows, r)
	}
}

// Value is how many pictures were mistaken.
func (c *certainties) Value() float64 {
	n := 0
	for _, r := range c.Rows {
		if r.label != r.predicted {
			n++
		}
	}
	return float64(n)
}

// worst are at most n pictures of d that were mistaken, the label that was thought the least likely first; of equals the
// first in the dataset.
func (c *certainties) worst(d data.Dataset, n int) ([]mistake, error) {
	if len(c.Rows) != d.Len() {
		return nil, fmt.Errorf("%d of %d pictures were evaluated: the mistakes want all of them", len(c.Rows), d.Len())
	}
	var all []mistake
	for i, r := range c.Rows {
		if int(r.label) != d.Label(i) {
			continue // another picture stands for one that cannot be read
		}
		if r.label == r.predicted {
			continue
		}
		m := mistake{Picture: d.Name(i), Label: d.Classes()[r.label], Predicted: "nothing: the logits are not numbers",
			Probability: r.ofLabel, Certainty: r.highest, index: i}
		if r.predicted >= 0 {
			m.Predicted = d.Classes()[r.predicted]
		}
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b mistake) int { return cmp.Compare(a.Probability, b.Probability) })
	return all[:min(n, len(all))], nil
}

// drawMistakes draws pictures with what they are and what they were taken for.
func drawMistakes(d data.Dataset, mistakes []mistake, file string) error {
	g := chart.Grid{Title: "Most wrong"}
	for _, m := range mistakes {
		p, err := d.Read(m.index)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Picture, err)
		}
		g.Cells = append(g.Cells, chart.Cell{Picture: imageOf(p), Lines: []string{
			fmt.Sprintf("%s, %s", m.Label, percent(m.Probability)),
			fmt.Sprintf("taken for %s, %s", m.Predicted, percent(m.Certainty)),
			path.Base(m.Picture),
		}})
	}
	return g.Save(file)
}

// imageOf is a picture for drawing.
func imageOf(p data.Picture) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, p.W, p.H))
	for i := range p.H * p.W {
		for c := range 3 {
			m.Pix[4*i+c] = p.Pix[i*p.C+min(c, p.C-1)]
		}
		m.Pix[4*i+3] = 255
	}
	return m
}

// Larger tables of confusions are not printed, but the pairs of classes that are confused the most.
const (
	printedClasses = 20
	printedPairs   = 10
)

// writeConfusion prints the table of labels and predictions, of many classes what was mistaken most often.
func writeConfusion(w io.Writer, c *learn.ConfusionCounts) error {
	if len(c.Counts) <= printedClasses {
		_, err := fmt.Fprintf(w, "\nlabels down, predictions across:\n%v", c)
		return err
	}
	pairs := c.Confused()
	if len(pairs) == 0 {
		return nil // every picture was told right
	}
	fmt.Fprintf(w, "\nmost often taken for another class:\n")
	for _, p := range pairs[:min(printedPairs, len(pairs))] {
		if _, err := fmt.Fprintf(w, "%s for %s, %d of %d\n", p.Label, p.Predicted, p.Count, p.Of); err != nil {
			return err
		}
	}
	return nil
}

// drawConfusion draws the table of labels and predictions.
func drawConfusion(classes []string, counts [][]int64, file string) error {
	return chart.Matrix{Title: "Confusion", Rows: "label", Columns: "prediction", Names: classes, Counts: counts}.Save(file)
}

// writeMistakes lists mistakes, and draws them in a file if there are any.
func writeMistakes(w io.Writer, d data.Dataset, mistakes []mistake, file string) error {
	if len(mistakes) == 0 {
		_, err := fmt.Fprintln(w, "\nno picture was mistaken")
		return err
	}
	fmt.Fprintln(w, "\nmost wrong:")
	for _, m := range mistakes {
		fmt.Fprintln(w, m)
	}
	if err := drawMistakes(d, mistakes, file); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "wrote", file)
	return err
}
