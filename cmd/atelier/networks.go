package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/atomicfile"
	"github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/zoo"
)

// networkFlags are what networks are counted for.
type networkFlags struct{ size, channels, classes int }

func (f *networkFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&f.size, "size", 224, "height and width of the pictures in `pixels`")
	flags.IntVar(&f.channels, "channels", 3, "`channels` of the pictures")
	flags.IntVar(&f.classes, "classes", 1000, "`classes` to tell apart")
}

func (f networkFlags) check() error {
	if min(f.size, f.channels, f.classes) < 1 {
		return usagef("models: --size %d, --channels %d, --classes %d: want 1 or more", f.size, f.channels, f.classes)
	}
	return nil
}

// network is a row of the table.
type network struct {
	Name  string `json:"name"`
	Model string `json:"model"` // with its stem and head
	zoo.Counts
	Groups [][]string `json:"groups"`
	Error  string     `json:"error,omitempty"` // why it cannot take such pictures
}

// networkTable prints every network that has a name.
func networkTable(w io.Writer, f networkFlags, asJSON bool) error {
	if err := f.check(); err != nil {
		return err
	}
	backend, err := compute.NewWithConfig(cpu.Name)
	if err != nil {
		return err
	}
	defer backend.Finalize()
	var rows []network
	for _, name := range zoo.Backbones() {
		m, err := zoo.ByName(name, f.classes)
		if err != nil {
			return err
		}
		row := network{Name: name, Model: m.Name(), Groups: m.Groups()}
		if err := m.Check(f.size, f.size, f.channels); err != nil {
			row.Error = err.Error()
		} else if row.Counts, err = zoo.Count(backend, m, f.size, f.size, f.channels); err != nil {
			row.Error = err.Error()
		}
		rows = append(rows, row)
	}
	if asJSON {
		return writeJSON(w, rows)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "name\tparameters\tMACs\tactivations\tgroups\tstem+backbone+head")
	for _, r := range rows {
		if r.Error != "" {
			fmt.Fprintf(t, "%s\t\t\t\t%d\t%s\n", r.Name, len(r.Groups), r.Error)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", r.Name, grouped(r.Parameters), grouped(r.MACs), grouped(r.Activations), len(r.Groups), r.Model)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nAny of them goes with any stem and head, as STEM+BACKBONE+HEAD:\nstems  %s\nheads  %s\n",
		strings.Join(zoo.Stems(), " "), strings.Join(zoo.Heads(), " "))
	return err
}

// grouped writes a number with a comma before every three digits.
func grouped(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// showNetwork draws a network as text, and as an SVG where svg names a file.
func showNetwork(w io.Writer, name string, f networkFlags, svg string) error {
	if err := f.check(); err != nil {
		return err
	}
	m, err := zoo.ByName(name, f.classes)
	if err != nil {
		return &usageError{err}
	}
	backend, err := compute.NewWithConfig(cpu.Name)
	if err != nil {
		return err
	}
	defer backend.Finalize()
	pieces, err := zoo.Pieces(backend, m, f.size, f.size, f.channels)
	if err != nil {
		return err
	}
	if svg != "" {
		return atomicfile.Write(svg, func(w io.Writer) error { return drawNetwork(w, m, f, pieces) })
	}
	return writeNetwork(w, m, f, pieces)
}

// writeNetwork draws pieces one below the other, between them what is handed over.
func writeNetwork(w io.Writer, m zoo.Model, f networkFlags, pieces []zoo.Piece) error {
	var total zoo.Counts
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\npictures %dx%d, %d channels\n", m.Name(), f.size, f.size, f.channels)
	fmt.Fprintln(t, "│\tpart\thands over\tstride\tlayers\tparameters\tMACs\tactivations\tgroup")
	layers := 0
	for i, p := range pieces {
		layers += p.Layers
		total.Parameters, total.MACs, total.Activations = total.Parameters+p.Parameters, total.MACs+p.MACs, total.Activations+p.Activations
		branch, stride := "├─ ", fmt.Sprint(p.Shape.Stride)
		if i == len(pieces)-1 {
			branch, stride = "└─ ", ""
		}
		fmt.Fprintf(t, "%s%s\t%s\t%dx%dx%d\t%s\t%d\t%s\t%s\t%s\t%s\n", branch, p.Name, p.Part, p.Shape.H, p.Shape.W, p.Shape.C, stride, p.Layers,
			grouped(p.Parameters), grouped(p.MACs), grouped(p.Activations), groupsOf(p))
	}
	fmt.Fprintf(t, "all\t\t\t\t%d\t%s\t%s\t%s\t%d\n", layers, grouped(total.Parameters), grouped(total.MACs), grouped(total.Activations), len(m.Groups()))
	return t.Flush()
}

// groupsOf are the layer groups that a piece is in, the input's 1: "1 and 2" where it is cut.
func groupsOf(p zoo.Piece) string {
	var words []string
	for _, g := range p.Groups {
		words = append(words, strconv.Itoa(g+1))
	}
	return strings.Join(words, " and ")
}

// drawNetwork draws a box for what each piece hands over: its height goes with the root of the places' number, its width with the
// channels'.
func drawNetwork(w io.Writer, m zoo.Model, f networkFlags, pieces []zoo.Piece) error {
	const rowHeight, left, boxes = 64, 20, 180
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="%d" font-family="sans-serif" font-size="13">`+"\n",
		rowHeight*(len(pieces)+1)+40)
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	text := func(x, y int, s string) {
		fmt.Fprintf(&b, `<text x="%d" y="%d">`, x, y)
		_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
		b.WriteString("</text>\n")
	}
	text(left, 24, m.Name())
	widest := f.channels
	for _, p := range pieces {
		widest = max(widest, p.Shape.C)
	}
	box := func(row int, s zoo.Shape, colour, name, numbers string) {
		y := 40 + row*rowHeight
		width := max(4, int(boxes*math.Sqrt(float64(s.C)/float64(widest))))
		height := max(4, int(float64(rowHeight-14)*math.Sqrt(float64(s.H)/float64(f.size))))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s" stroke="black"/>`+"\n", left+(boxes-width)/2, y, width, height, colour)
		text(left+boxes+20, y+16, name)
		text(left+boxes+20, y+34, numbers)
	}
	colours := []string{"#cfe3f5", "#fbe0b8", "#d5ecc8", "#f0d0dc"}
	box(0, zoo.Shape{H: f.size, W: f.size, C: f.channels}, "white", "pictures", fmt.Sprintf("%dx%dx%d", f.size, f.size, f.channels))
	for i, p := range pieces {
		box(i+1, p.Shape, colours[p.Groups[0]%len(colours)], fmt.Sprintf("%s (%s), group %s", p.Name, p.Part, groupsOf(p)),
			fmt.Sprintf("%dx%dx%d, layers: %d, %s parameters, %s MACs", p.Shape.H, p.Shape.W, p.Shape.C, p.Layers, grouped(p.Parameters), grouped(p.MACs)))
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}
