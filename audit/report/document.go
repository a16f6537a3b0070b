package report

import (
	"math"
	"slices"
)

// Document is what a report says, before it is written in a format. Every format writes all of it but figures, which
// only HTML has: what a figure shows is in a table too.
type Document struct {
	Title    string
	Subtitle string // one line: of what, when
	Language string // BCP 47; empty means en
	Sections []Section
}

// Section is a heading and what stands below it.
type Section struct {
	ID     string // of its heading in HTML; unique in a document, and without spaces
	Title  string
	Blocks []Block
}

// Block is a part of a section: Text, List, Table, Strips, Waterfall, Curve, Fields or Columns.
type Block interface{ block() }

// Text is a paragraph.
type Text struct {
	Text  string
	Style Style
}

// Style says how much a paragraph matters.
type Style string

// The styles of a paragraph.
const (
	Plain   Style = ""
	Finding Style = "finding" // a difference that the data support
	Quiet   Style = "quiet"   // nothing found, which is a finding too
	Caution Style = "caution" // what a reader must know before believing the rest
	Note    Style = "note"    // small print
)

// List is a list of sentences.
type List []string

// Table is a table whose rows can be sorted where the format allows.
type Table struct {
	Caption string
	Columns []Column
	Rows    []Row
	Notes   []string // below the table
}

// Column heads a column of a table.
type Column struct {
	Title   string
	Explain string // one line about what the column means, or empty
	Number  bool   // aligned to the right, sorted by Cell.Sort
}

// Row is a row of a table. Its first cell is its heading.
type Row struct {
	Cells []Cell
	Small bool // resting on too few cases to be relied upon
}

// Cell is one entry of a table.
type Cell struct {
	Text string
	Sort float64 // of a numeric column; NaN sorts last
	Sub  string  // smaller, after the text: an interval
}

// Strips are dots with intervals on one axis, a row each.
type Strips struct {
	Title   string
	Caption string
	Scale   Scale
	Rows    []Strip
	Line    float64 // a vertical line at this value, NaN for none
	LineIs  string  // what the line shows
}

// Strip is a row of Strips.
type Strip struct {
	Label            string
	Value, Low, High float64 // NaN where unknown
	Text             string  // the value in words
	Small            bool
}

// Waterfall shows how steps lead from one value to another.
type Waterfall struct {
	Title   string
	Caption string
	Scale   Scale
	Steps   []Step
}

// Step is a row of a waterfall: a bar from From to To. Totals start at the axis.
type Step struct {
	Label    string
	From, To float64
	Text     string
	Total    bool
}

// Curve is a chart of lines in a square, as of calibration.
type Curve struct {
	Title, Caption string
	X, Y           string  // what the axes show
	XLow, XHigh    float64 // the ends of the axis of X; Y goes from 0 to 1
	Lines          []CurveLine
	Diagonal       string // what the diagonal means, or empty for none
}

// CurveLine is a line of a Curve with intervals at its points.
type CurveLine struct {
	Label     string
	X, Y      []float64
	Low, High []float64
}

// Fields are names and what they hold; those without a value are shown as missing.
type Fields struct {
	Caption string
	Fields  []Field
}

// Field is one of Fields.
type Field struct {
	Name  string
	Text  []string // paragraphs; none means missing
	Hint  string   // what is asked for, shown where the text is missing
	Given bool     // filled from data, not by a person
}

// Columns are blocks side by side where there is room.
type Columns [][]Block

func (Text) block()      {}
func (List) block()      {}
func (Table) block()     {}
func (Strips) block()    {}
func (Waterfall) block() {}
func (Curve) block()     {}
func (Fields) block()    {}
func (Columns) block()   {}

// Scale is an axis with its ticks.
type Scale struct {
	Min, Max float64
	Ticks    []Tick
	Unit     string // of the ticks: "%" and " pp" are hundredths
}

// Tick is a labelled place of a Scale.
type Tick struct {
	At    float64
	Label string
}

// scaleOver is an axis with round ends that has all values in it, and zero.
func scaleOver(unit string, values ...float64) Scale {
	low, high := 0.0, 0.0
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	if high == low {
		high = low + 1
	}
	step := roundStep((high - low) / 4)
	s := Scale{Min: math.Floor(low/step+1e-9*sign(low)) * step, Max: math.Ceil(high/step-1e-9) * step, Unit: unit}
	count := int(math.Round((s.Max - s.Min) / step))
	for i := range count + 1 {
		at := s.Min + float64(i)*step
		if math.Abs(at) < step/1e6 {
			at = 0
		}
		s.Ticks = append(s.Ticks, Tick{at, s.label(at, step)})
	}
	return s
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}

// roundStep is the least of 1, 2, 2.5 and 5 times a power of ten that is not below x.
func roundStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// label writes a tick with as many digits as its neighbours need to differ.
func (s Scale) label(at, step float64) string {
	if s.Unit != "" {
		at, step = at*100, step*100
	}
	digits := 0
	for scaled := step; digits < 6 && math.Abs(scaled-math.Round(scaled)) > 1e-6; digits++ {
		scaled *= 10
	}
	return minus(at, digits) + s.Unit
}

// at is where a value stands on the axis, from 0 to 1.
func (s Scale) at(v float64) float64 {
	return math.Max(0, math.Min(1, (v-s.Min)/(s.Max-s.Min)))
}

// Only is the document with these sections alone, in its own order.
func (d *Document) Only(ids ...string) *Document {
	short := *d
	short.Sections = nil
	for _, s := range d.Sections {
		if slices.Contains(ids, s.ID) {
			short.Sections = append(short.Sections, s)
		}
	}
	return &short
}
