package zoo

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// chain is part of one of torchvision's Sequentials: modules from a number on, cut into stages.
type chain struct {
	sequential string // "features"
	first      int
	modules    []module
	ends       []int // of the stages: the number of modules that are behind
	format     string
}

// chained gives modules of "features" stages that end behind each pool, and behind the last module.
func chained(first int, modules []module, format string) chain {
	c := chain{sequential: "features", first: first, modules: modules, format: format}
	for i, m := range modules {
		if _, ok := m.operation.(pool); ok || i == len(modules)-1 {
			c.ends = append(c.ends, i+1)
		}
	}
	return c
}

func (c chain) out(in Shape) []Shape {
	var out []Shape
	from := 0
	for _, end := range c.ends {
		for _, m := range c.modules[from:end] {
			in = in.slid(m.window()).with(m.channels(in.C))
		}
		out, from = append(out, in), end
	}
	return out
}

func (c chain) build(scope *model.Scope, x *graph.Node) []Feature {
	var features []Feature
	all, from := scope.At("%s", c.sequential), 0
	for i, end := range c.ends {
		for k, m := range c.modules[from:end] {
			x = m.build(all.In("%d", c.first+from+k), x, MaxPooling)
		}
		features, from = append(features, Feature{fmt.Sprintf(c.format, i+1), x}), end
	}
	return features
}

// half is the number of modules in the first half of the stages, 0 if there is one stage.
func (c chain) half() int {
	if len(c.ends) == 1 {
		return 0
	}
	return c.ends[max(0, len(c.ends)/2-1)]
}

// groups cuts behind so many modules; each group is the paths of its modules with weights.
func (c chain) groups(cut int) [][]string {
	var groups [][]string
	for _, part := range [][2]int{{0, cut}, {cut, len(c.modules)}} {
		var paths []string
		for i := part[0]; i < part[1]; i++ {
			if len(c.modules[i].weights()) > 0 {
				paths = append(paths, fmt.Sprintf("/%s/%d", c.sequential, c.first+i))
			}
		}
		if len(paths) > 0 {
			groups = append(groups, paths)
		}
	}
	return groups
}
