package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/atelier-go/atelier/atomicfile"
	"github.com/atelier-go/atelier/audit/report"
)

// reportFlags say in which formats to write what was found.
type reportFlags struct {
	files          []string
	json, markdown bool
}

func (f *reportFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.files, "report", nil, "write a report to a `file`: .html, .md, .json or .txt (repeatable)")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	flags.BoolVar(&f.markdown, "md", false, "print Markdown")
}

// check refuses files of unknown formats before any work is done.
func (f *reportFlags) check(command string) error {
	if f.json && f.markdown {
		return usagef("%s: --json and --md: want one of them", command)
	}
	for _, file := range f.files {
		if (reported{}).as(filepath.Ext(file)) == nil {
			return usagef("%s: --report %s: want a name that ends in .html, .md, .json or .txt", command, file)
		}
	}
	return nil
}

// reported is what a command found, in all formats.
type reported struct {
	document *report.Document
	terminal *report.Document // what a terminal shows; nil means all
	json     any
	// markdown and jsonTo write these formats in a way of their own, unless they are nil.
	markdown, jsonTo func(io.Writer) error
}

// as is the way to write the format of a file's ending, nil for unknown ones.
func (r reported) as(ending string) func(io.Writer) error {
	switch strings.ToLower(ending) {
	case ".html", ".htm":
		return func(w io.Writer) error { return r.document.WriteHTML(w) }
	case ".md":
		if r.markdown != nil {
			return r.markdown
		}
		return func(w io.Writer) error { return r.document.WriteMarkdown(w) }
	case ".json":
		if r.jsonTo != nil {
			return r.jsonTo
		}
		return func(w io.Writer) error { return writeJSON(w, r.json) }
	case ".txt":
		return func(w io.Writer) error { return r.document.WriteText(w) }
	}
	return nil
}

// write writes the files, then prints: JSON or Markdown if asked for, else text.
func (f *reportFlags) write(stdout io.Writer, r reported) error {
	for _, file := range f.files {
		if err := atomicfile.Write(file, r.as(filepath.Ext(file))); err != nil {
			return err
		}
	}
	switch {
	case f.json:
		return r.as(".json")(stdout)
	case f.markdown:
		return r.as(".md")(stdout)
	case r.terminal == nil:
		return r.as(".txt")(stdout)
	}
	if err := r.terminal.WriteText(stdout); err != nil {
		return err
	}
	last := "Everything, with charts: --report page.html"
	if len(f.files) > 0 {
		last = "Everything is in " + strings.Join(f.files, ", ")
	}
	_, err := fmt.Fprintf(stdout, "\n%s\n", last)
	return err
}
