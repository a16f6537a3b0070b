// Package table reads rows once and counts them by the values that they have in some columns.
//
// A [Spec] names the columns and which of them are crossed. [CSV], [Parquet] and [Rows] read rows of a file or a callback
// and return [Counts]: for every combination of values how many rows have it. Memory is that of the counts and of a few
// blocks of the file, whatever the file's length, and of columns that the spec does not name nothing is kept.
//
//	counts, err := table.CSVFile("predictions.csv", table.Spec{
//		Columns: []table.Column{{Name: "race"}, {Name: "label"}, {Name: "score", Kind: table.Number}},
//		Crosses: [][]int{{0, 1, 2}},
//	})
//
// The result does not depend on the number of workers nor, without weights, on the order of rows; [Merge] of the counts of
// parts of a file is the count of the whole.
//
// # CSV
//
// Records are those of RFC 4180 as encoding/csv reads them: quoted fields may have commas, quotes and newlines; empty lines
// are skipped; a byte order mark is. Every row must have as many fields as the header. A column whose name occurs twice is
// read if all of its columns agree on every row, and else must be named with its occurrence, as "decile_score#2".
package table
