package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"
)

// result is a picture that was judged.
type result struct {
	Pair    string  `json:"pair"`
	Network string  `json:"network"`
	Hash    string  `json:"hash,omitempty"` // of the network
	Content float64 `json:"content_weight"`
	S       float64 `json:"style_distance"`
	C       float64 `json:"content_distance"`
	Seconds float64 `json:"seconds"` // of painting
	// Settings are the options that it was painted with, with the content weight.
	Settings json.RawMessage `json:"settings,omitempty"`
}

// results are those of a file, a line of JSON each.
type results struct {
	path string
	all  []*result
}

// readResults reads what was done; a file that is not there has nothing.
func readResults(path string) (results, error) {
	rs := results{path: path}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return rs, nil
	} else if err != nil {
		return rs, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		r := &result{}
		if err := json.Unmarshal(lines.Bytes(), r); err != nil {
			return rs, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		rs.all = append(rs.all, r)
	}
	return rs, lines.Err()
}

// find is a result for the same pair, network and settings, nil if there is none.
func (rs *results) find(like result) *result {
	for _, r := range rs.all {
		if r.Pair == like.Pair && r.Network == like.Network && r.Hash == like.Hash && bytes.Equal(r.Settings, like.Settings) {
			return r
		}
	}
	return nil
}

// add appends a result to the file.
func (rs *results) add(r result) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(rs.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	rs.all = append(rs.all, &r)
	return nil
}

// best is the painting of a network whose content distance is nearest to an aim, nil if there is none.
func (rs *results) best(pair, network string, aim float64) *result {
	var best *result
	for _, r := range rs.all {
		if r.Pair != pair || r.Network != network {
			continue
		}
		if best == nil || math.Abs(math.Log(r.C/aim)) < math.Abs(math.Log(best.C/aim)) {
			best = r
		}
	}
	return best
}

// judges is the judge's own painting: that nearest to the content distance aimed at, or where there is none its first.
func (rs *results) judges(pair string, aim float64) *result {
	if aim > 0 {
		return rs.best(pair, judgeName, aim)
	}
	for _, r := range rs.all {
		if r.Pair == pair && r.Network == judgeName {
			return r
		}
	}
	return nil
}

// table is a line for each pair, in Markdown: what remains of S with each network, and what part of the judge's reduction
// of S that is.
func (rs *results) table(pairs []pair, aim float64) string {
	var b strings.Builder
	b.WriteString("| pair | S before | VGG-19: S | C | embedded: S | C | of the reduction | random: S | C | of the reduction |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	for _, p := range pairs {
		before, judge := rs.find(result{Pair: p.name(), Network: unpainted}), rs.judges(p.name(), aim)
		if before == nil || judge == nil {
			continue
		}
		fmt.Fprintf(&b, "| %s | %.3f | %.4f | %.3f |", p.name(), before.S, judge.S, judge.C)
		for _, network := range []string{embeddedName, randomName} {
			r := rs.best(p.name(), network, judge.C)
			if r == nil {
				b.WriteString(" | | |")
				continue
			}
			fmt.Fprintf(&b, " %.4f | %.3f | %.1f %% |", r.S, r.C, 100*(before.S-r.S)/(before.S-judge.S))
		}
		b.WriteString("\n")
	}
	return b.String()
}
