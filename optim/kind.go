package optim

import (
	"fmt"

	"github.com/gomlx/gomlx/ml/model"
)

// Kind is what a parameter is, by its rank and its neighbours.
type Kind int

const (
	AnyKind    Kind = iota // every parameter
	WeightKind             // rank 2 or more: kernels of convolutions and dense layers
	BiasKind               // rank 0 or 1, beside a weight in the same scope
	NormKind               // any other of rank 0 or 1: scales and shifts of norms, slopes, gains
)

var kindNames = []string{"any", "weight", "bias", "norm"}

func (k Kind) String() string {
	if k < AnyKind || k > NormKind {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kindNames[k]
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) {
	if k < AnyKind || k > NormKind {
		return nil, fmt.Errorf("optim: unknown kind %d", int(k))
	}
	return []byte(k.String()), nil
}

// UnmarshalText reads any, weight, bias or norm; nothing is any.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames {
		if string(text) == name || i == 0 && len(text) == 0 {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("optim: unknown kind %q, want any, weight, bias or norm", text)
}

// kindsOf tells what each variable of a store is.
func kindsOf(store *model.Store) map[*model.Variable]Kind {
	weighty := map[string]bool{}
	for v := range store.IterVariables() {
		if v.Shape().Rank() >= 2 {
			weighty[v.Scope()] = true
		}
	}
	kinds := map[*model.Variable]Kind{}
	for v := range store.IterVariables() {
		switch {
		case v.Shape().Rank() >= 2:
			kinds[v] = WeightKind
		case weighty[v.Scope()]:
			kinds[v] = BiasKind
		default:
			kinds[v] = NormKind
		}
	}
	return kinds
}
