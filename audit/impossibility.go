package audit

import "math"

// impliedFPR is the right side of Chouldechova's identity.
func impliedFPR(prevalence, ppv, fnr float64) float64 {
	return prevalence / (1 - prevalence) * (1 - ppv) / ppv * (1 - fnr)
}

// impossibility makes the identity for every group.
func (f *found) impossibility() []Impossibility {
	value := func(s set, name string) float64 { return s.shown.Metric(name).Value }
	var all []Impossibility
	for _, side := range f.sides {
		for _, s := range side {
			i := Impossibility{
				By: s.shown.By, Values: s.values,
				Prevalence: value(s, "prevalence"), PPV: value(s, "ppv"), FDR: value(s, "fdr"), FNR: value(s, "fnr"), FPR: value(s, "fpr"),
			}
			i.Implied = impliedFPR(i.Prevalence, i.PPV, i.FNR)
			i.Shared = impliedFPR(i.Prevalence, value(f.all, "ppv"), value(f.all, "fnr"))
			if math.IsInf(i.Implied, 0) { // no row called positive was: the identity says nothing
				i.Implied = math.NaN()
			}
			if math.IsInf(i.Shared, 0) {
				i.Shared = math.NaN()
			}
			all = append(all, i)
		}
	}
	return all
}
