package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/report"
)

// written is a document in one format.
func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Logf("in\n%.20000s", text)
	}
}

// The published rates of COMPAS are on the page, with their intervals and in sentences.
func TestPageTellsWhatWasPublished(t *testing.T) {
	d := report.Of(compas(), report.Options{Date: time.Date(2026, 5, 17, 0, 0, 0, 0, time.UTC)})
	text := written(t, d.WriteHTML)
	contains(t, text,
		"<title>Audit of compas.csv</title>", "17 May 2026",
		"44.8%", "[42.6%, 47.2%]", "23.5%", "[21.4%, 25.7%]", "28.0%", "[26.0%, 30.0%]", "47.7%", "[44.6%, 50.9%]",
		"False positive rate by race differs: 44.8% [42.6%, 47.2%] for African-American, 23.5% [21.4%, 25.7%] for Caucasian",
		"False positive rate by sex: no gap that these data can tell from chance",
		"The two rates order African-American and Caucasian differently: FPR 44.8% against 23.5%, FDR 37.0% against 40.9%. The intervals of the first do not overlap",
		"what crossing adds", "Asian × Female (2)", "100.0%†",
		"2 were not, because a label or a prediction is missing", "A limit that the audit notes.", "An oddity.",
		"does not keep to it", "10.0 pp more often than a rule that looks at sex alone", "0.702",
	)
}

var (
	loads   = regexp.MustCompile(`(?i)\b(src|srcset|data|action)=|@import|url\(|<link|<iframe|href="(?:[^#])`)
	idTag   = regexp.MustCompile(`\bid="([^"]+)"`)
	anchor  = regexp.MustCompile(`href="#([^"]+)"`)
	badSVG  = regexp.MustCompile(`="[^"]*(NaN|Inf|ZgotmplZ)[^"]*"`)
	sortNaN = regexp.MustCompile(`data-sort="NaN"`)
)

func TestPageNeedsNothingElse(t *testing.T) {
	for _, a := range []*audit.Audit{compas(), manyClasses()} {
		text := written(t, report.Of(a, report.Options{}).WriteHTML)
		if found := loads.FindString(text); found != "" {
			t.Errorf("the page loads something: %s", found)
		}
		ids := map[string]bool{}
		for _, m := range idTag.FindAllStringSubmatch(text, -1) {
			if ids[m[1]] {
				t.Errorf("id %s is there twice", m[1])
			}
			ids[m[1]] = true
		}
		for _, m := range anchor.FindAllStringSubmatch(text, -1) {
			if !ids[m[1]] {
				t.Errorf("a link leads to #%s, which is nowhere", m[1])
			}
		}
		if found := badSVG.FindString(sortNaN.ReplaceAllString(text, "")); found != "" {
			t.Errorf("an attribute is not a number: %s", found)
		}
	}
}

// Values of groups come from files that anybody may have written.
func TestValuesAreNotMarkup(t *testing.T) {
	a := compas()
	for i := range a.Groups {
		for j, v := range a.Groups[i].Values {
			if v == "Asian" {
				a.Groups[i].Values[j] = `<script>alert(1)</script>|*x* ` + "\x1b[31m"
			}
		}
	}
	d := report.Of(a, report.Options{})
	if text := written(t, d.WriteHTML); strings.Contains(text, "<script>alert") {
		t.Error("a value is a script in HTML")
	}
	if text := written(t, d.WriteMarkdown); strings.Contains(text, "<script>") || strings.Contains(text, " *x*") || strings.Contains(text, "\x1b") {
		t.Error("a value is markup in Markdown")
	}
	if text := written(t, d.WriteText); strings.Contains(text, "\x1b") {
		t.Error("a value moves the terminal's cursor")
	}
}

// What was not asked for is not in any format.
func TestOtherColumnsAreNotTold(t *testing.T) {
	a := compas()
	a.Source.Columns = append(a.Source.Columns, "birth_date_secret")
	d := report.Of(a, report.Options{})
	for _, text := range []string{written(t, d.WriteHTML), written(t, d.WriteMarkdown), written(t, d.WriteText)} {
		if strings.Contains(text, "birth_date_secret") {
			t.Error("a column that was not asked for is in the report")
		}
	}
}

func TestManyClasses(t *testing.T) {
	text := written(t, report.Of(manyClasses(), report.Options{}).WriteText)
	contains(t, text, "Rates of class fox by light", "called fox", "The model is wrong for 24.4%")
	if strings.Contains(text, "TWO QUESTIONS") {
		t.Error("three classes have no false positive rate")
	}
}

// Nothing but a group and a matrix is a report too.
func TestAlmostNothing(t *testing.T) {
	a := &audit.Audit{Classes: []string{"no", "yes"}, Overall: audit.Group{Matrix: [][]int64{{0, 0}, {0, 0}}}}
	for _, write := range []func(io.Writer) error{
		report.Of(a, report.Options{}).WriteHTML, report.Of(a, report.Options{}).WriteMarkdown, report.Of(a, report.Options{}).WriteText,
		func(w io.Writer) error { return report.WriteMarkdownCard(w, a, report.Options{}) },
		func(w io.Writer) error { return report.WriteJSON(w, a, report.Card{}) },
	} {
		written(t, write)
	}
}

func TestMarkdownHasAHeader(t *testing.T) {
	card, err := report.ParseCard([]byte("model_details: {name: COMPAS, license: MIT}"))
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, func(w io.Writer) error { return report.WriteMarkdownCard(w, compas(), report.Options{Card: card}) })
	parts := strings.SplitN(text, "---\n", 3)
	if len(parts) != 3 || parts[0] != "" {
		t.Fatalf("no header in\n%.300s", text)
	}
	var header struct {
		License string
		Index   []struct {
			Name    string
			Results []struct{ Metrics []struct{ Type string } }
		} `yaml:"model-index"`
	}
	if err := yaml.Unmarshal([]byte(parts[1]), &header); err != nil {
		t.Fatal(err)
	}
	if header.License != "mit" || header.Index[0].Name != "COMPAS" || header.Index[0].Results[0].Metrics[0].Type != "error" {
		t.Errorf("header %+v", header)
	}
	contains(t, parts[2], "# Audit of COMPAS", "| African-American | 3,696 | 36.2% \\[34.6%, 37.7%\\] |", "**Missing.**")
	for _, line := range strings.Split(parts[2], "\n") {
		if strings.HasPrefix(line, "|") && !strings.HasSuffix(line, "|") {
			t.Errorf("a row of a table is broken: %s", line)
		}
	}
}

func TestJSONHasTheAuditAndTheCard(t *testing.T) {
	card, err := report.ParseCard([]byte("model_details: {name: COMPAS, owners: Northpointe, contact: someone@example.org, version: '4', license: a long text of terms}"))
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, func(w io.Writer) error { return report.WriteJSON(w, compas(), card) })
	var file report.File
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	if g := file.Audit.GroupsBy("race")[0]; *g.Confusion != confusion(990, 805, 532, 1369) {
		t.Errorf("group %+v", g)
	}
	if len(file.Missing) != len((report.Card{}).Missing())-5 {
		t.Errorf("%d texts are missing", len(file.Missing))
	}
	contains(t, text, `"schema_version": "0.0.2"`, `"contact": "someone@example.org"`, `"custom_text": "a long text of terms"`, `"slice": "race: African-American"`)
}
