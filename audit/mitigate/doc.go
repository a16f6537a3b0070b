// Package mitigate changes decisions, or the weights of training rows, so that groups are treated more alike, and says what
// that costs.
//
// [Thresholds] chooses a threshold for each group so that a rate is nearly the same in all, with as few errors as
// possible (Hardt, Price and Srebro 2016, without their randomisation: everybody with the same score and group gets the
// same decision). [Reweigh] weighs training rows so that group and label are independent (Kamiran and Calders 2012).
//
//	groups, left, err := mitigate.FromAudit(found, "race")
//	plan, err := mitigate.Thresholds(groups, mitigate.Options{Criterion: mitigate.FPR, Tolerance: 0.02, Before: 5})
//	// plan.Before and plan.After have accuracy and each group's rates, plan.Groups the thresholds
//
// Both need the group of each person when a decision is made or a model is trained. Whether that is allowed, and whether
// the chosen rate is the one that matters, is not for a program to say: rates cannot all be equal at once where groups
// differ in prevalence (Chouldechova 2017). Thresholds chosen on some rows look better on them than on others; use
// [Plan.Apply] on rows that were held out.
package mitigate
