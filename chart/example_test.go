package chart_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/atelier-go/atelier/chart"
)

func ExampleFigure_Save() {
	dir, err := os.MkdirTemp("", "chart")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	f := chart.Figure{Title: "Learning rate", Panels: []chart.Panel{{
		X:          chart.Axis{Label: "step"},
		Y:          chart.Axis{Label: "learning rate", Log: true},
		Lines:      []chart.Line{{Name: "head", X: []float64{0, 100, 200}, Y: []float64{1e-3, 1e-2, 1e-5}}},
		Boundaries: []chart.Boundary{{X: 0, Label: "SGD"}, {X: 100, Label: "Adam"}},
	}}}
	fmt.Println(f.Save(filepath.Join(dir, "rate.png")))
	fmt.Println(f.Save("rate.bmp"))
	// Output:
	// <nil>
	// chart: rate.bmp: want a name that ends in .png or .svg
}
