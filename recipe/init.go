package recipe

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/atelier-go/atelier/learn"
)

// Init is what the model begins with instead of random numbers: see learn.Initial.
type Init struct {
	From    WeightsFrom `json:"from"`
	Weights string      `json:"weights"` // of a checkpoint: raw or ema; zero means raw
	Partial bool        `json:"partial"` // take what fits; otherwise weights of another network are an error
}

// Check wants weights, and knows which of a checkpoint's there are.
func (i Init) Check() error {
	switch {
	case i.From == "":
		return errors.New("want from, a file or the name of weights")
	case i.Weights != "" && i.Weights != learn.Raw.String() && i.Weights != learn.EMAWeights.String():
		return fmt.Errorf("weights is %q: want raw or ema", i.Weights)
	}
	return nil
}

// Which are the weights of a checkpoint that are meant.
func (i Init) Which() learn.Weights {
	if i.Weights == learn.EMAWeights.String() {
		return learn.EMAWeights
	}
	return learn.Raw
}

// WeightsFrom is where weights come from: a file, whose path has a slash or a dot and is relative to the recipe's folder, or
// the name of weights that a program knows, such as squeezenet1_1.
type WeightsFrom string

// IsFile tells a file from a name.
func (w WeightsFrom) IsFile() bool { return strings.ContainsAny(string(w), `/\.`) }

func (w *WeightsFrom) decode(d *decoder, n *yaml.Node, path string) {
	d.scalar(n, reflect.ValueOf((*string)(w)).Elem(), path)
	if w.IsFile() && !filepath.IsAbs(string(*w)) {
		*w = WeightsFrom(d.find(string(*w)))
	}
	if *w != "" {
		n.Value = string(*w) // what is written beside results has to hold from anywhere
	}
}

// Report is what is made of the validation pictures when a run has ended.
type Report struct {
	Confusion bool `json:"confusion"`  // the table of labels and predictions, as text and as a picture
	MostWrong int  `json:"most_wrong"` // a picture of so many pictures that were mistaken most surely; zero makes none
}

// Check wants a number of pictures.
func (r Report) Check() error {
	if r.MostWrong < 0 || r.MostWrong > 400 {
		return fmt.Errorf("most_wrong is %d: want 0 to 400 pictures", r.MostWrong)
	}
	return nil
}

// Initial is what learn wants to know of the model besides the tensors: their names, and the head, whose shape depends on the
// classes.
func (r *Recipe) Initial(classes int) (learn.Initial, error) {
	m, err := r.model(classes)
	if err != nil {
		return learn.Initial{}, err
	}
	return learn.Initial{TensorNames: m.TensorNames, Head: m.Head.Paths(), Partial: r.Init.Partial}, nil
}
