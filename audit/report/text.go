package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

const textWidth = 100 // of paragraphs

// WriteText writes the document for a terminal: aligned tables, no figures. Of fields only the names of the missing ones
// are written.
func (d *Document) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s\n", plain(d.Title))
	if d.Subtitle != "" {
		textParagraph(b, "", d.Subtitle)
	}
	for _, s := range d.Sections {
		fmt.Fprintf(b, "\n%s\n", strings.ToUpper(plain(s.Title)))
		textBlocks(b, s.Blocks)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func textBlocks(b *bufio.Writer, blocks []Block) {
	for _, block := range blocks {
		switch block := block.(type) {
		case Text:
			textParagraph(b, "", block.Text)
		case List:
			for _, item := range block {
				textParagraph(b, "- ", item)
			}
		case Table:
			textTable(b, block)
		case Fields:
			textFields(b, block)
		case Columns:
			for _, column := range block {
				textBlocks(b, column)
			}
		}
	}
}

// textParagraph writes words in lines of at most textWidth, the first after a bullet and the others indented as far.
func textParagraph(b *bufio.Writer, bullet, text string) {
	b.WriteString(bullet)
	width := utf8.RuneCountInString(bullet)
	used := width
	for i, word := range strings.Fields(plain(text)) {
		length := utf8.RuneCountInString(word)
		if i > 0 {
			if used+1+length > textWidth {
				fmt.Fprintf(b, "\n%*s", width, "")
				used = width
			} else {
				b.WriteByte(' ')
				used++
			}
		}
		b.WriteString(word)
		used += length
	}
	b.WriteByte('\n')
}

func textTable(b *bufio.Writer, t Table) {
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = utf8.RuneCountInString(plain(c.Title))
		for _, row := range t.Rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(plain(row.Cells[i].joined())))
		}
	}
	fmt.Fprintf(b, "\n%s\n", plain(t.Caption))
	var line strings.Builder
	end := func() {
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
		line.Reset()
	}
	put := func(i int, text string) {
		space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
		if t.Columns[i].Number {
			line.WriteString("  " + space + text)
		} else {
			line.WriteString("  " + text + space)
		}
	}
	for i, c := range t.Columns {
		put(i, plain(c.Title))
	}
	end()
	for _, row := range t.Rows {
		for i, c := range row.Cells {
			put(i, plain(c.joined()))
		}
		end()
	}
	for _, note := range t.Notes {
		textParagraph(b, "", note)
	}
}

func textFields(b *bufio.Writer, f Fields) {
	var missing []string
	for _, field := range f.Fields {
		if len(field.Text) == 0 {
			missing = append(missing, field.Name)
		}
	}
	if len(missing) > 0 {
		name := f.Caption
		if name != "" {
			name += ": "
		}
		textParagraph(b, "", name+"missing are "+enumerate(missing))
	}
}

// plain replaces what would move a terminal's cursor or change its colours.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			if r == '\n' || r == '\t' {
				return ' '
			}
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
