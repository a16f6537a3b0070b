package main

import (
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// shellCommand is what to type to run this program with some arguments.
func shellCommand(args ...string) string {
	words := append([]string{os.Args[0]}, args...)
	for i, w := range words {
		if w == "" || strings.ContainsAny(w, " \t\n'\"\\$`&|;<>()*?[]{}!#~") {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// changedFlags are the flags that were given, as arguments that give them again.
func changedFlags(flags *pflag.FlagSet, without ...string) []string {
	skip := map[string]bool{}
	for _, name := range without {
		skip[name] = true
	}
	var args []string
	flags.Visit(func(f *pflag.Flag) {
		if skip[f.Name] {
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok && f.Value.Type() == "stringArray" {
			for _, v := range list.GetSlice() {
				args = append(args, "--"+f.Name+"="+v)
			}
			return
		}
		value := f.Value.String()
		if list, ok := f.Value.(pflag.SliceValue); ok {
			value = strings.Join(list.GetSlice(), ",") // its String has brackets around it
		}
		if value == "true" && f.Value.Type() == "bool" {
			args = append(args, "--"+f.Name)
			return
		}
		args = append(args, "--"+f.Name+"="+value)
	})
	return args
}
