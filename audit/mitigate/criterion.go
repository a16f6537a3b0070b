package mitigate

import "github.com/atelier-go/atelier/audit"

// A Criterion says which rates of groups shall be alike.
type Criterion string

// The criteria.
const (
	SelectionRate Criterion = "selection_rate" // demographic parity: as many are called positive
	TPR           Criterion = "tpr"            // equal opportunity: of the positive, as many are called so
	FPR           Criterion = "fpr"            // predictive equality: of the negative, as many are called positive
	PPV           Criterion = "ppv"            // predictive parity: of those called positive, as many are so
	Accuracy      Criterion = "accuracy"       // as many are judged rightly
	EqualisedOdds Criterion = "equalised_odds" // both tpr and fpr
)

// Criteria are all criteria.
func Criteria() []Criterion {
	return []Criterion{SelectionRate, TPR, FPR, PPV, Accuracy, EqualisedOdds}
}

// metrics are the rates that a criterion makes alike.
func (c Criterion) metrics() []string {
	if c == EqualisedOdds {
		return []string{"tpr", "fpr"}
	}
	return []string{string(c)}
}

// A choice is one threshold of a group and what follows from it.
type choice struct {
	threshold float64
	counts    audit.Confusion
	right     int64
	rates     [2]float64 // of the criterion's metrics; of one metric the second is 0
}
