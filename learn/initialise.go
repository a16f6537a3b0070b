package learn

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Tensors are weights by name, as PyTorch has them: kernels are [out in KH KW], those of dense layers [out in].
// Package weights reads files of them, [ReadWeights] checkpoints.
type Tensors interface {
	Names() []string
	// Shape is a tensor's, and whether there is one of that name.
	Shape(name string) ([]int, bool)
	// Float32 reads a tensor, row-major.
	Float32(name string) ([]float32, error)
}

// Initial are weights to begin with, instead of random numbers.
type Initial struct {
	Tensors Tensors
	Name    string // what messages call them; zero means "the weights"
	Hash    string // of the file; checkpoints keep it, see Learner.InitialHash
	// TensorNames are the names that a variable may have among the tensors. Nil means Model.TensorName's, and its path with
	// dots for slashes. All of the tensors may have a prefix besides, such as "state_dict.module.".
	TensorNames func(path string) []string
	// Head are prefixes of the paths of variables that depend on the classes. Where the classes are others, or their tensors
	// missing or of another shape, they keep their random numbers.
	Head    []string
	Classes []string // that the weights are for; nil means unknown. For others the head begins anew, and LoadTensors refuses
	Model   string   // that the weights are of; empty means unknown. Those of another one are noted, and LoadTensors refuses
	// Partial takes what fits and leaves the rest. Otherwise all variables outside of Head have to fit, and there may be no
	// others in the parts of the network that the model has: weights of another network are an error.
	Partial bool
	// BGR says that the tensors want blue, green, red: the input channels of a kernel that sees three are turned around.
	BGR bool
}

func (i Initial) isHead(path string) bool { return groupOf(path, [][]string{i.Head}) == 0 }

// Initialised is what became of a model's variables, by path, and of the tensors of a file, by name.
type Initialised struct {
	Name   string   // of the weights
	Loaded []string // variables that have values of the file
	// Head are variables of the head that keep their random numbers: the classes, or the head, are others.
	Head    []string
	Missing []string     // other variables that do, as the file does not have them
	Differ  []Difference // other variables that do, as the file's shape is another
	Unused  []string     // tensors that the model has no use for
	Note    string       // says that the weights are of another model, if they are
}

// Difference is a tensor that does not fit its variable. Shapes are in PyTorch's order.
type Difference struct {
	Path        string
	File, Model []int
}

func (d Difference) String() string {
	return fmt.Sprintf("%s is %v in the file and %v in the model", d.Path, d.File, d.Model)
}

// String says it in a line for each kind, with the first few of each.
func (i *Initialised) String() string { return i.list(6) }

// Full is String with all names.
func (i *Initialised) Full() string { return i.list(math.MaxInt) }

func (i *Initialised) list(most int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d of the model's %d tensors\n", i.Name, len(i.Loaded), i.tensorsOfModel())
	for _, part := range []struct {
		what  string
		names []string
	}{
		{"the head starts anew, for other classes or as another head", i.Head},
		{"not in the file, left at random", i.Missing},
		{"of another shape, left at random", texts(i.Differ)},
		{"in the file and not used", i.Unused},
	} {
		if len(part.names) > 0 {
			fmt.Fprintf(&b, "  %s: %s\n", part.what, few(part.names, most))
		}
	}
	if i.Note != "" {
		fmt.Fprintf(&b, "  note: %s\n", i.Note)
	}
	return b.String()
}

func (i *Initialised) tensorsOfModel() int {
	return len(i.Loaded) + len(i.Head) + len(i.Missing) + len(i.Differ)
}

func texts(ds []Difference) []string {
	var all []string
	for _, d := range ds {
		all = append(all, d.String())
	}
	return all
}

// few lists at most n names.
func few(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}

// Initialise gives the model weights to begin with, before the first step: see [Initial]. What did not fit is in the result.
// After an error nothing has changed. Averages begin at the new weights too.
func (l *Learner) Initialise(i Initial) (*Initialised, error) {
	if l.state.Step > 0 || l.resumed {
		return nil, fmt.Errorf("learn: weights to begin with come too late: %d steps are done", l.state.Step)
	}
	m := l.match(i)
	if err := m.check(i); err != nil {
		return nil, err
	}
	if err := l.take(m, i.BGR); err != nil {
		return nil, err
	}
	if err := l.restartAverage(); err != nil {
		return nil, err
	}
	l.state.Initial = i.Hash
	if err := sameModel(i.Model, l.config.Model.Name); err != nil {
		m.Note = err.Error()
	}
	return &m.Initialised, nil
}

// LoadTensors puts weights into the model, whose every variable has to fit; nothing of the optimizer changes. After an
// error nothing has.
func (l *Learner) LoadTensors(i Initial) error {
	head := i.Head
	i.Head, i.Partial = nil, false // a head that begins anew has no answers yet
	m := l.match(i)
	i.Head = head
	if err := sameClasses(i.Classes, l.config.Classes); err != nil {
		return fmt.Errorf("learn: %s: %w", m.Name, err)
	}
	if err := m.check(i); err != nil {
		return err
	}
	if err := sameModel(i.Model, l.config.Model.Name); err != nil {
		return fmt.Errorf("learn: %s: %w", m.Name, err)
	}
	return l.take(m, i.BGR)
}

// InitialHash is the Hash of the weights that the run began with, empty if these were random.
func (l *Learner) InitialHash() string { return l.state.Initial }

// take reads what fits, and only then changes variables.
func (l *Learner) take(m *matching, bgr bool) error {
	values := map[*model.Variable]*tensors.Tensor{}
	for _, p := range m.pairs {
		value, err := p.read(m.tensors, bgr)
		if err != nil {
			return err
		}
		values[p.variable] = value
	}
	for v, value := range values {
		if err := v.SetValue(value); err != nil {
			return err
		}
	}
	return nil
}

// restartAverage makes the moving average the present weights.
func (l *Learner) restartAverage() error {
	for _, v := range l.ema.vars {
		value, err := cloneValue(v)
		if err != nil {
			return err
		}
		if err := l.store.GetVariable(emaPath + v.Path()).SetValue(value); err != nil {
			return err
		}
	}
	return nil
}

// pair is a variable and the tensor that fits it.
type pair struct {
	variable *model.Variable
	tensor   string
}

// matching is which tensors are whose.
type matching struct {
	Initialised
	tensors Tensors
	pairs   []pair
	alien   []string // unused tensors in parts of the network that the model has, outside of the head
}

// match finds each variable's tensor.
func (l *Learner) match(i Initial) *matching {
	m := &matching{Initialised: Initialised{Name: i.Name}, tensors: i.Tensors}
	if m.Name == "" {
		m.Name = "the weights"
	}
	names := i.TensorNames
	if names == nil {
		names = l.config.Model.tensorNames
	}
	anew := sameClasses(i.Classes, l.config.Classes) != nil
	vars := l.followed()
	prefix := prefixOf(i.Tensors.Names(), vars, names)
	used, parts := map[string]bool{}, map[string]bool{}
	for _, v := range vars {
		path, want := v.Path(), torchShape(v.Shape().Dimensions)
		head := i.isHead(path)
		name, shape := find(i.Tensors, prefix, names(path))
		if !head {
			for _, n := range names(path) {
				parts[part(n)] = true
			}
		}
		used[name] = true
		switch {
		case head && anew:
			m.Head = append(m.Head, path)
		case name != "" && slices.Equal(shape, want):
			m.Loaded = append(m.Loaded, path)
			m.pairs = append(m.pairs, pair{v, name})
		case head:
			m.Head = append(m.Head, path)
		case name == "":
			m.Missing = append(m.Missing, path)
		default:
			m.Differ = append(m.Differ, Difference{path, shape, want})
		}
	}
	for _, name := range i.Tensors.Names() {
		if used[name] || strings.HasSuffix(name, "num_batches_tracked") {
			continue // how many batches a norm has seen is of no use with a fixed momentum
		}
		m.Unused = append(m.Unused, name)
		if rest, ok := strings.CutPrefix(name, prefix); ok && parts[part(rest)] {
			m.alien = append(m.alien, name)
		}
	}
	slices.Sort(m.Unused)
	return m
}

// part is the first word of a tensor's name without a number behind it: "layer4" is as much of the body as "layer3".
func part(name string) string {
	first, _, _ := strings.Cut(name, ".")
	return strings.TrimRight(first, "0123456789")
}

// find is the first of some names that there is, with the prefix.
func find(t Tensors, prefix string, names []string) (name string, shape []int) {
	for _, n := range names {
		if shape, ok := t.Shape(prefix + n); ok {
			return prefix + n, shape
		}
	}
	return "", nil
}

// prefixOf is what most tensors that have a variable's name have before it.
func prefixOf(all []string, vars []*model.Variable, names func(path string) []string) string {
	known := map[string]bool{}
	for _, v := range vars {
		for _, n := range names(v.Path()) {
			known[n] = true
		}
	}
	counts := map[string]int{}
	for _, name := range all {
		for at := 0; ; {
			if known[name[at:]] {
				counts[name[:at]]++
				break
			}
			dot := strings.IndexByte(name[at:], '.')
			if dot < 0 {
				break
			}
			at += dot + 1
		}
	}
	best := ""
	for prefix, n := range counts {
		if n > counts[best] || n == counts[best] && prefix < best {
			best = prefix
		}
	}
	return best
}

// check says whether these are weights of another network.
func (m *matching) check(i Initial) error {
	body := 0
	for _, path := range m.Loaded {
		if !i.isHead(path) {
			body++
		}
	}
	if len(m.Missing)+len(m.Differ)+len(m.alien) == 0 || i.Partial && body > 0 {
		return nil
	}
	var problems []string
	for _, d := range m.Differ {
		problems = append(problems, d.String())
	}
	for _, path := range m.Missing {
		problems = append(problems, "there is no "+tensorName(path))
	}
	for _, name := range m.alien {
		problems = append(problems, "the model has no "+name)
	}
	if i.Partial {
		return fmt.Errorf("learn: %s: nothing of it fits the model: %s", m.Name, few(problems, 3))
	}
	if body > 0 && len(m.alien) == 0 && m.onlyHead(i) {
		return fmt.Errorf("learn: %s: these weights are for another number of classes, or another head: %s", m.Name, few(problems, 4))
	}
	return fmt.Errorf("learn: %s: these are weights of another network, %d of the model's %d tensors fit: %s",
		m.Name, len(m.Loaded), m.tensorsOfModel(), few(problems, 4))
}

// onlyHead tells whether nothing but tensors of the head is missing or of another shape.
func (m *matching) onlyHead(i Initial) bool {
	for _, path := range m.Missing {
		if !i.isHead(path) {
			return false
		}
	}
	return !slices.ContainsFunc(m.Differ, func(d Difference) bool { return !i.isHead(d.Path) })
}

// tensorName is a variable's name in files.
func tensorName(path string) string {
	return strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", ".")
}

// torchShape is PyTorch's order of a variable's axes.
func torchShape(dims []int) []int {
	switch len(dims) {
	case 4: // [KH KW in out]
		return []int{dims[3], dims[2], dims[0], dims[1]}
	case 2: // [in out]
		return []int{dims[1], dims[0]}
	default:
		return append([]int{}, dims...)
	}
}

// read is the tensor in the order of the variable's axes.
func (p pair) read(from Tensors, bgr bool) (*tensors.Tensor, error) {
	flat, err := from.Float32(p.tensor)
	if err != nil {
		return nil, err
	}
	dims := p.variable.Shape().Dimensions
	if len(flat) != p.variable.Shape().Size() {
		return nil, errors.New("learn: " + p.tensor + " has another number of elements than its shape says")
	}
	switch len(dims) {
	case 4:
		flat = transposed(flat, dims[3], dims[2], dims[0]*dims[1])
		if bgr && dims[2] == 3 {
			reverseInputs(flat, dims[3])
		}
	case 2:
		flat = transposed(flat, dims[1], dims[0], 1)
	}
	return tensors.FromFlatDataAndDimensions(flat, dims...), nil
}

// reverseInputs turns around the three input channels of a kernel [H W 3 out].
func reverseInputs(flat []float32, out int) {
	for p := 0; p < len(flat); p += 3 * out {
		for k := range out {
			flat[p+k], flat[p+2*out+k] = flat[p+2*out+k], flat[p+k]
		}
	}
}
