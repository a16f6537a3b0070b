package style

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// TraceLine is a line of a trace: a JSON object for each iteration.
type TraceLine struct {
	Scale     int                `json:"scale"` // from 1
	Height    int                `json:"height"`
	Width     int                `json:"width"`
	Iteration int                `json:"iteration"` // of the scale, from 1
	Total     float64            `json:"loss"`
	Content   float64            `json:"content"`
	Style     float64            `json:"style"`
	TV        float64            `json:"tv"`
	Parts     map[string]float64 `json:"parts"`
	Seconds   float64            `json:"seconds"` // since the painting began, or went on
}

// writeTrace writes a line. A loss that is not finite, which JSON has no numbers for, is left out: the painting starts again or
// ends there.
func writeTrace(w io.Writer, s Step) error {
	if w == nil {
		return nil
	}
	line, err := json.Marshal(TraceLine{Scale: s.Scale, Height: s.Height, Width: s.Width, Iteration: s.Iteration,
		Total: s.Losses.Total, Content: s.Losses.Content, Style: s.Losses.Style, TV: s.Losses.TV, Parts: s.Losses.Parts,
		Seconds: s.Elapsed.Seconds()})
	if err != nil {
		return fmt.Errorf("style: trace: %w", err)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("style: trace: %w", err)
	}
	return nil
}

// ReadTrace reads a trace. A last line that was cut off, as by a full disk, is left out.
func ReadTrace(r io.Reader) ([]TraceLine, error) {
	var all []TraceLine
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		text, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, fmt.Errorf("style: trace: %w", err)
		}
		var line TraceLine
		if err := json.Unmarshal(text, &line); err != nil {
			return all, fmt.Errorf("style: line %d of the trace: %w", n, err)
		}
		all = append(all, line)
	}
}
