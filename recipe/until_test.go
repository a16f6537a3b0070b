package recipe_test

import (
	"strings"
	"testing"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/recipe"
)

const raced = `
until: top1=0.9
price_per_hour: 0.25
phases: [{epochs: 1}]
`

func TestUntil(t *testing.T) {
	r, err := parse(raced)
	if err != nil || r.Until != (learn.Goal{Metric: "top1", Value: 0.9}) || r.PricePerHour != 0.25 {
		t.Fatalf("%+v, price %v, %v", r.Until, r.PricePerHour, err)
	}
	if c, err := r.Config(t.Context()); err != nil || c.Until != r.Until {
		t.Errorf("the run's goal is %+v, %v", c.Until, err)
	}
	// What is asked for besides comes first, and is written beside the results.
	r, err = recipe.Parse("r.yaml", []byte(raced), "", recipe.Options{Until: learn.Goal{Metric: "loss", Value: 0.5}, PricePerHour: 3})
	if err != nil {
		t.Fatal(err)
	}
	again, err := parse(r.Text())
	if err != nil || again.Until.String() != "loss=0.5" || again.PricePerHour != 3 {
		t.Errorf("%+v, price %v, %v", again.Until, again.PricePerHour, err)
	}
}

func TestUntilMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"until: top1\n", `r.yaml:1: until: "top1" is not a goal: want a metric and a value, as in top1=0.94`},
		{"seed: 1\nuntil: top3=0.9\n", `r.yaml:2: until: "top3" is not measured; there are train_loss, train_accuracy, valid_loss, valid_accuracy`},
		{"until: ema_top1=0.9\n", `r.yaml:1: until: "ema_top1" is not measured`},
		{"until: top1=94\n", `r.yaml:1: until: valid_accuracy is a share`},
		{"until: [a]\n", `r.yaml:1: until: want a word`},
		{"until: top1=0.9\nprice_per_hour: -1\n", `r.yaml:2: price_per_hour is -1: want USD, a number that is not negative`},
		{"price_per_hour: 1\n", `r.yaml:1: there is a price per hour, and no goal`},
	} {
		if _, err := parse(c.text); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s got %v\nwant %s", c.text, err, c.want)
		}
	}
	for _, c := range []struct {
		options recipe.Options
		want    string
	}{
		{recipe.Options{Until: learn.Goal{Metric: "top3", Value: 1}}, `--until top3=1: until: "top3" is not measured`},
		{recipe.Options{Set: []string{"seed=3"}, PricePerHour: 0.1}, `--price-per-hour 0.1: there is a price per hour, and no goal`},
		{recipe.Options{Until: learn.Goal{Metric: "top1", Value: 1}, PricePerHour: -1}, `--price-per-hour -1: price_per_hour is -1`},
	} {
		if _, err := recipe.Parse("r.yaml", []byte("phases: [{epochs: 1}]\n"), "", c.options); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v:\n got %v\nwant %s", c.options, err, c.want)
		}
	}
}
