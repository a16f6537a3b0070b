// Package audit says how often a model is wrong, for whom, and how sure we are of that.
//
// [Run] reads predictions once, row by row, and keeps nothing but counts: how many rows of each group had which label and
// which prediction. Everything else follows from the counts: error rates of every group and crossing of groups, gaps
// between them, their intervals, tests, calibration, and how all of it changes with the threshold. So the cost of
// uncertainty does not depend on the number of rows, and no name, date or text of a row that was not asked for is kept.
//
//	found, err := audit.Run(audit.Options{
//		Path: "compas.csv", Label: "label_value", Score: "score", Threshold: 1, Groups: []string{"race", "sex"},
//	})
//	for _, g := range found.GroupsBy("race") {
//		fpr := g.Metric("fpr")
//		fmt.Printf("%s %.1f%% [%.1f, %.1f]\n", g.Name(), 100*fpr.Value, 100*fpr.Low, 100*fpr.High)
//	}
//
// # Uncertainty
//
// Rates have Wilson intervals and, where there are few rows, Clopper and Pearson's exact ones beside them. Differences
// have Newcombe's, ratios Katz's. What is made of several rates has percentiles of a bootstrap, which draws cells as
// one multinomial: the distribution of resampling rows with replacement, at a cost that does not depend on their number.
// The largest gap among several groups is never zero by chance, so beside its interval stands how large it would be if
// group and outcome had nothing to do with each other (a permutation null). Families of tests are adjusted with Holm's
// and with Benjamini and Hochberg's procedure.
//
// Estimates of fewer rows than [Options.MinN] are computed, but marked [Estimate.Small], and are never the worst or the
// best group of a gap.
//
// # References
//
//   - Buolamwini and Gebru, Gender Shades, 2018: errors of crossings of groups.
//   - Angwin, Larson, Mattu and Kirchner, Machine Bias, 2016, and Larson et al., How We Analyzed the COMPAS Recidivism
//     Algorithm: error rates that condition on the outcome.
//   - Chouldechova, Fair prediction with disparate impact, 2017: which rates cannot be equal at once.
//   - Hardt, Price and Srebro, Equality of Opportunity in Supervised Learning, 2016: equalised odds.
package audit
