package style

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Objective is the loss of pictures of one size, and its gradient. It is not safe for concurrent use.
type Objective struct {
	net            *Network
	spec           Spec
	h, w           int
	layout         layout
	style, content []Layer
	means          bool          // whether a loss asks for features' means
	masks          []Mask        // of regions; nil where there is one region everywhere
	guides         [][][]float32 // [region][style layer][positions]; nil without masks
	counts         [][]float64   // [region][style layer] sums of guides
	energy         []float64     // [content layer] ‖F*‖²
	contentPicture Picture

	whole       *model.Exec // loss and gradient at once: one tile, no histogram loss
	sums        *model.Exec // statistics of a tile
	combine     *model.Exec // loss of all statistics, and its gradient by them
	backward    *model.Exec // gradient of a tile
	contentOnly *model.Exec // features of the content picture in a tile
	inputs      map[string]*tensors.Tensor
	targets     []*tensors.Tensor // in the order of targetNodes
	keep        bool
	contents    [][]*tensors.Tensor // [tile][content layer] the content picture's features, if they are kept
	matches     [][]matching        // [region][style layer] of the histogram loss
}

// NewObjective prepares the loss of pictures of h by w pixels. masks are those of the regions of targets, of any size: at
// each layer they are shrunk to the positions that see nothing else. Nil is one region everywhere. Close frees it.
func NewObjective(ctx context.Context, n *Network, spec Spec, targets *Targets, masks []Mask, h, w int, tile Tile) (*Objective, error) {
	if err := spec.check(n); err != nil {
		return nil, err
	}
	if err := errors.Join(n.checkSize("the picture", spec.style(), h, w), n.checkSize("the picture", spec.content(), h, w)); err != nil {
		return nil, err
	}
	if spec.style() != nil && len(masks) != len(targets.Regions) && !(masks == nil && len(targets.Regions) == 1) {
		return nil, fmt.Errorf("style: %d masks for %d regions of style", len(masks), len(targets.Regions))
	}
	o := &Objective{net: n, spec: spec, h: h, w: w, means: spec.means(), masks: masks, inputs: newInputs()}
	for _, l := range spec.style() {
		layer, err := n.layer(l.Layer)
		if err != nil {
			return nil, err
		}
		o.style = append(o.style, layer)
	}
	for _, l := range spec.content() {
		layer, err := n.layer(l.Layer)
		if err != nil {
			return nil, err
		}
		o.content = append(o.content, layer)
	}
	var err error
	if o.layout, err = newLayout(append(append([]Layer{}, o.style...), o.content...), h, w, tile); err != nil {
		return nil, err
	}
	o.keep = tile.Keep || len(o.layout.tiles) == 1
	if err := o.prepare(ctx, targets); err != nil {
		o.Close()
		return nil, err
	}
	return o, nil
}

// prepare makes executors and everything that does not change from evaluation to evaluation.
func (o *Objective) prepare(ctx context.Context, targets *Targets) error {
	if o.masks != nil {
		if err := o.guide(); err != nil {
			return err
		}
	}
	if err := o.count(); err != nil {
		return err
	}
	if err := o.fixTargets(targets); err != nil {
		return err
	}
	if err := o.compile(); err != nil {
		return err
	}
	if len(o.content) == 0 {
		return nil
	}
	if err := targets.Content.check("the content picture"); err != nil {
		return err
	}
	if targets.Content.H != o.h || targets.Content.W != o.w {
		return fmt.Errorf("style: the content picture is %d by %d pixels, the painted one %d by %d",
			targets.Content.W, targets.Content.H, o.w, o.h)
	}
	o.contentPicture = targets.Content
	return o.fixContent(ctx)
}

// single tells whether one graph does everything.
func (o *Objective) single() bool {
	_, histogram := o.spec.has(Histogram)
	return len(o.layout.tiles) == 1 && !(histogram && len(o.style) > 0)
}

func (o *Objective) regions() int { return max(1, len(o.masks)) }

// taps are the names of all layers that are used, without repetition, and where each layer's features are among them.
func (o *Objective) taps() (names []string, index map[string]int) {
	index = map[string]int{}
	for _, l := range append(append([]Layer{}, o.style...), o.content...) {
		if _, ok := index[l.Name]; !ok {
			index[l.Name] = len(names)
			names = append(names, l.Name)
		}
	}
	return names, index
}

// fixTargets makes tensors of the statistics to reach: for each region and layer mean, second moment, and with the
// Wasserstein loss the covariance's root.
func (o *Objective) fixTargets(targets *Targets) error {
	if len(o.style) == 0 {
		return nil
	}
	_, wasserstein := o.spec.has(Wasserstein)
	_, histogram := o.spec.has(Histogram)
	for _, region := range targets.Regions {
		var matches []matching
		for l, s := range region {
			c := o.style[l].Channels
			if len(s.Mean) != c || len(s.Second) != c*c {
				return fmt.Errorf("style: the targets of layer %s have %d channels, the network's has %d", o.style[l].Name, len(s.Mean), c)
			}
			o.targets = append(o.targets, tensor(s.Mean, c), tensor(s.Second, c, c))
			if wasserstein {
				root, err := s.root()
				if err != nil {
					return err
				}
				o.targets = append(o.targets, tensors.FromFlatDataAndDimensions(root, c, c))
			}
			if histogram {
				matches = append(matches, newMatching(s.Quantiles, c))
			}
		}
		o.matches = append(o.matches, matches)
	}
	return nil
}

func tensor(values []float64, dims ...int) *tensors.Tensor {
	flat := make([]float32, len(values))
	for i, v := range values {
		flat[i] = float32(v)
	}
	return tensors.FromFlatDataAndDimensions(flat, dims...)
}

// targetNodes takes the targets of regions and layers from the inputs of a graph; rest is what comes behind them.
func (o *Objective) targetNodes(inputs []*node) (targets [][]target, rest []*node) {
	_, wasserstein := o.spec.has(Wasserstein)
	for range o.regions() {
		var region []target
		for range o.style {
			t := target{moments: moments{inputs[0], inputs[1]}}
			inputs = inputs[2:]
			if wasserstein {
				t.root, inputs = inputs[0], inputs[1:]
			}
			region = append(region, t)
		}
		targets = append(targets, region)
	}
	return targets, inputs
}

// set copies values into the input of that name.
func (o *Objective) set(name string, values []float32, dims ...int) (*tensors.Tensor, error) {
	return o.fill(name, func(flat []float32) { copy(flat, values) }, dims...)
}

// fill writes the input of that name, which keeps its memory from evaluation to evaluation and from tile to tile.
func (o *Objective) fill(name string, write func(flat []float32), dims ...int) (*tensors.Tensor, error) {
	t := o.inputs[name]
	if t == nil {
		var err error
		if t, err = tensors.FromShapeForBackend(o.net.Backend, 0, shapes.Make(dtypes.Float32, dims...)); err != nil {
			return nil, err
		}
		o.inputs[name] = t
	}
	return t, tensors.MutableFlatData(t, write)
}

// maxGraphs is how many shapes an executor keeps: every one here has a single shape.
const maxGraphs = 2

// executor makes an executor of a graph on the network's store.
func (o *Objective) executor(build func(scope *model.Scope, inputs []*node) []*node) (*model.Exec, error) {
	e, err := model.NewExec(o.net.Backend, o.net.Store, build)
	if err == nil {
		e.SetMaxCache(maxGraphs)
	}
	return e, err
}

func (o *Objective) compile() (err error) {
	if o.single() {
		o.whole, err = o.executor(o.buildWhole)
		return err
	}
	if o.sums, err = o.executor(o.buildSums); err != nil {
		return err
	}
	if len(o.style) > 0 {
		if o.combine, err = o.executor(o.buildCombine); err != nil {
			return err
		}
	}
	o.backward, err = o.executor(o.buildBackward)
	return err
}

// Close frees what the objective has of the backend.
func (o *Objective) Close() {
	for _, e := range []*model.Exec{o.whole, o.sums, o.combine, o.backward, o.contentOnly} {
		if e != nil {
			e.Finalize()
		}
	}
	finalize(o.targets)
	for _, features := range o.contents {
		finalize(features)
	}
	for _, t := range o.inputs {
		t.FinalizeAll()
	}
}

func finalize(ts []*tensors.Tensor) {
	for _, t := range ts {
		t.FinalizeAll()
	}
}

// Tiles is how many tiles the picture is computed in.
func (o *Objective) Tiles() int { return len(o.layout.tiles) }

// Evaluate computes the loss of x [H W 3] and its gradient, which has x's length. Losses that are not finite are no error.
func (o *Objective) Evaluate(ctx context.Context, x, gradient []float32) (Losses, error) {
	if n := o.h * o.w * 3; len(x) != n || len(gradient) != n {
		return Losses{}, fmt.Errorf("style: %d numbers and %d of a gradient for %d by %d pixels", len(x), len(gradient), o.w, o.h)
	}
	var losses Losses
	var err error
	if o.single() {
		losses, err = o.evaluateWhole(x, gradient)
	} else {
		losses, err = o.evaluateTiles(ctx, x, gradient)
	}
	if err != nil {
		return Losses{}, err
	}
	if o.spec.TV > 0 {
		losses.TV = o.spec.TV * totalVariation(x, gradient, o.h, o.w, o.spec.TV)
	}
	losses.Total = losses.Content + losses.Style + losses.TV
	return losses, nil
}

// part is a term of the loss with its place in Losses.
type part struct {
	name    string
	content bool
	weight  float64
}

// styleParts are the terms of style in the order in which graphs give them: by region, layer, loss.
func (o *Objective) styleParts() []part {
	var parts []part
	for r := range o.regions() {
		for l, layer := range o.style {
			for _, loss := range o.momentLosses() {
				weight, _ := o.spec.has(loss)
				name := fmt.Sprintf("%s %s", loss, layer.Name)
				if o.regions() > 1 {
					name = fmt.Sprintf("%s region %d", name, r+1)
				}
				parts = append(parts, part{name, false, o.spec.Style * o.styleWeight(l) * weight * o.share(r, l)})
			}
		}
	}
	return parts
}

// share is the part of a region in the loss: its part of the picture at the layer.
func (o *Objective) share(r, l int) float64 {
	total := 0.0
	for _, counts := range o.counts {
		total += counts[l]
	}
	return o.counts[r][l] / total
}

func (o *Objective) styleWeight(l int) float64   { return o.spec.style()[l].Weight }
func (o *Objective) contentWeight(l int) float64 { return o.spec.Content * o.spec.content()[l].Weight }

// momentLosses are the losses that follow from moments, each once, in a fixed order.
func (o *Objective) momentLosses() []Loss {
	var all []Loss
	for _, l := range AllLosses {
		if _, ok := o.spec.has(l); ok && l != Histogram {
			all = append(all, l)
		}
	}
	return all
}

// add puts terms into losses.
func (l *Losses) add(parts []part, values []float64) {
	if l.Parts == nil {
		l.Parts = map[string]float64{}
	}
	for i, p := range parts {
		l.Parts[p.name] = values[i]
		if p.content {
			l.Content += p.weight * values[i]
		} else {
			l.Style += p.weight * values[i]
		}
	}
}

// weighted adds up terms times their weights; nil for none.
func weighted(parts []part, terms []*node) *node {
	var total *node
	for i, p := range parts {
		term := graph.MulScalar(terms[i], p.weight)
		if total == nil {
			total = term
		} else {
			total = graph.Add(total, term)
		}
	}
	return total
}

// stack makes a vector of scalars.
func stack(terms []*node) *node {
	rows := make([]*node, len(terms))
	for i, t := range terms {
		rows[i] = graph.Reshape(t, 1)
	}
	return graph.Concatenate(rows, 0)
}

// vector reads a tensor of float32.
func vector(t *tensors.Tensor) (out []float64, err error) {
	err = tensors.ConstFlatData(t, func(flat []float32) {
		out = make([]float64, len(flat))
		for i, v := range flat {
			out[i] = float64(v)
		}
	})
	return out, err
}

func newInputs() map[string]*tensors.Tensor { return map[string]*tensors.Tensor{} }
