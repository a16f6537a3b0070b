// Package amplify measures whether a model's predictions are more biased than the data it learnt from.
//
// Two measures are here, and they answer different questions:
//
//   - [Zhao]: among the rows with a class, is the group that dominated in training more dominant in the predictions? It
//     is the mean amplification of Zhao, Wang, Yatskar, Ordonez and Chang, "Men Also Like Shopping" (2017). It cannot tell
//     which of the two is at fault, the predicted class or the predicted group.
//   - [Table.AttributeToTask] and [Table.TaskToAttribute]: does the model predict a task more often for those whose group
//     went with it, and the group more often for those with the task? They are the directional measures of Wang and
//     Russakovsky, "Directional Bias Amplification" (2021).
//
// Neither is the amplification of Foulds et al. (2020), a difference of smoothed differential fairness.
//
//	table, err := amplify.ReadTable(file, amplify.Columns{Attribute: "race", Task: "recid", PredictedTask: "high"})
//	result, err := table.AttributeToTask(amplify.Options{})
//	// result.Mean.Value = 0.0598, with an interval, and the same for each pair of group and task
//
// Every number has an interval; what could not be computed is left out and counted.
package amplify
