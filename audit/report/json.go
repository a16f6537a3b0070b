package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/atelier-go/atelier/audit"
)

// File is what [WriteJSON] writes.
type File struct {
	Audit *audit.Audit `json:"audit"`
	// ModelCard follows the schema v0.0.2 of TensorFlow's Model Card Toolkit.
	ModelCard ModelCard `json:"model_card"`
	// Missing are the texts of the card that nobody wrote.
	Missing []string `json:"missing"`
}

// ModelCard is a model card in the schema of the Model Card Toolkit, as far as it has a place for what is known.
type ModelCard struct {
	SchemaVersion        string               `json:"schema_version"`
	ModelDetails         modelDetails         `json:"model_details"`
	ModelParameters      modelParameters      `json:"model_parameters"`
	QuantitativeAnalysis quantitativeAnalysis `json:"quantitative_analysis"`
	Considerations       considerations       `json:"considerations"`
}

type modelDetails struct {
	Name          string          `json:"name,omitempty"`
	Overview      string          `json:"overview,omitempty"`
	Documentation string          `json:"documentation,omitempty"`
	Owners        []owner         `json:"owners,omitempty"`
	Version       *version        `json:"version,omitempty"`
	Licenses      []customLicense `json:"licenses,omitempty"`
	References    []reference     `json:"references,omitempty"`
	Citations     []citation      `json:"citations,omitempty"`
}

type owner struct {
	Name    string `json:"name"`
	Contact string `json:"contact,omitempty"`
}

type version struct {
	Name string `json:"name,omitempty"`
	Date string `json:"date,omitempty"`
}

type customLicense struct {
	Identifier string `json:"identifier,omitempty"`
	CustomText string `json:"custom_text,omitempty"`
}

type reference struct {
	Reference string `json:"reference"`
}

type citation struct {
	Citation string `json:"citation"`
}

type modelParameters struct {
	ModelArchitecture string    `json:"model_architecture,omitempty"`
	Data              []dataset `json:"data"`
}

type dataset struct {
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Sensitive   *sensible `json:"sensitive,omitempty"`
}

type sensible struct {
	SensitiveData []string `json:"sensitive_data"`
}

type quantitativeAnalysis struct {
	PerformanceMetrics []performanceMetric `json:"performance_metrics"`
}

type performanceMetric struct {
	Type  string  `json:"type"`
	Value float64 `json:"value"`
	Slice string  `json:"slice,omitempty"`
}

type described struct {
	Description string `json:"description"`
}

type considerations struct {
	Users                 []described `json:"users,omitempty"`
	UseCases              []described `json:"use_cases,omitempty"`
	Limitations           []described `json:"limitations,omitempty"`
	EthicalConsiderations []risk      `json:"ethical_considerations,omitempty"`
}

type risk struct {
	Name string `json:"name"`
}

// WriteJSON writes an audit, its model card, and which texts of the card are missing, as a [File].
func WriteJSON(w io.Writer, a *audit.Audit, card Card) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	missing := card.Missing()
	if missing == nil {
		missing = []string{}
	}
	if err := e.Encode(File{Audit: a, ModelCard: modelCard(a, card), Missing: missing}); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// modelCard puts what is known into the schema.
func modelCard(a *audit.Audit, card Card) ModelCard {
	c := ModelCard{SchemaVersion: "0.0.2"}
	c.ModelDetails = details(card)
	c.ModelParameters = modelParameters{ModelArchitecture: card.get("model_details.type"), Data: []dataset{{
		Name: a.Source.Name, Description: card.get("evaluation_data.motivation"), Sensitive: &sensible{a.Settings.Groups},
	}}}
	if text := card.get("training_data.description"); text != "" {
		c.ModelParameters.Data = append(c.ModelParameters.Data, dataset{Name: "training data", Description: text})
	}
	for _, g := range append([]audit.Group{a.Overall}, a.Groups...) {
		slice := ""
		if len(g.By) > 0 {
			slice = byName(g.By) + ": " + g.Name()
		}
		for _, m := range g.Metrics {
			if m.Defined() {
				c.QuantitativeAnalysis.PerformanceMetrics = append(c.QuantitativeAnalysis.PerformanceMetrics, performanceMetric{m.Metric, m.Value, slice})
			}
		}
	}
	c.Considerations = considerations{
		Users:       describe(card, "intended_use.primary_users"),
		UseCases:    describe(card, "intended_use.primary_uses"),
		Limitations: append(describe(card, "intended_use.out_of_scope"), describe(card, "caveats.text")...),
	}
	for _, text := range card.text["ethical_considerations.risks"] {
		c.Considerations.EthicalConsiderations = append(c.Considerations.EthicalConsiderations, risk{text})
	}
	return c
}

func details(card Card) modelDetails {
	d := modelDetails{Name: card.get("model_details.name"), Overview: card.get("model_details.overview")}
	if name := card.get("model_details.owners"); name != "" {
		d.Owners = []owner{{name, card.get("model_details.contact")}}
	}
	if v := (version{card.get("model_details.version"), card.get("model_details.date")}); v != (version{}) {
		d.Version = &v
	}
	if text := card.get("model_details.license"); text != "" {
		l := customLicense{CustomText: text}
		if spdx(text) {
			l = customLicense{Identifier: text}
		}
		d.Licenses = []customLicense{l}
	}
	for _, text := range card.text["model_details.references"] {
		d.References = append(d.References, reference{text})
	}
	for _, text := range card.text["model_details.citation"] {
		d.Citations = append(d.Citations, citation{text})
	}
	return d
}

// spdx reports whether a text looks like an identifier of a license, not like a sentence.
func spdx(text string) bool { return len(text) <= 40 && !strings.ContainsAny(text, " \n") }

func describe(card Card, key string) []described {
	var all []described
	for _, text := range card.text[key] {
		all = append(all, described{text})
	}
	return all
}

// header is the metadata that stands above a Markdown card on Hugging Face.
type header struct {
	License     string   `yaml:"license,omitempty"`
	LicenseName string   `yaml:"license_name,omitempty"`
	Tags        []string `yaml:"tags"`
	Metrics     []string `yaml:"metrics"`
	ModelIndex  []index  `yaml:"model-index"`
}

type index struct {
	Name    string   `yaml:"name"`
	Results []result `yaml:"results"`
}

type result struct {
	Task    task           `yaml:"task"`
	Dataset resultData     `yaml:"dataset"`
	Metrics []resultMetric `yaml:"metrics"`
}

type task struct {
	Type string `yaml:"type"`
}

type resultData struct {
	Name string `yaml:"name"`
	Type string `yaml:"type"`
}

type resultMetric struct {
	Type  string  `yaml:"type"`
	Name  string  `yaml:"name"`
	Value float64 `yaml:"value"`
}

// onHub are the metrics that have a name on Hugging Face.
var onHub = map[string]string{"accuracy": "accuracy", "tpr": "recall", "ppv": "precision"}

// WriteMarkdownCard writes the report as Markdown with Hugging Face's header of metadata, as a README.md of a model.
func WriteMarkdownCard(w io.Writer, a *audit.Audit, o Options) error {
	h := header{Tags: []string{"model-audit"}, Metrics: []string{"accuracy"}}
	if text := o.Card.get("model_details.license"); spdx(text) {
		h.License = strings.ToLower(text)
	} else {
		h.License, h.LicenseName = "other", text
	}
	r := result{Task: task{"other"}, Dataset: resultData{a.Source.Name, "other"}}
	for _, m := range a.Overall.Metrics {
		if m.Defined() {
			kind := onHub[m.Metric]
			if kind == "" {
				kind = m.Metric
			}
			r.Metrics = append(r.Metrics, resultMetric{kind, title(m.Metric), m.Value})
		}
	}
	name := o.Card.get("model_details.name")
	if name == "" {
		name = a.Source.Name
	}
	h.ModelIndex = []index{{name, []result{r}}}
	text, err := yaml.Marshal(h)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if _, err := fmt.Fprintf(w, "---\n%s---\n\n", text); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return Of(a, o).WriteMarkdown(w)
}
