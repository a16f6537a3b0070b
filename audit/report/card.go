package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Card is the text that people write about a model and its data: what no data can say. It is read from YAML; what is not
// there is shown as missing.
//
// The zero Card has no text at all.
type Card struct {
	text map[string][]string // by section.field, paragraphs
}

// cardField is a text that a person is asked for.
type cardField struct {
	key, title, hint string
}

// cardSection is a part of the card.
type cardSection struct {
	key, title string
	fields     []cardField
}

// modelSections are the nine of Mitchell et al., Model Cards for Model Reporting, 2019, as far as people fill them in:
// metrics and quantitative analyses come from the audit.
var modelSections = []cardSection{
	{"model_details", "Model details", []cardField{
		{"name", "Name", "What is the model called?"},
		{"overview", "Overview", "What does it do, in a sentence?"},
		{"owners", "Owners", "Who made it, and who answers for it?"},
		{"contact", "Contact", "Where do people send questions and complaints?"},
		{"version", "Version", "Which version was measured?"},
		{"date", "Date", "When was it released?"},
		{"type", "Type", "What kind of model is it, and what goes in and comes out?"},
		{"license", "License", "Under which terms may it be used? An SPDX identifier, if there is one."},
		{"references", "References", "Where can one read more?"},
		{"citation", "Citation", "How should it be cited?"},
	}},
	{"intended_use", "Intended use", []cardField{
		{"primary_uses", "Primary uses", "What is it for?"},
		{"primary_users", "Primary users", "Who is to use it?"},
		{"out_of_scope", "Out of scope", "What should it not be used for?"},
	}},
	{"factors", "Factors", []cardField{
		{"relevant", "Relevant factors", "Which groups, instruments and surroundings may change how well it works?"},
	}},
	{"metrics", "Metrics", []cardField{
		{"choice", "Choice of metrics", "Why these metrics, and which error is worse for whom?"},
		{"threshold", "Choice of threshold", "Why this threshold, and who chose it?"},
	}},
	{"evaluation_data", "Evaluation data", []cardField{
		{"motivation", "Motivation", "Why was it judged by these data?"},
		{"preprocessing", "Preprocessing", "How were they prepared, and which rows were left out?"},
	}},
	{"training_data", "Training data", []cardField{
		{"description", "Description", "What was it trained on, and who is in those data?"},
	}},
	{"quantitative_analyses", "Quantitative analyses", nil},
	{"ethical_considerations", "Ethical considerations", []cardField{
		{"risks", "Risks and harms", "Who may be harmed, and what is done about it?"},
		{"sensitive_data", "Sensitive data", "Does it use data about protected characteristics, and why?"},
	}},
	{"caveats", "Caveats and recommendations", []cardField{
		{"text", "Caveats and recommendations", "What else must somebody know before using it?"},
	}},
}

// questions are those that Howard, Thomas and Gugger ask of anybody who ships a model; the data answer two of them.
var questions = cardSection{"questions", "Questions to answer before use", []cardField{
	{"should_we", "Should we be doing this at all?", "Say why a model is right here, or that it was not asked."},
	{"data_bias", "What bias is in the data?", "How were labels made, and by whom?"},
	{"auditable", "Can the code and the data be audited?", "By whom, and how do they get them?"},
	{"appeals", "How are appeals and mistakes handled?", "Whom does somebody call who was judged wrongly?"},
	{"team", "How diverse is the team that built it?", "Who was there to notice what is wrong?"},
}}

// dataSections are the seven of Gebru et al., Datasheets for Datasets, 2018.
var dataSections = []cardSection{
	{"motivation", "Motivation", []cardField{
		{"purpose", "Purpose", "For what were the data collected?"},
		{"creators", "Creators", "Who collected them, and who paid?"},
	}},
	{"composition", "Composition", []cardField{
		{"instances", "What a row is", "What does each row stand for?"},
		{"sample", "Sample", "Are they all there are, or a sample, and of whom?"},
		{"errors", "Known errors", "What is known to be wrong or noisy in them?"},
	}},
	{"collection", "Collection process", []cardField{
		{"how", "How they were collected", "By whom, how and when?"},
		{"consent", "Consent", "Did the people in them know and agree?"},
	}},
	{"preprocessing", "Preprocessing, cleaning and labelling", []cardField{
		{"labels", "Labels", "How was the label decided, and how often is it wrong?"},
		{"cleaning", "Cleaning", "What was changed or left out?"},
	}},
	{"uses", "Uses", []cardField{
		{"other", "Other uses", "What else are they used for, and what should they not be used for?"},
	}},
	{"distribution", "Distribution", []cardField{
		{"terms", "Terms", "Who may have them, under which terms?"},
	}},
	{"maintenance", "Maintenance", []cardField{
		{"who", "Maintainer", "Who keeps them, and how are mistakes in them corrected?"},
	}},
}

// datasheetKey holds dataSections in the YAML.
const datasheetKey = "datasheet"

// cardKeys are all texts there are, by section.field.
func cardKeys() []string {
	var keys []string
	for _, s := range append(slices.Clone(modelSections), questions) {
		for _, f := range s.fields {
			keys = append(keys, s.key+"."+f.key)
		}
	}
	for _, s := range dataSections {
		for _, f := range s.fields {
			keys = append(keys, datasheetKey+"."+s.key+"."+f.key)
		}
	}
	return keys
}

// ReadCard reads a card from a YAML file. An unknown name is an error at its line, and says which names there are.
func ReadCard(path string) (Card, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Card{}, err
	}
	card, err := ParseCard(text)
	if err != nil {
		return Card{}, fmt.Errorf("%s: %w", path, err)
	}
	return card, nil
}

// ParseCard is [ReadCard] of the YAML itself. All mistakes are in the error, joined.
func ParseCard(text []byte) (Card, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return Card{}, fmt.Errorf("report: card: %w", err)
	}
	card := Card{text: map[string][]string{}}
	if len(root.Content) == 0 { // only comments
		return card, nil
	}
	r := cardReader{keys: cardKeys(), into: card.text}
	r.read("", root.Content[0])
	if err := errors.Join(r.errs...); err != nil {
		return Card{}, err
	}
	return card, nil
}

type cardReader struct {
	keys []string
	into map[string][]string
	errs []error
}

func (r *cardReader) fail(n *yaml.Node, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("report: card: line %d: %s", n.Line, fmt.Sprintf(format, args...)))
}

// read takes what stands below a path.
func (r *cardReader) read(path string, n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		r.fail(n, "aliases are not read")
		return
	}
	if slices.Contains(r.keys, path) {
		if paragraphs, ok := r.paragraphs(path, n); ok && len(paragraphs) > 0 {
			r.into[path] = paragraphs
		}
		return
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" { // a heading without anything below it
		return
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "%s: want names and texts below it", nameOf(path))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		below := strings.TrimPrefix(path+"."+key.Value, ".")
		switch {
		case seen[key.Value]:
			r.fail(key, "%s is there twice", below)
		case !r.leads(below):
			r.fail(key, "there is no %s; %s has %s", below, nameOf(path), strings.Join(r.names(path), ", "))
		default:
			seen[key.Value] = true
			r.read(below, n.Content[i+1])
		}
	}
}

// paragraphs are those of a text or of a list of texts.
func (r *cardReader) paragraphs(path string, n *yaml.Node) ([]string, bool) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return nil, true
	case n.Kind == yaml.ScalarNode:
		var all []string
		for text := range strings.SplitSeq(n.Value, "\n\n") {
			if text = strings.TrimSpace(text); text != "" {
				all = append(all, text)
			}
		}
		return all, true
	case n.Kind == yaml.SequenceNode:
		var all []string
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				r.fail(item, "%s: want a text, or a list of texts", path)
				return nil, false
			}
			more, _ := r.paragraphs(path, item)
			all = append(all, more...)
		}
		return all, true
	}
	r.fail(n, "%s: want a text, or a list of texts", path)
	return nil, false
}

// leads reports whether some text is at the path or below it.
func (r *cardReader) leads(path string) bool {
	return slices.ContainsFunc(r.keys, func(key string) bool { return key == path || strings.HasPrefix(key, path+".") })
}

// names are those that may stand directly below a path.
func (r *cardReader) names(path string) []string {
	var names []string
	for _, key := range r.keys {
		rest, below := strings.CutPrefix(key, path+".")
		if path == "" {
			rest, below = key, true
		}
		if name, _, _ := strings.Cut(rest, "."); below && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func nameOf(path string) string {
	if path == "" {
		return "a card"
	}
	return path
}

// Missing are the names of the texts that nobody wrote.
func (c Card) Missing() []string {
	return slices.DeleteFunc(cardKeys(), func(key string) bool { return len(c.text[key]) > 0 })
}

// get is a text as one line, empty where it is missing.
func (c Card) get(key string) string { return strings.Join(c.text[key], " ") }

// fields are the texts of a section, missing ones included.
func (c Card) fields(prefix string, s cardSection) []Field {
	var fields []Field
	for _, f := range s.fields {
		fields = append(fields, Field{Name: f.title, Text: c.text[prefix+s.key+"."+f.key], Hint: f.hint})
	}
	return fields
}

// WriteEmptyCard writes a card to fill in: all names, each with what is asked for as a comment.
func WriteEmptyCard(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# What no data can say about a model. What is left empty is shown as missing in the report.\n" +
		"# A text may have paragraphs (after |) or be a list.\n")
	write := func(indent string, s cardSection) {
		if len(s.fields) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n%s%s:  # %s\n", indent, s.key, s.title)
		for _, f := range s.fields {
			fmt.Fprintf(&b, "%s  %s:  # %s\n", indent, f.key, f.hint)
		}
	}
	for _, s := range append(slices.Clone(modelSections), questions) {
		write("", s)
	}
	fmt.Fprintf(&b, "\n%s:\n", datasheetKey)
	for _, s := range dataSections {
		write("  ", s)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
