// Package loop simulates systems that feed on their own decisions: patrols sent where incidents were found, items shown
// to those who clicked. It says where such a loop ends, by formula and by many simulated runs side by side.
//
//	result, err := loop.Urn{
//		Areas: []loop.Area{{Name: "A", Discovered: 0.6, Prior: 1}, {Name: "B", Discovered: 0.5, Prior: 1}},
//	}.Run(loop.Options{Days: 1000, Runs: 500, Seed: 1})
//	// result.Limit.Shares = [1 0]: area A gets every patrol in the end, though it has 54.5% of the incidents
//
// # The urn
//
// Each area has balls in an urn, one for each incident on record. A patrol goes to an area with the probability of its
// share of the balls. What it discovers there is added, and so is what people report everywhere. The model is that of
// Ensign, Friedler, Neville, Scheidegger and Venkatasubramanian, "Runaway Feedback Loops in Predictive Policing" (2018),
// for any number of areas; the motivation is Lum and Isaac, "To predict and serve?" (2016). Corrections are described at
// [Correction]: the rule printed in that paper holds for two areas only.
//
// # The recommender
//
// [Recommender] is the same loop seen from a shop: groups, how interested each truly is, and a policy that decides whom
// to show more.
//
// Results depend on the seed and never on the number of processors. Everything is plain data, for reports and plots.
package loop
