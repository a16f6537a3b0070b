package race

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/atelier-go/atelier/atomicfile"
)

// written is the JSON of an entry of training, its fields in the order of DAWNBench's description.
type written struct {
	Version     string  `json:"version"`
	Author      string  `json:"author"`
	AuthorEmail string  `json:"authorEmail"`
	Framework   string  `json:"framework"`
	CodeURL     string  `json:"codeURL,omitempty"`
	Model       string  `json:"model"`
	Hardware    string  `json:"hardware"`
	CostPerHour float64 `json:"costPerHour,omitempty"`
	Date        string  `json:"timestamp"`
	Log         string  `json:"logFilename,omitempty"`
	Blacklist   bool    `json:"usedBlacklist,omitempty"`
	Misc        any     `json:"misc"`
}

// Write writes an entry of training to its File and the TSV beside it, each whole or not at all, the TSV first: a JSON
// file never speaks of epochs that are not there.
func (e *Entry) Write() error {
	if e.Progress == nil {
		return errors.New("race: only entries of training are written")
	}
	misc := any(struct{}{})
	if e.Notes != nil {
		misc = e.Notes
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "    ")
	err := enc.Encode(written{
		version, e.Author, e.AuthorEmail, e.Framework, e.CodeURL, e.Model, e.Hardware, e.CostPerHour, e.Date, e.Log, e.UsedBlacklist, misc,
	})
	if err != nil {
		return err
	}
	if err := atomicfile.Write(tsvOf(e.File), e.Progress.WriteTSV); err != nil {
		return err
	}
	return atomicfile.Write(e.File, func(w io.Writer) error {
		_, err := w.Write(text.Bytes())
		return err
	})
}
