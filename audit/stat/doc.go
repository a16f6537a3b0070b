// Package stat has the intervals, tests and random draws that an audit of counts needs.
//
// Counts are float64 where they may be effective numbers of weighted rows, and int64 where only whole ones make sense.
// An undefined result (a rate of no rows) is NaN. Confidence is between 0 and 1, such as 0.95; intervals are two-sided.
//
// # References
//
//   - Wilson, Probable inference, the law of succession, and statistical inference, 1927.
//   - Newcombe, Interval estimation for the difference between independent proportions, 1998 (method 10).
//   - Katz, Baptista, Azen and Pike, Obtaining confidence intervals for the risk ratio, 1978.
//   - Clopper and Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial, 1934.
//   - DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or more correlated ROC curves, 1988.
//   - Newcombe, Confidence intervals for an effect size measure based on the Mann-Whitney statistic, 2006 (method 5).
//   - Holm, A simple sequentially rejective multiple test procedure, 1979.
//   - Benjamini and Hochberg, Controlling the false discovery rate, 1995.
//   - Hörmann, The generation of binomial random variates, 1993 (BTRS).
//   - Stadlober, The ratio of uniforms approach for generating discrete random variates, 1990 (HRUA).
package stat
