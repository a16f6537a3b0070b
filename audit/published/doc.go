// Package published recomputes numbers that others printed, so that anybody can see whether this program computes what
// it says.
//
//	studies, err := published.Run(published.Options{Data: "data"})
//	for _, s := range studies { fmt.Println(s.Name, s.Passed(), "of", len(s.Checks)) }
//
// The counts of Gender Shades are here, reconstructed so that all 108 values of its table come out; so are the cells of
// COMPAS. Where Options.Data has compas_for_aequitas.csv the cells are counted from it, and where it has
// imsitu_gender_ratio_dev.csv the amplification of imSitu is computed; neither file is part of this module. A study
// whose data are missing says so and is not counted as passed.
//
// Sources: Buolamwini and Gebru, "Gender Shades" (2018); Larson, Mattu, Kirchner and Angwin, "How We Analyzed the COMPAS
// Recidivism Algorithm" (2016); Zhao et al., "Men Also Like Shopping" (2017); Wang and Russakovsky, "Directional Bias
// Amplification" (2021); Ensign et al., "Runaway Feedback Loops in Predictive Policing" (2018).
package published
