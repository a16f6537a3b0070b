// Package race records how long training takes to reach a goal, and what it costs, in the format of DAWNBench, and ranks
// such records.
//
// DAWNBench (Coleman et al., "DAWNBench: An End-to-End Deep Learning Benchmark and Competition", 2017) asked for the time
// and the cost of training to a fixed accuracy. An entry is a JSON file that describes a run, and beside it a TSV file of
// the same name with a line for each epoch: the hours of training so far, without evaluation and checkpoints, and what
// validation measured. The first line that reaches the goal counts: its hours are the result, and times the price of an
// hour they are the cost. Entries for inference have no TSV; their JSON has a latency and a cost.
//
//	entries, err := race.ReadAll("runs", "dawn-bench-entries/CIFAR10")
//	for _, board := range race.Boards(entries, race.ByTime) {
//		for _, s := range board.Standings {
//			fmt.Println(s.Seconds, s.Cost, s.Entry.Model)
//		}
//	}
//
// # Goals
//
// Entries in folders named as DAWNBench's repository has them, such as CIFAR10/train, have that task's goal: 94 % top-1
// for CIFAR10, 93 % top-5 for ImageNet, an F1 score of 0.75 for SQuAD (what the repository's tests ask for; its text says
// 0.73). The entries that a run writes carry their own, see [Notes]. Others have the goal that their columns imply.
//
// A run may measure its accuracy with several views of each picture, or of averaged weights. Such entries have boards of
// their own, see [Entry.Metric].
//
// # Errors
//
// A file that is not as the format has it is a [*FormatError] with its line. [ReadAll] returns the entries that can be
// read beside the errors of the others. Spot prices are an error too: the rules want the price of a machine that nobody
// takes away.
package race
