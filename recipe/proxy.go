package recipe

import (
	"fmt"

	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/zoo"
)

// Proxy is a learn.Proxy: a small model that chooses, of every batch, the examples that the recipe's model trains on.
type Proxy struct {
	Model string  `json:"model"` // a name of package zoo; empty means that everything is trained on
	Keep  float64 `json:"keep"`  // the part of a batch that is chosen, above 0 and at most 1
	Every int     `json:"every"` // steps in which the proxy trains once; zero means 1
}

// Check is learn's.
func (p Proxy) Check() error {
	if p.Model == "" && p != (Proxy{}) {
		return fmt.Errorf("keep is %v and every %d, and there is no model: want its name", p.Keep, p.Every)
	}
	if p.Model == "" {
		return nil
	}
	m, err := zoo.ByName(p.Model, 2)
	if err != nil {
		return err
	}
	if m.Head == nil {
		return fmt.Errorf("model %q has no head to tell classes apart", p.Model)
	}
	c := p.learn()
	c.Model.Forward = m.Forward
	return c.Check()
}

// learn is the choice without the model.
func (p Proxy) learn() learn.Proxy { return learn.Proxy{Keep: p.Keep, Every: p.Every} }

func (r *Recipe) proxy(classes int) (learn.Proxy, error) {
	if r.Proxy.Model == "" {
		return learn.Proxy{}, nil
	}
	m, err := zoo.ByName(r.Proxy.Model, classes)
	if err != nil {
		return learn.Proxy{}, fmt.Errorf("%s: %w", r.at(r.lines["proxy.model"]), err)
	}
	p := r.Proxy.learn()
	p.Model = learnModel(m)
	return p, nil
}
