package learn

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Forward builds a model: from pictures x [N H W C] the logits [N classes]. It is called for every new size of pictures,
// and must make the same variables each time.
type Forward func(scope *model.Scope, x *graph.Node) *graph.Node

// Model is what is trained.
type Model struct {
	Forward Forward
	// Groups are the layer groups, the input's first, each a list of prefixes of its variables' paths ("/stem",
	// "/layer1"). A variable belongs to the group with the longest prefix that fits. Empty means one group of everything.
	Groups [][]string
	// Prepare makes some of the weights, before any training, of training pictures [N H W C] as they come after
	// normalisation; at most 5000, chosen by chance. The store has all variables. Nil means that there is nothing to prepare.
	Prepare func(store *model.Store, pictures *tensors.Tensor) error
	// Name is kept with checkpoints and weights, which are refused for a model of another name: tensors of one shape may be
	// of networks that compute something else. Empty compares nothing.
	Name string
	// TensorName is a variable's name in files of weights. Nil means its path with dots for slashes.
	TensorName func(path string) string
}

// tensorName is a variable's name in files.
func (m Model) tensorName(path string) string {
	if m.TensorName == nil {
		return tensorName(path)
	}
	return m.TensorName(path)
}

// tensorNames are the names that a variable may have in files.
func (m Model) tensorNames(path string) []string {
	names := []string{m.tensorName(path)}
	if plain := tensorName(path); plain != names[0] {
		names = append(names, plain)
	}
	return names
}

// sameModel wants the name of a model to be that of weights, where both are known.
func sameModel(weights, model string) error {
	if weights == "" || model == "" || weights == model {
		return nil
	}
	return fmt.Errorf("it is of the model %s, and this one is %s", weights, model)
}

func (m Model) groups() int { return max(1, len(m.Groups)) }

// Paths under which the learner keeps what belongs to no layer.
const (
	accumulatePath = "/accumulate" // sums of gradients within a step
	emaPath        = "/ema"
	swaPath        = "/swa"
	lookaheadPath  = "/lookahead"
	optimPath      = "/optim"
)

// isModel tells whether a variable is the model's own, not the optimizer's, an average or the random numbers' state.
func isModel(path string) bool {
	for _, p := range []string{accumulatePath, emaPath, swaPath, lookaheadPath, optimPath, proxyPath} {
		if strings.HasPrefix(path, p+"/") {
			return false
		}
	}
	return path != "/"+model.RNGStateVariableName
}

// initialise makes the model's variables in store by building it once, with random numbers of seed.
func initialise(backend compute.Backend, store *model.Store, forward Forward, pictures shapes.Shape, seed uint64) error {
	if err := store.SetRNGStateFromSeed(int64(seed)); err != nil {
		return err
	}
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, g *graph.Graph) *graph.Node {
		return graph.ReduceAllSum(forward(scope, graph.Zeros(g, pictures)))
	})
	if err != nil {
		return err
	}
	defer exec.Finalize()
	if _, err := exec.Compile(); err != nil {
		return fmt.Errorf("building the model for pictures %v: %w", pictures.Dimensions, plain{err})
	}
	return store.InitializeVariables(backend, nil)
}

// plain is an error of building a graph without the names of the functions that it came through.
type plain struct{ error }

func (p plain) Error() string {
	text := p.error.Error()
	if _, what, found := strings.Cut(text, "panicked: "); found {
		return what
	}
	return text
}

func (p plain) Unwrap() error { return p.error }

// parameters are a model's variables: those that were made trainable, by layer group, and the others.
type parameters struct {
	groups [][]*model.Variable
	others []*model.Variable // running statistics
}

// all are the trainable ones in order.
func (p *parameters) all() []*model.Variable {
	var all []*model.Variable
	for _, g := range p.groups {
		all = append(all, g...)
	}
	return all
}

// sortParameters finds each variable's layer group.
func sortParameters(store *model.Store, groups [][]string) (*parameters, error) {
	p := &parameters{groups: make([][]*model.Variable, max(1, len(groups)))}
	var problems []error
	for v := range store.IterVariables() {
		switch g := groupOf(v.Path(), groups); {
		case !isModel(v.Path()):
		case !v.Trainable || !v.DType().IsFloat():
			p.others = append(p.others, v)
		case g < 0:
			problems = append(problems, fmt.Errorf("learn: %s is in none of the model's layer groups", v.Path()))
		default:
			p.groups[g] = append(p.groups[g], v)
		}
	}
	for g, vs := range p.groups {
		if len(vs) == 0 {
			problems = append(problems, fmt.Errorf("learn: layer group %d of the model has no weights that can be trained", g+1))
		}
	}
	return p, errors.Join(problems...)
}

func groupOf(path string, groups [][]string) int {
	if len(groups) == 0 {
		return 0
	}
	found, length := -1, -1
	for g, prefixes := range groups {
		for _, prefix := range prefixes {
			inside := path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/")
			if inside && len(prefix) > length {
				found, length = g, len(prefix)
			}
		}
	}
	return found
}

// picturesShape is the shape of a batch.
func picturesShape(n, h, w, c int) shapes.Shape { return shapes.Make(dtypes.Float32, n, h, w, c) }
