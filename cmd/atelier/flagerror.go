package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/atelier-go/atelier/nearest"
)

// wanted says in words what flags of a type take; other types say it themselves.
var wanted = map[string]string{
	"bool":         "true or false",
	"int":          "a whole number",
	"uint64":       "a whole number that is not negative",
	"float64":      "a number",
	"duration":     "a time, as 90s, 10m or 1h30m",
	"intSlice":     "whole numbers, as 60,50,40",
	"float64Slice": "numbers, as 2,1",
}

// flagError puts into words what is wrong with a flag, and names the flag that is likely to be meant by one that there is
// not.
func flagError(cmd *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		flag := invalid.GetFlag()
		if want, ok := wanted[flag.Value.Type()]; ok {
			return fmt.Errorf("--%s is %q: want %s", flag.Name, invalid.GetValue(), want)
		}
	}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && unknown.GetSpecifiedShortnames() == "" {
		if name := nearestFlag(cmd.Flags(), unknown.GetSpecifiedName()); name != "" {
			return fmt.Errorf("%w; did you mean --%s?", err, name)
		}
	}
	return err
}

// farthest is how many letters of a flag's name may be wrong for it to be the one that was meant.
const farthest = 2

// nearestFlag is the flag with the nearest name, where a beginning is one letter away; empty where there is none.
func nearestFlag(flags *pflag.FlagSet, name string) string {
	best, least := "", min(farthest+1, len(name))
	flags.VisitAll(func(f *pflag.Flag) {
		d := nearest.Distance(name, f.Name)
		if len(name) > farthest && strings.HasPrefix(f.Name, name) {
			d = 1
		}
		if d < least && !f.Hidden {
			best, least = f.Name, d
		}
	})
	return best
}
