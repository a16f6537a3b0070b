package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// WriteMarkdown writes the document as Markdown, with pipe tables and without figures.
func (d *Document) WriteMarkdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# %s\n", escape(d.Title))
	if d.Subtitle != "" {
		fmt.Fprintf(b, "\n%s\n", escape(d.Subtitle))
	}
	for _, s := range d.Sections {
		fmt.Fprintf(b, "\n## %s\n", escape(s.Title))
		markdownBlocks(b, s.Blocks)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func markdownBlocks(b *bufio.Writer, blocks []Block) {
	for _, block := range blocks {
		switch block := block.(type) {
		case Text:
			markdownText(b, block)
		case List:
			b.WriteString("\n")
			for _, item := range block {
				fmt.Fprintf(b, "- %s\n", escape(item))
			}
		case Table:
			markdownTable(b, block)
		case Fields:
			markdownFields(b, block)
		case Columns:
			for _, column := range block {
				markdownBlocks(b, column)
			}
		}
	}
}

func markdownText(b *bufio.Writer, t Text) {
	switch t.Style {
	case Finding, Caution, Quiet:
		fmt.Fprintf(b, "\n> %s\n", escape(t.Text))
	default:
		fmt.Fprintf(b, "\n%s\n", escape(t.Text))
	}
}

func markdownTable(b *bufio.Writer, t Table) {
	fmt.Fprintf(b, "\n**%s**\n\n|", escape(t.Caption))
	for _, c := range t.Columns {
		fmt.Fprintf(b, " %s |", escape(c.Title))
	}
	b.WriteString("\n|")
	for _, c := range t.Columns {
		if c.Number {
			b.WriteString("---:|")
		} else {
			b.WriteString("---|")
		}
	}
	b.WriteString("\n")
	for _, row := range t.Rows {
		b.WriteString("|")
		for _, c := range row.Cells {
			text := escape(c.joined())
			if row.Small && text != "" {
				text = "*" + text + "*"
			}
			fmt.Fprintf(b, " %s |", text)
		}
		b.WriteString("\n")
	}
	for _, note := range t.Notes {
		fmt.Fprintf(b, "\n%s\n", escape(note))
	}
}

func markdownFields(b *bufio.Writer, f Fields) {
	if f.Caption != "" {
		fmt.Fprintf(b, "\n### %s\n", escape(f.Caption))
	}
	for _, field := range f.Fields {
		fmt.Fprintf(b, "\n**%s**\n", escape(field.Name))
		for _, text := range field.Text {
			fmt.Fprintf(b, "\n%s\n", escape(text))
		}
		if len(field.Text) == 0 {
			fmt.Fprintf(b, "\n**Missing.** %s\n", escape(field.Hint))
		}
	}
}

// joined is the text of a cell and what stands below it.
func (c Cell) joined() string {
	if c.Sub == "" {
		return c.Text
	}
	return strings.TrimSpace(c.Text + " " + c.Sub)
}

// escape makes a text one line in which nothing is markup.
func escape(s string) string {
	var b strings.Builder
	for i, r := range strings.Join(strings.Fields(s), " ") {
		switch {
		case strings.ContainsRune("\\`*_[]<>|~&", r), i == 0 && strings.ContainsRune("#+-=", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsControl(r):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
