package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/table"
)

// explained adds to an error about rows the flag that may help. The flags are those of an audit.
func (f *auditFlags) explained(err error) error {
	hint := f.hint(err)
	switch {
	case hint == "":
		return err
	case strings.HasSuffix(err.Error(), "?"):
		return fmt.Errorf("%w %s", err, hint)
	}
	return fmt.Errorf("%w; %s", err, hint)
}

func (f *auditFlags) hint(err error) string {
	var missing *table.MissingColumnError
	var values *table.TooManyValuesError
	var unclear *audit.UnclearError
	switch {
	case errors.As(err, &missing):
		return missingHint(missing, f.comma)
	case errors.As(err, &values):
		if values.Name == f.options.Label || values.Name == f.options.Prediction {
			return "labels and predictions have few classes; numbers are for --score"
		}
		if values.Limit < table.MostValues {
			return fmt.Sprintf("--max-values allows more, up to %d", table.MostValues)
		}
		return "group its values first"
	case errors.As(err, &unclear):
		if len(f.options.Positive) > 0 || len(f.options.PredictedPositive) > 0 || strings.Contains(err.Error(), "predictions") {
			return "--positive and --predicted-positive say so"
		}
		return "--positive says so"
	}
	return ""
}

// missingHint says why a column that a file seems to have may not be found.
func missingHint(missing *table.MissingColumnError, comma string) string {
	for _, other := range []string{";", "\t", "|", ","} {
		flag := other
		if other == "\t" {
			flag = "tab"
		}
		if len(missing.Have) == 1 && flag != comma && strings.Contains(missing.Have[0], other) {
			return fmt.Sprintf("fields seem to be separated by %q: --comma %q", other, flag)
		}
	}
	if strings.ContainsFunc(strings.Join(missing.Have, ""), func(r rune) bool { return r == '\r' }) {
		return "lines end with a carriage return alone: write them with newlines"
	}
	if slices.ContainsFunc(missing.Have, func(name string) bool { return strings.TrimSpace(name) == missing.Name }) {
		return "--trim drops the spaces around names and values"
	}
	return ""
}
