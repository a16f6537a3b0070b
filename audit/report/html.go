package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
)

//go:embed page.gohtml
var pageTemplate string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"kind":    func(b Block) string { return reflect.TypeOf(b).Name() },
	"known":   known,
	"place":   func(s Scale, v float64) string { return percentage(s.at(v)) },
	"extent":  func(s Scale, a, b float64) string { return percentage(math.Abs(s.at(a) - s.at(b))) },
	"lesser":  math.Min,
	"series":  func(i int) string { return "s" + strconv.Itoa(i%4) },
	"sortKey": sortKey,

	"ticksX":   curveTicksX,
	"ticksY":   curveTicksY,
	"path":     curvePath,
	"dots":     curveDots,
	"whiskers": curveWhiskers,
}).Parse(pageTemplate))

// WriteHTML writes the document as one page that needs nothing else: styles, charts and the script that sorts tables are
// in it, and its policy forbids browsers to load more. It can be read without the script, on a phone, and printed.
func (d *Document) WriteHTML(w io.Writer) error {
	shown := struct {
		*Document
		Lang string
		CSS  template.CSS
		JS   template.JS
	}{d, cmp.Or(d.Language, "en"), template.CSS(pageStyle), template.JS(pageScript)}
	if err := page.Execute(w, shown); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// known reports whether all values are numbers.
func known(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) {
			return false
		}
	}
	return true
}

func percentage(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) + "%" }

// sortKey is what the script reads with parseFloat.
func sortKey(v float64) string {
	if math.IsInf(v, 0) {
		return strings.Replace(strconv.FormatFloat(v, 'g', -1, 64), "Inf", "Infinity", 1)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// The frame of a curve in units of its picture, as page.gohtml has it.
const (
	curveLeft, curveTop = 48, 12
	curveSide           = 340
)

// curveTick is a tick of an axis: its place, and its label's baseline.
type curveTick struct {
	At, Baseline float64
	Label        string
}

// placeX and placeY place a value in the picture.
func (c Curve) placeX(v float64) float64 {
	return round2(curveLeft + curveSide*clip((v-c.XLow)/(c.XHigh-c.XLow)))
}

func (Curve) placeY(v float64) float64 { return round2(curveTop + curveSide*(1-clip(v))) }

func clip(v float64) float64 { return math.Max(0, math.Min(1, v)) }

func round2(v float64) float64 { return math.Round(100*v) / 100 }

// curveTicksX are the ticks of the axis of X, round numbers.
func curveTicksX(c Curve) []curveTick {
	step := roundStep((c.XHigh - c.XLow) / 5)
	axis := Scale{}
	if c.Diagonal != "" {
		axis.Unit = "%"
	}
	var ticks []curveTick
	for at := math.Ceil(c.XLow/step-1e-9) * step; at <= c.XHigh+step/1e6; at += step {
		ticks = append(ticks, curveTick{At: c.placeX(at), Label: axis.label(at, step)})
	}
	return ticks
}

// curveTicksY are those of the axis of Y.
func curveTicksY(c Curve) []curveTick {
	var ticks []curveTick
	for i := range 5 {
		v := float64(i) / 4
		ticks = append(ticks, curveTick{At: c.placeY(v), Baseline: c.placeY(v) + 4, Label: minus(100*v, 0) + "%"})
	}
	return ticks
}

// curvePath is a line as a path of SVG; it is interrupted where there is no value.
func curvePath(c Curve, l CurveLine) string {
	var b strings.Builder
	pen := "M"
	for i := range l.X {
		if !known(l.X[i], l.Y[i]) {
			pen = "M"
			continue
		}
		fmt.Fprintf(&b, "%s%g %g", pen, c.placeX(l.X[i]), c.placeY(l.Y[i]))
		pen = "L"
	}
	return b.String()
}

type curveDot struct{ X, Y float64 }

// curveDots are a line's points.
func curveDots(c Curve, l CurveLine) []curveDot {
	var dots []curveDot
	for i := range l.X {
		if known(l.X[i], l.Y[i]) {
			dots = append(dots, curveDot{c.placeX(l.X[i]), c.placeY(l.Y[i])})
		}
	}
	return dots
}

type curveWhisker struct{ X, Low, High float64 }

// curveWhiskers are the intervals at the points, of lines that have them.
func curveWhiskers(c Curve, l CurveLine) []curveWhisker {
	var whiskers []curveWhisker
	for i := range l.Low {
		if known(l.X[i], l.Low[i], l.High[i]) {
			whiskers = append(whiskers, curveWhisker{c.placeX(l.X[i]), c.placeY(l.Low[i]), c.placeY(l.High[i])})
		}
	}
	return whiskers
}
