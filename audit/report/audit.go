package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/atelier-go/atelier/audit"
)

// Options says what a report of an audit has beside the audit.
type Options struct {
	Title string    // empty means the card's name of the model, or the name of the data
	Date  time.Time // when the audit was made; zero leaves it out
	Card  Card      // what people wrote; the zero Card shows all of it as missing
}

// Of is the report of an audit.
func Of(a *audit.Audit, o Options) *Document {
	r := &auditReport{Audit: a, card: o.Card, date: o.Date}
	d := &Document{Title: o.Title, Subtitle: r.subtitle()}
	if d.Title == "" {
		d.Title = "Audit of " + cmp.Or(o.Card.get("model_details.name"), a.Source.Name)
	}
	for _, s := range []Section{
		{"found", "What was found", r.found()},
		{"who", "Who was measured, and who was not", r.who()},
		{"wrong", "How often the model is wrong, and for whom", r.rates()},
		{"questions", "Two questions about the same errors", r.twoQuestions()},
		{"gaps", "Gaps between groups", r.gaps()},
		{"scores", "Scores", r.scores()},
		{"choices", "What depends on choices", r.choices()},
		{"rule", "A simple rule instead", r.baselines()},
		{"limits", "What the data cannot tell", r.limits()},
		{"counts", "All counts", r.counts()},
		{"method", "How this was computed", r.method()},
		{"card", "Model card", r.modelCard()},
		{"datasheet", "Datasheet", r.datasheet()},
	} {
		if len(s.Blocks) > 0 {
			d.Sections = append(d.Sections, s)
		}
	}
	return d
}

// auditReport is an audit with what its report needs at hand.
type auditReport struct {
	*audit.Audit
	card Card
	date time.Time
}

func (r *auditReport) subtitle() string {
	text := plural(r.Source.Measured, "row", "rows") + " of " + r.Source.Name + " by " + enumerate(r.bys())
	if !r.date.IsZero() {
		text += ", " + r.date.UTC().Format("2 January 2006")
	}
	return text
}

// binary reports whether there are two classes: then rates are of the second, the positive one.
func (r *auditReport) binary() bool { return len(r.Classes) == 2 }

// columns are the columns of groups, then the crossings.
func (r *auditReport) columns() [][]string {
	var all [][]string
	for _, g := range r.Groups {
		if !slices.ContainsFunc(all, func(by []string) bool { return slices.Equal(by, g.By) }) {
			all = append(all, g.By)
		}
	}
	return all
}

func (r *auditReport) bys() []string {
	var names []string
	for _, by := range r.columns() {
		names = append(names, byName(by))
	}
	return names
}

// byName is how a column or a crossing is called.
func byName(by []string) string { return strings.Join(by, " × ") }

// bySize are the groups of a column, the largest first: those that say little are last.
func (r *auditReport) bySize(by []string) []audit.Group {
	groups := r.GroupsBy(by...)
	slices.SortStableFunc(groups, func(a, b audit.Group) int { return cmp.Compare(b.N, a.N) })
	return groups
}

// mostGroups are how many groups a figure or the summary shows; tables have them all.
const mostGroups = 30

// short are the columns' titles of the rates.
var short = map[string]string{
	"error": "Error", "accuracy": "Accuracy", "fpr": "FPR", "fnr": "FNR", "tpr": "TPR", "tnr": "TNR", "ppv": "PPV",
	"npv": "NPV", "fdr": "FDR", "for": "FOR", "selection_rate": "Called positive", "prevalence": "Positive",
}

// split takes a metric's name apart: of more than two classes it may be of one class, as in "tpr:cat".
func split(name string) (m audit.Metric, class string) {
	base, class, _ := strings.Cut(name, ":")
	m, known := audit.MetricNamed(base)
	if !known {
		m = audit.Metric{Name: base, Title: base}
	}
	return m, class
}

// title is a metric's name for people.
func title(name string) string {
	m, class := split(name)
	if class != "" {
		return m.Title + " of " + class
	}
	return m.Title
}

// rate is the cell of a rate: its value, and the interval below it.
func rate(e audit.Estimate) Cell { return estimate(e, percent) }

func estimate(e audit.Estimate, write func(float64) string) Cell {
	low, high := bounds(e)
	c := Cell{Text: write(e.Value), Sort: e.Value, Sub: interval(low, high, write)}
	if e.Small && e.Defined() {
		c.Text += few
	}
	return c
}

// difference is the cell of a difference of rates, whose interval has no unit: +21.4 pp [+18.2, +24.5].
func difference(e audit.Estimate) Cell {
	c := estimate(e, points)
	low, high := bounds(e)
	c.Sub = interval(low, high, bare)
	return c
}

// few marks what rests on few cases, in all formats.
const few = "†"

// bounds are the interval that is shown: the exact one where there are few rows.
func bounds(e audit.Estimate) (low, high float64) {
	switch {
	case e.Small && (e.ExactLow != 0 || e.ExactHigh != 0):
		return e.ExactLow, e.ExactHigh
	case e.Method == "":
		return math.NaN(), math.NaN()
	}
	return e.Low, e.High
}

// said is a rate in a sentence: 44.8% [42.6%, 47.2%].
func said(e audit.Estimate, write func(float64) string) string { return estimate(e, write).joined() }

// number is the cell of a count.
func number(n int64) Cell { return Cell{Text: count(n), Sort: float64(n)} }

// label is the cell of a text.
func label(text string) Cell { return Cell{Text: text, Sort: math.NaN()} }

// positive says what positive means in these data, and what it means to be called so.
func (r *auditReport) positive() (is, called string) {
	is = fmt.Sprintf("%s is %s", r.Settings.Label, r.Classes[1])
	if r.Settings.Score != "" {
		return is, fmt.Sprintf("%s is at least %s", r.Settings.Score, trim(r.Settings.Threshold))
	}
	return is, fmt.Sprintf("%s is %s", r.Settings.Prediction, r.Classes[1])
}

// trim writes a number with as many digits as it has.
func trim(x float64) string {
	return strings.Replace(fmt.Sprintf("%g", x), "-", minusSign, 1)
}

// strip is the row of a group.
func strip(g audit.Group, e audit.Estimate) Strip {
	low, high := bounds(e)
	text := said(e, percent)
	if !e.Defined() {
		text = "no such rows"
	}
	return Strip{Label: fmt.Sprintf("%s, n = %s", g.Name(), count(g.N)), Value: e.Value, Low: low, High: high, Text: text, Small: e.Small}
}

// strips draw a rate of the groups of a column.
func (r *auditReport) strips(metric string, by []string, scale Scale) Strips {
	m, _ := split(metric)
	groups := r.bySize(by)
	s := Strips{Title: title(metric) + " by " + byName(by), Caption: m.Question, Scale: scale, Line: r.Overall.Metric(metric).Value}
	s.LineIs = "The dashed line is everybody, " + percent(s.Line) + "."
	if len(groups) > mostGroups {
		s.Caption += fmt.Sprintf(" The %d largest of %d groups; the table has all.", mostGroups, len(groups))
		groups = groups[:mostGroups]
	}
	for _, g := range groups {
		s.Rows = append(s.Rows, strip(g, g.Metric(metric)))
	}
	return s
}

// rateScale is an axis for some rates of the groups of a column: one for all of them, so that they compare.
func (r *auditReport) rateScale(by []string, metrics ...string) Scale {
	var values []float64
	for _, g := range r.GroupsBy(by...) {
		for _, metric := range metrics {
			e := g.Metric(metric)
			low, high := bounds(e)
			values = append(values, e.Value, low, high)
		}
	}
	return scaleOver("%", values...)
}
