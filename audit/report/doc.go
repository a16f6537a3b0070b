// Package report writes what an audit found for people: as one HTML page that needs nothing else, as Markdown with the
// header of a model card, as text for a terminal, and as JSON.
//
//	found, err := audit.Run(audit.Options{...})
//	card, err := report.ReadCard("card.yaml") // what no data can say
//	err = report.Of(found, report.Options{Card: card, Date: time.Now()}).WriteHTML(file)
//
// [Of] turns an audit into a [Document] of paragraphs, tables and figures, and each format writes that. Other packages
// make documents of their own results, so that all reports look alike.
//
// A report says what was found in sentences, how sure that is, who was measured and who was not, and what the data cannot
// tell. It has a model card with the nine sections of Mitchell et al., Model Cards for Model Reporting (2019), and a
// datasheet after Gebru et al., Datasheets for Datasets (2018); what a person must write and has not is shown as missing.
// It holds nothing of the data but counts and the values of the columns of groups that were asked for.
package report
