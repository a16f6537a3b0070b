package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/audit/amplify"
	"github.com/atelier-go/atelier/audit/report"
)

// auditAmplifyFlags are the flags of `atelier audit amplify`.
type auditAmplifyFlags struct {
	reportFlags
	columns amplify.Columns
	options amplify.Options
	train   string
	class   string
	shares  [2]string // columns of shares, in training and predicted
	groups  []string
}

func newAuditAmplify() *cobra.Command {
	var f auditAmplifyFlags
	cmd := &cobra.Command{
		Use:   "amplify FILE",
		Short: "Measure whether predictions are more biased than the data",
		Long: `Measure whether predictions are more biased than the data. FILE is CSV or Parquet with a row for each person or
picture: an attribute, such as gender, a task, such as what the picture shows, and what a model said of one or both. With
--class, FILE is CSV with a row for each class instead, with the share of the first of two groups in training and among the
predictions.`,
		Example: `  atelier audit amplify rows.csv --attribute race --task label_value --predicted-task score
  atelier audit amplify test.csv --train train.csv --attribute gender --task verb --predicted-attribute gender_said --predicted-task verb_said
  atelier audit amplify imsitu.csv --class verb --train-share training_ratio --predicted-share gender_ratio_before_RBA --groups man,woman`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), args[0], cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.columns.Attribute, "attribute", "", "`column` of the group")
	flags.StringVar(&f.columns.Task, "task", "", "`column` of the class that is true")
	flags.StringVar(&f.columns.PredictedAttribute, "predicted-attribute", "", "`column` of the group that was predicted")
	flags.StringVar(&f.columns.PredictedTask, "predicted-task", "", "`column` of the class that was predicted")
	flags.StringSliceVar(&f.columns.Only, "only", nil, "`values` of the attribute to keep")
	flags.StringVar(&f.train, "train", "", "`file` of training rows, with the columns of attribute and task (default the labels of FILE)")
	flags.StringVar(&f.class, "class", "", "`column` of the class, of a file with a row for each class")
	flags.StringVar(&f.shares[0], "train-share", "", "`column` of the first group's share in training")
	flags.StringVar(&f.shares[1], "predicted-share", "", "`column` of the first group's share among the predictions")
	flags.StringSliceVar(&f.groups, "groups", []string{"first", "second"}, "`names` of the two groups of shares")
	flags.Float64Var(&f.options.Margin, "margin", 0.05, "a share that moves by more is counted as a violation")
	flags.Int64Var(&f.options.MinTrain, "min-train", 0, "leave out classes with at most so many rows in training")
	flags.BoolVar(&f.options.AsPublished, "as-published", false, "decide which pairs go together as the program published with the directional measures does")
	flags.Float64Var(&f.options.Conf, "confidence", 0.95, "level of the intervals")
	flags.IntVar(&f.options.Replicates, "replicates", 1000, "replicates of the bootstrap")
	flags.Uint64Var(&f.options.Seed, "seed", 1, "seed of all random draws")
	f.add(flags)
	return cmd
}

// amplified is what amplify prints as JSON.
type amplified struct {
	Zhao            *amplify.ZhaoResult        `json:"zhao,omitempty"`
	AttributeToTask *amplify.DirectionalResult `json:"attribute_to_task,omitempty"`
	TaskToAttribute *amplify.DirectionalResult `json:"task_to_attribute,omitempty"`
}

func (f *auditAmplifyFlags) run(ctx context.Context, path string, stdout io.Writer) error {
	f.columns.Context, f.options.Context = ctx, ctx
	if err := f.check("audit amplify"); err != nil {
		return err
	}
	measure := f.rows
	if f.class != "" {
		measure = f.ratios
	}
	found, err := measure(path)
	if err != nil {
		return err
	}
	document := report.Amplification(filepath.Base(path), found.Zhao, found.AttributeToTask, found.TaskToAttribute)
	return f.write(stdout, reported{document: document, json: found})
}

// ratios measures a file of shares.
func (f *auditAmplifyFlags) ratios(path string) (*amplified, error) {
	switch {
	case f.shares[0] == "" || f.shares[1] == "":
		return nil, usagef("audit amplify: --class wants --train-share and --predicted-share")
	case len(f.groups) != 2:
		return nil, usagef("audit amplify: --groups has %d names, want 2", len(f.groups))
	case f.columns.Attribute != "" || f.columns.Task != "" || f.train != "":
		return nil, usagef("audit amplify: --class is for shares; --attribute, --task and --train are for rows")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	ratios, err := amplify.ReadRatios(file, f.class, f.shares[0], f.shares[1])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	zhao, err := amplify.ZhaoRatios([2]string(f.groups), ratios, f.options)
	return &amplified{Zhao: zhao}, err
}

// rows measures a file of rows.
func (f *auditAmplifyFlags) rows(path string) (*amplified, error) {
	if f.columns.Attribute == "" || f.columns.Task == "" || f.columns.PredictedAttribute == "" && f.columns.PredictedTask == "" {
		return nil, usagef("audit amplify: want --attribute, --task, and --predicted-task or --predicted-attribute, or --class for shares")
	}
	t, err := readAmplify(path, f.columns)
	if err != nil {
		return nil, err
	}
	train := t.Cooccurrence(false)
	if f.train != "" {
		labels := f.columns // the predictions are those of labels: only labels count
		labels.PredictedAttribute, labels.PredictedTask = "", labels.Task
		if f.options.Train, err = readAmplify(f.train, labels); err != nil {
			return nil, err
		}
		train = f.options.Train.Cooccurrence(false)
	}
	var found amplified
	if found.Zhao, err = amplify.Zhao(train, t.Cooccurrence(true), f.options); err != nil {
		return nil, err
	}
	if t.HasPredictedTasks {
		if found.AttributeToTask, err = t.AttributeToTask(f.options); err != nil {
			return nil, err
		}
	}
	if t.HasPredictedAttributes {
		if found.TaskToAttribute, err = t.TaskToAttribute(f.options); err != nil {
			return nil, err
		}
	}
	return &found, nil
}

func readAmplify(path string, columns amplify.Columns) (*amplify.Table, error) {
	if isParquet(path) {
		return amplify.ReadParquet(path, columns)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	t, err := amplify.ReadTable(file, columns)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}
