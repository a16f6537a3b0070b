package learn

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// WriteCSV writes a line for each step of the plan: its number from 0, its phase, data, epoch of that data and optimizer,
// and for each layer group the learning rate, momentum, beta2 and weight decay that training uses, in full precision.
// Rules of a phase multiply them for the parameters that they single out.
func (p *Plan) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	head := []string{"step", "phase", "data", "epoch", "optimizer"}
	for g := range p.groups {
		for _, name := range []string{"lr", "momentum", "beta2", "weight_decay"} {
			head = append(head, fmt.Sprintf("%s_%d", name, g+1))
		}
	}
	if err := c.Write(head); err != nil {
		return err
	}
	for step := range p.total {
		pos := p.At(step)
		phase := &p.phases[pos.Phase]
		line := []string{strconv.Itoa(step), phase.Name, phase.Data.Name, strconv.Itoa(pos.Epoch), phase.OptimizerName()}
		for _, h := range pos.Hyper {
			for _, v := range []float64{h.LR, h.Momentum, phase.Beta2Of(h), h.WeightDecay} {
				line = append(line, strconv.FormatFloat(v, 'g', -1, 64))
			}
		}
		if err := c.Write(line); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
