// Package probe asks a model the same question about different people, and counts where the answer changes.
//
// A [Suite] has templates such as "{Pronoun.nom} is {a occupation}." and what may stand in their slots. One slot is the
// contrast: two sentences that differ in it alone are a pair of counterfactuals, and a model that does not care for the
// difference answers both alike. [Suite.Run] sends all sentences to a [Predictor] (a command, an HTTP endpoint, a Go
// function, or several in a [Chain], as for a translation there and back), sorts the answers into outcomes and returns
// shares with Wilson's intervals, changes with McNemar's exact test, and a table for each slot.
//
//	suite, err := probe.Read(file)
//	result, err := suite.Run(ctx, probe.Command{Args: []string{"./translate", "en", "tr", "en"}}, probe.Options{})
//
// The closest relatives are the invariance tests of CheckList (Ribeiro et al. 2020), the templates of Winogender (Rudinger
// et al. 2018), and the translations of Prates, Avelar and Lamb (2019).
//
// What the intervals do not say: sentences of one template are alike, and templates are no sample of a language. The
// intervals say how sure the shares are for sentences like these, and no more.
package probe
