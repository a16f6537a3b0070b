package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/audit/loop"
	"github.com/atelier-go/atelier/audit/report"
	"github.com/atelier-go/atelier/chart"
)

// auditLoopFlags are the flags of `atelier audit loop`.
type auditLoopFlags struct {
	reportFlags
	urn         loop.Urn
	recommender loop.Recommender
	options     loop.Options
	areas       []string
	groups      []string
	plot        string
}

func newAuditLoop() *cobra.Command {
	var f auditLoopFlags
	cmd := &cobra.Command{
		Use:   "loop",
		Short: "Simulate a system that feeds on its own decisions",
		Long: `Simulate a system that feeds on its own decisions, and say where it ends. Patrols are sent where incidents are on record,
and what they discover is added to the record; with --group instead of --area a recommender shows more to those who clicked.
Without either, two areas of which one has a few more incidents.`,
		Example: `  atelier audit loop --area A,0.6 --area B,0.5 --plot loop.png
  atelier audit loop --area A,0.6 --area B,0.3 --area C,0.1 --correction reject --days 10000
  atelier audit loop --area top1,3.68511,3.68511,609 --area top2,2.816466,2.816466,379
  atelier audit loop --group men,0.3 --group women,0.25 --policy click-rate --report loop.html`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&f.areas, "area", nil, "`name,discovered[,reported[,prior]]`: incidents that a patrol discovers in a day, that people report in a day, and on record at the start (repeatable)")
	flags.IntVar(&f.urn.Patrols, "patrols", 1, "patrols sent each day")
	flags.Float64Var(&f.urn.DiscoveredWeight, "discovered-weight", 0.5, "weight of a discovered incident against one less this of a reported one")
	flags.Float64Var(&f.urn.Decay, "decay", 0, "share of its record that an area loses each day")
	f.urn.Arrivals, f.urn.Correction, f.recommender.Policy = loop.Poisson, loop.None, loop.Clicks
	flags.Var(choice[loop.Arrivals]{&f.urn.Arrivals, []loop.Arrivals{loop.Poisson, loop.Bernoulli, loop.Fixed}}, "arrivals", "how many incidents a visit finds: poisson, bernoulli or fixed")
	flags.Var(choice[loop.Correction]{&f.urn.Correction, []loop.Correction{loop.None, loop.Reject, loop.Weigh, loop.Complement}}, "correction", "how discovered incidents are recorded: none, reject, weigh or complement")
	flags.StringArrayVar(&f.groups, "group", nil, "`name,interest[,clicks,exposures]` of a recommender: the probability of a click, and the history (repeatable)")
	flags.Var(choice[loop.Policy]{&f.recommender.Policy, []loop.Policy{loop.Clicks, loop.ClickRate, loop.Blind}}, "policy", "whom a recommender shows more: clicks, click-rate or blind")
	flags.IntVar(&f.recommender.Exposures, "exposures", 100, "how often a recommender shows something in a round")
	flags.IntVar(&f.options.Days, "days", 1000, "days, or rounds, of a run")
	flags.IntVar(&f.options.Runs, "runs", 1000, "independent runs")
	flags.Uint64Var(&f.options.Seed, "seed", 1, "seed of all random draws")
	flags.Float64Var(&f.options.Conf, "confidence", 0.95, "share of the runs in the band")
	flags.StringVar(&f.plot, "plot", "", "draw shares over time with their band into a `file`, .png or .svg")
	f.add(flags)
	return cmd
}

func (f *auditLoopFlags) run(ctx context.Context, stdout io.Writer) error {
	f.options.Context = ctx
	if err := f.check("audit loop"); err != nil {
		return err
	}
	if err := checkPicture("audit loop", f.plot); err != nil {
		return err
	}
	if len(f.areas) > 0 && len(f.groups) > 0 {
		return usagef("audit loop: --area and --group: want one of them")
	}
	title, result, err := f.simulate()
	if err != nil {
		return err
	}
	if f.plot != "" {
		if err := loopFigure(title, result).Save(f.plot); err != nil {
			return err
		}
	}
	return f.write(stdout, reported{document: report.Loop(title, result), json: result})
}

func (f *auditLoopFlags) simulate() (string, *loop.Result, error) {
	if len(f.groups) > 0 {
		for _, text := range f.groups {
			name, v, err := numbers(text, 1, 0, 1, 1)
			if err != nil {
				return "", nil, usagef("audit loop: --group %s: want name,interest[,clicks,exposures]: %v", text, err)
			}
			f.recommender.Groups = append(f.recommender.Groups, loop.Group{Name: name, Interest: v[0], Clicks: v[1], Exposures: v[2]})
		}
		result, err := f.recommender.Run(f.options)
		return "A recommender that shows by " + string(f.recommender.Policy), result, err
	}
	if len(f.areas) == 0 {
		f.areas = []string{"A,0.6", "B,0.5"}
	}
	for _, text := range f.areas {
		name, v, err := numbers(text, 1, 0, 0, 1)
		if err != nil {
			return "", nil, usagef("audit loop: --area %s: want name,discovered[,reported[,prior]]: %v", text, err)
		}
		f.urn.Areas = append(f.urn.Areas, loop.Area{Name: name, Discovered: v[0], Reported: v[1], Prior: v[2]})
	}
	result, err := f.urn.Run(f.options)
	return "Patrols that go where incidents are on record", result, err
}

// numbers reads a name and numbers, at least so many; those that are not given are as in defaults.
func numbers(text string, least int, defaults ...float64) (string, []float64, error) {
	parts := strings.Split(text, ",")
	if parts[0] == "" || len(parts)-1 < least || len(parts)-1 > len(defaults) {
		return "", nil, fmt.Errorf("it has a name and %d numbers", len(parts)-1)
	}
	values := defaults
	for i, part := range parts[1:] {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return "", nil, fmt.Errorf("%q is not a number", part)
		}
		values[i] = v
	}
	return parts[0], values, nil
}

// loopFigure draws the shares: the mean with its band, the limit dashed, the true share pale.
func loopFigure(title string, r *loop.Result) chart.Figure {
	panel := chart.Panel{X: chart.Axis{Label: "day"}, Y: chart.Axis{Label: "share", Min: 0, Max: 1}}
	days := make([]float64, len(r.Days))
	for i, d := range r.Days {
		days[i] = float64(d)
	}
	ends := []float64{days[0], days[len(days)-1]}
	for i, s := range r.Series {
		mean := chart.Line{Name: s.Name, X: days, Y: s.Mean}
		if i == 0 || len(r.Series) > 2 { // of two, the second band is the first one's mirror image
			mean.Low, mean.High = s.Low, s.High
		}
		panel.Lines = append(panel.Lines, mean,
			chart.Line{Name: s.Name, X: ends, Y: []float64{s.TrueShare, s.TrueShare}, Faint: true})
		if i < len(r.Limit.Shares) {
			limit := r.Limit.Shares[i]
			panel.Lines = append(panel.Lines, chart.Line{Name: s.Name, X: ends, Y: []float64{limit, limit}, Dashed: true})
		}
	}
	return chart.Figure{Title: title + " (dashed: limit by formula; pale: true share)", Panels: []chart.Panel{panel}}
}
