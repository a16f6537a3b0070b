package style

import (
	"bufio"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// Bytes that a process has before it paints: the program, its runtime, and what a graph takes whatever its size.
const (
	processBytes = 64 << 20
	programBytes = 32 << 20 // of them, those that Go's runtime has no part in
	graphBytes   = 8 << 20
	float        = 4
	guideBytes   = 3 * float // of a position of a guide: its own, what a graph takes, its root
)

// usual is the memory that is assumed where the system does not tell.
const usual = 4 << 30

// memoryBound is the bound to keep, 0 for none.
func (o Options) memoryBound() int64 {
	switch {
	case o.MaxMemory > 0:
		return o.MaxMemory
	case o.MaxMemory < 0:
		return 0
	}
	return machineMemory() / 2
}

// machineMemory is how much the machine has, as far as the system says.
func machineMemory() int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return usual
	}
	defer func() { _ = f.Close() }() // only read
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			if err == nil {
				return kb << 10
			}
		}
	}
	return usual
}

// bytesAt is the memory that painting at a size takes: the features that the gradient needs, pictures and the optimizer's.
func (o Options) bytesAt(h, w int, tile Tile, history int) (int64, error) {
	spec := o.spec()
	graph, err := o.graphBytes(spec, h, w, tile)
	if err != nil {
		return 0, err
	}
	// The style pictures are measured before it, with another graph.
	one := spec
	one.Content = 0
	for _, s := range o.Styles {
		if spec.style() == nil {
			break
		}
		sh, sw := o.styleSize(s.Picture, max(h, w))
		bytes, err := o.graphBytes(one, sh, sw, tile)
		if err != nil {
			return 0, err
		}
		graph = max(graph, bytes)
	}
	return processBytes + o.weightBytes() + graph + o.hostBytes(h, w, history), nil
}

// graphBytes are those of the largest graph: each layer's features once, once more the largest for their gradient, the
// window and its gradient, and the content's features, of a window or of all.
func (o Options) graphBytes(spec Spec, h, w int, tile Tile) (int64, error) {
	var used []Layer
	for _, l := range append(append([]LayerWeight{}, spec.style()...), spec.content()...) {
		layer, err := o.Network.layer(l.Layer)
		if err != nil {
			return 0, err
		}
		used = append(used, layer)
	}
	layout, err := newLayout(used, h, w, tile)
	if err != nil {
		return 0, err
	}
	deepest := 0
	for _, l := range used {
		deepest = max(deepest, l.Receptive)
	}
	perPixel := func(l Layer) float64 { return float * float64(l.Channels) / float64(l.Stride*l.Stride) }
	all, largest := 24., 0.
	for _, l := range o.Network.Layers() {
		if l.Receptive <= deepest {
			all += perPixel(l)
			largest = max(largest, perPixel(l))
		}
	}
	all += largest
	// With masks each region has the style layers' features times its guide, and the guide; tiles have theirs likewise.
	guides := o.maskedRegions()
	if len(layout.tiles) > 1 {
		guides = max(1, guides)
	}
	for _, l := range used[:len(spec.style())] {
		all += float64(guides) * (perPixel(l) + guideBytes/float64(l.Stride*l.Stride))
	}
	fixed := 0.
	if _, ok := spec.has(Histogram); ok {
		// Features leave their graph to be counted, and are moved; counts are fine, and take more until they are collected.
		all += largest
		for _, l := range used[:len(spec.style())] {
			all += perPixel(l)
			fixed += 3 * 8 * fineBins * float64(l.Channels)
		}
	}
	if spec.content() != nil {
		windows := 1.
		if tile.Keep {
			windows = float64(len(layout.tiles))
		}
		for _, l := range used[len(spec.style()):] {
			all += windows * perPixel(l)
		}
	}
	return graphBytes + int64(fixed+all*float64(layout.windowH*layout.windowW)), nil
}

// maskedRegions is the number of regions, 0 where there is one without a mask.
func (o Options) maskedRegions() int {
	n := len(o.masks())
	if n > 0 && slices.ContainsFunc(o.Styles, func(s StyleInput) bool { return s.Mask == nil }) {
		n++
	}
	return n
}

func (o Options) weightBytes() int64 {
	total := int64(0)
	for v := range o.Network.Store.IterVariables() {
		total += int64(v.Shape().ByteSize())
	}
	return total
}

// hostBytes are those of pictures and of the optimizer.
func (o Options) hostBytes(h, w, history int) int64 {
	const picture = 3 * float
	perPixel := 2 * picture // the content at this size, and the painting as it is shown and written
	if o.PreserveColour == LuminanceMatch {
		perPixel += picture // the content in grey
	}
	switch o.Optimizer {
	case Adam:
		perPixel += 5 * picture // pixels, gradient, moments, average
	case LBFGS:
		perPixel += (5 + 2*history) * picture
	}
	inputs := int64(o.Content.H*o.Content.W) + int64(o.InitPicture.H*o.InitPicture.W)
	for _, s := range o.Styles {
		inputs += 2 * int64(s.Picture.H*s.Picture.W)
	}
	return int64(h*w)*int64(perPixel) + inputs*picture
}

// limitHeap makes Go's collector keep to what MaxMemory leaves beside the graphs of a plan, until undo is called.
func (o Options) limitHeap(p Plan) (undo func(), err error) {
	if o.MaxMemory <= 0 {
		return func() {}, nil
	}
	var limit int64 = math.MaxInt64
	for _, s := range p.Scales {
		graph, err := o.graphBytes(o.spec(), s.Height, s.Width, s.tile())
		if err != nil {
			return nil, err
		}
		limit = min(limit, max(o.MaxMemory-graph-o.weightBytes()-programBytes, o.hostBytes(s.Height, s.Width, p.History)+graphBytes))
	}
	old := debug.SetMemoryLimit(limit)
	return func() {
		debug.FreeOSMemory() // what is garbage now does not count against what comes
		debug.SetMemoryLimit(old)
	}, nil
}
