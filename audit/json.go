package audit

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// number is a float64 that JSON can have whatever its value: null for NaN, and "Inf" or "-Inf".
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	switch f := float64(n); {
	case math.IsNaN(f):
		return []byte("null"), nil
	case math.IsInf(f, 1):
		return []byte(`"Inf"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-Inf"`), nil
	default:
		return json.Marshal(f)
	}
}

func (n *number) UnmarshalJSON(b []byte) error {
	switch text := string(b); text {
	case "null":
		*n = number(math.NaN())
	case `"Inf"`:
		*n = number(math.Inf(1))
	case `"-Inf"`:
		*n = number(math.Inf(-1))
	default:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("audit: %s is not a number", text)
		}
		*n = number(f)
	}
	return nil
}

// estimateJSON, testJSON, nullJSON and impossibilityJSON are the types that JSON has for those whose numbers may be NaN.
type estimateJSON struct {
	Metric    string `json:"metric"`
	Value     number `json:"value"`
	Low       number `json:"low"`
	High      number `json:"high"`
	Method    string `json:"method,omitempty"`
	ExactLow  number `json:"exact_low,omitempty"`
	ExactHigh number `json:"exact_high,omitempty"`
	K         number `json:"k,omitempty"`
	N         number `json:"n"`
	Small     bool   `json:"small,omitempty"`
}

type testJSON struct {
	Method    string `json:"method,omitempty"`
	Statistic number `json:"statistic"`
	P         number `json:"p"`
	Holm      number `json:"holm"`
	BH        number `json:"bh"`
}

type nullJSON struct {
	P            number `json:"p"`
	Mean         number `json:"mean"`
	Quantile     number `json:"quantile"`
	Permutations int    `json:"permutations"`
}

type impossibilityJSON struct {
	By         []string `json:"by,omitempty"`
	Values     []string `json:"values,omitempty"`
	Prevalence number   `json:"prevalence"`
	PPV        number   `json:"ppv"`
	FDR        number   `json:"fdr"`
	FNR        number   `json:"fnr"`
	FPR        number   `json:"fpr"`
	Implied    number   `json:"implied"`
	Shared     number   `json:"shared"`
}

// MarshalJSON writes the estimate with null for what is undefined.
func (e Estimate) MarshalJSON() ([]byte, error) {
	return json.Marshal(estimateJSON{
		e.Metric, number(e.Value), number(e.Low), number(e.High), e.Method, number(e.ExactLow), number(e.ExactHigh),
		number(e.K), number(e.N), e.Small,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Estimate) UnmarshalJSON(b []byte) error {
	var j estimateJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*e = Estimate{
		j.Metric, float64(j.Value), float64(j.Low), float64(j.High), j.Method, float64(j.ExactLow), float64(j.ExactHigh),
		float64(j.K), float64(j.N), j.Small,
	}
	return nil
}

// MarshalJSON writes the test with null for what is undefined.
func (t Test) MarshalJSON() ([]byte, error) {
	return json.Marshal(testJSON{t.Method, number(t.Statistic), number(t.P), number(t.Holm), number(t.BH)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Test) UnmarshalJSON(b []byte) error {
	var j testJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*t = Test{j.Method, float64(j.Statistic), float64(j.P), float64(j.Holm), float64(j.BH)}
	return nil
}

// MarshalJSON writes the distribution with null for what is undefined.
func (n Null) MarshalJSON() ([]byte, error) {
	return json.Marshal(nullJSON{number(n.P), number(n.Mean), number(n.Quantile), n.Permutations})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Null) UnmarshalJSON(b []byte) error {
	var j nullJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*n = Null{float64(j.P), float64(j.Mean), float64(j.Quantile), j.Permutations}
	return nil
}

// MarshalJSON writes the identity with null for what is undefined.
func (i Impossibility) MarshalJSON() ([]byte, error) {
	return json.Marshal(impossibilityJSON{
		i.By, i.Values, number(i.Prevalence), number(i.PPV), number(i.FDR), number(i.FNR), number(i.FPR), number(i.Implied),
		number(i.Shared),
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (i *Impossibility) UnmarshalJSON(b []byte) error {
	var j impossibilityJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*i = Impossibility{
		j.By, j.Values, float64(j.Prevalence), float64(j.PPV), float64(j.FDR), float64(j.FNR), float64(j.FPR),
		float64(j.Implied), float64(j.Shared),
	}
	return nil
}
