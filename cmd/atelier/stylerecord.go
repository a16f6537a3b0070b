package main

import (
	"fmt"
	"math"

	"github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/imageio"
	"github.com/atelier-go/atelier/style"
)

// sources are what a painting is made of, for its record.
type sources struct {
	network style.Source
	content *input // nil where there is none
	styles  []*input
	masks   []*maskInput // nil where a style has none
	init    *input       // nil unless painting starts from a picture
}

func (in *input) source() style.Source { return style.Source{Name: in.name, SHA256: in.hash} }

// metadata is what the painting's file says about it.
func (p *painting) metadata(o style.Options, result *style.Result, q style.Quality) (imageio.Metadata, error) {
	r := style.Record{
		Program: versionLine(), Options: o, Plan: result.Plan, Network: p.sources.network, Pooling: p.f.pooling,
		Precision: p.f.usedPrecision(), Machine: p.f.machine(), Quality: q, Seconds: result.Elapsed.Seconds(),
	}
	if c := p.sources.content; c != nil {
		s := c.source()
		r.Content = &s
	}
	for i, in := range p.sources.styles {
		r.Styles = append(r.Styles, in.source())
		var mask *style.Source
		if m := p.sources.masks[i]; m != nil {
			mask = &style.Source{Name: m.name, SHA256: m.hash}
		}
		r.Masks = append(r.Masks, mask)
	}
	if in := p.sources.init; in != nil {
		s := in.source()
		r.Init = &s
	}
	text, err := r.Text()
	return imageio.Metadata{Text: text, Synthetic: true}, err
}

// checkRecord says before there is a painting that its record will not fit into the file. What only the painting can tell
// counts as long as it can be.
func (p *painting) checkRecord(o style.Options) error {
	const longest = -math.MaxFloat64
	result := &style.Result{Elapsed: math.MaxInt64}
	if o.Plan != nil {
		result.Plan = *o.Plan
	}
	metadata, err := p.metadata(o, result, style.Quality{Style: longest, Content: longest, SSIM: longest})
	if err != nil {
		return err
	}
	return imageio.CheckWrite(p.out, imageio.WriteOptions{Bits: p.bits, Quality: p.f.quality, Metadata: metadata})
}

// usedPrecision is that of the backend's settings, wherever in them it is.
func (f *recipeFlags) usedPrecision() string {
	c, err := cpu.ParseConfig(f.settings())
	if err != nil {
		return ""
	}
	return c.Precision
}

// machine names the processor and the instructions that are used: bits are equal on the same.
func (f *recipeFlags) machine() string {
	d := cpu.Probe()
	level := f.isa
	for _, l := range d.Levels {
		if level == "" && l.Chosen {
			level = l.Name
		}
	}
	return fmt.Sprintf("%s, %s/%s, %s", d.Processor, d.OS, d.Arch, level)
}
