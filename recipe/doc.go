// Package recipe is training described as data: YAML files that say which model learns what from which pictures in which
// phases.
//
//	r, err := recipe.Load("recipe.yaml", recipe.Options{Set: []string{"phases.0.lr=0.01"}})
//	plan, err := r.Plan()        // the schedule; needs no backend and decodes no picture
//	config, err := r.Config(ctx) // for learn.New, which wants a backend besides
//
// A file is read strictly: a field that does not exist, a value of the wrong type, a field that is there twice are errors
// with the line, all of them at once. What a file leaves out is zero, and the fields say what zero means.
//
// # Forms
//
// A hyper-parameter is a schedule for all layer groups or a list with one for each; a schedule is a number or a kind of
// package schedule with its settings, by name, as a list in the order in which the kind has them, or as the first alone:
//
//	lr: 0.01
//	lr: [0.0001, 0.001, 0.01]
//	lr: {cosine: {from: 0.01, to: 0.001}}
//	lr: {cosine: [0.01, 0.001]}
//
// Optimizers and transforms are a name, or a name with settings:
//
//	optimizer: adam
//	optimizer: {sgd: {nesterov: true}}
//
// Anchors, aliases and merge keys (<<: *name) are YAML's. Paths are relative to the file's folder.
package recipe
