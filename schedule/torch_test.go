package schedule_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"testing"

	"github.com/atelier-go/atelier/schedule"
)

// torchCase is a scheduler as testdata/reference.py runs it, and the schedule that should have its values at step k of n.
type torchCase struct {
	Scheduler string         `json:"scheduler"`
	Args      map[string]any `json:"args"`
	Steps     int            `json:"steps"`
	LR        float64        `json:"lr"`
	Metrics   []float64      `json:"metrics,omitempty"`

	ours     schedule.Schedule
	momentum schedule.Schedule
	plateau  schedule.Plateau
	n        int
}

type args = map[string]any

func torchCases() []torchCase {
	var cases []torchCase
	for _, pct := range []float64{.3, .25, .4} {
		for _, anneal := range []string{"cos", "linear"} {
			for phases := 2; phases <= 3; phases++ {
				const total = 237
				ours := (pct*total - 1) / (total - 1)
				cases = append(cases, torchCase{
					Scheduler: "OneCycleLR", Steps: total, LR: 1, n: total - 1,
					Args: args{"max_lr": .1, "total_steps": total, "pct_start": pct, "anneal_strategy": anneal, "three_phase": phases == 3,
						"div_factor": 20, "final_div_factor": 500},
					ours:     schedule.OneCycle{Max: .1, Pct: ours, Anneal: anneal, Phases: phases, Div: 20, FinalDiv: 500},
					momentum: schedule.OneCycleMomentum{Pct: ours, Anneal: anneal, Phases: phases},
				})
			}
		}
	}
	for _, mult := range []int{1, 2, 3} {
		cases = append(cases, torchCase{
			Scheduler: "CosineAnnealingWarmRestarts", Steps: 1500, LR: .1, n: 2000, Args: args{"T_0": 10, "T_mult": mult, "eta_min": .001},
			ours: schedule.SGDR{Max: .1, Min: .001, Steps: 10, Mult: float64(mult)},
		})
	}
	return append(cases, []torchCase{
		{Scheduler: "CosineAnnealingLR", Steps: 300, LR: .1, n: 299, Args: args{"T_max": 299, "eta_min": .01}, ours: schedule.Cosine{From: .1, To: .01}},
		{Scheduler: "PolynomialLR", Steps: 300, LR: .1, n: 300, Args: args{"total_iters": 300, "power": 1.7}, ours: schedule.Polynomial{From: .1, Power: 1.7}},
		{Scheduler: "ExponentialLR", Steps: 300, LR: .1, n: 300, Args: args{"gamma": .99}, ours: schedule.Exponential{From: .1, To: .1 * math.Pow(.99, 300)}},
		{Scheduler: "MultiStepLR", Steps: 300, LR: .1, n: 300, Args: args{"milestones": []int{100, 200, 270}, "gamma": .3},
			ours: schedule.Step{Value: .1, Factor: .3, Milestones: []float64{100. / 300, 200. / 300, .9}}},
		{Scheduler: "StepLR", Steps: 300, LR: .1, n: 300, Args: args{"step_size": 30}, ours: schedule.Step{Value: .1, Every: .1}},
		{Scheduler: "LinearLR", Steps: 300, LR: .1, n: 300, Args: args{"start_factor": .25, "total_iters": 40},
			ours: schedule.Warmup{Factor: .25, Steps: 40, Then: schedule.Of(schedule.Constant{Value: .1})}},
	}...)
}

func plateauCases() []torchCase {
	var metrics []float64
	for i := range 200 {
		metrics = append(metrics, 2+math.Sin(float64(i*i))/math.Sqrt(float64(i+1))+3/float64(i+1))
	}
	run := func(p schedule.Plateau, a args) torchCase {
		return torchCase{Scheduler: "ReduceLROnPlateau", Steps: len(metrics), LR: 1, Metrics: metrics, plateau: p, Args: a}
	}
	return []torchCase{
		run(schedule.Plateau{Patience: 10, Threshold: 1e-4}, args{"eps": 0}),
		run(schedule.Plateau{Factor: .5, Patience: 3, Cooldown: 4, Threshold: .01}, args{"factor": .5, "patience": 3, "cooldown": 4, "threshold": .01}),
		run(schedule.Plateau{Factor: .5, Patience: 2, Threshold: .1, ThresholdMode: "abs", Min: .1},
			args{"factor": .5, "patience": 2, "threshold": .1, "threshold_mode": "abs", "min_lr": .1}),
		run(schedule.Plateau{Factor: .7, Patience: 0, Mode: "max", Threshold: .02}, args{"factor": .7, "patience": 0, "mode": "max", "threshold": .02, "eps": 0}),
	}
}

// Every kind that PyTorch has, against PyTorch. Its schedulers multiply rates from step to step, so rounding adds up.
func TestSameAsTorch(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import torch").Run(); err != nil {
		t.Skipf("PyTorch is not there (apt install python3-torch): %v", err)
	}
	cases := append(torchCases(), plateauCases()...)
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/reference.py")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	var results []struct{ LR, Momentum []float64 }
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		want := results[i]
		t.Run(fmt.Sprintf("%s %v", c.Scheduler, c.Args), func(t *testing.T) {
			state := c.plateau.Start()
			for k := range c.Steps {
				got := state.Scale
				if c.ours != nil {
					got = c.ours.At(k, c.n)
				} else {
					state = c.plateau.Next(state, c.Metrics[k])
				}
				if math.Abs(got-want.LR[k]) > 1e-12*c.LR {
					t.Fatalf("step %d: %v, PyTorch's %v", k, got, want.LR[k])
				}
				if c.momentum != nil && math.Abs(c.momentum.At(k, c.n)-want.Momentum[k]) > 1e-12 {
					t.Fatalf("step %d: momentum %v, PyTorch's %v", k, c.momentum.At(k, c.n), want.Momentum[k])
				}
			}
		})
	}
}
