package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/atelier-go/atelier/atomicfile"
)

// writeCSV writes a line for each step.
func writeCSV(path string, pairs []pair) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		out := csv.NewWriter(w)
		number := func(v float64) string { return strconv.FormatFloat(v, 'g', 9, 64) }
		if err := out.Write([]string{"step", "loss", "torch_loss", "seconds", "torch_seconds"}); err != nil {
			return err
		}
		for _, p := range pairs {
			if err := out.Write([]string{strconv.Itoa(p.Step), number(p.Loss), number(p.PeerLoss), number(p.Seconds), number(p.PeerSeconds)}); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	})
}

// report prints the comparison.
func report(w io.Writer, pairs []pair, warm int, peer string) error {
	t := compareTimes(pairs[warm:])
	l := compareLosses(pairs)
	_, err := fmt.Fprintf(w, `%d pairs of steps, beside %s
time of a step: %.3f s, PyTorch %.3f s (medians of %d)
ratio of the pairs: %.3f, 95 %% interval of its mean %.3f to %.3f
loss of the first step: %.6f, PyTorch %.6f
loss of the last step: %.4f, PyTorch %.4f
losses differ by %.2g of the loss in the first step, %.2g in the mean, %.2g at most (step %d)
losses of neighbouring batches differ by %.2g in the mean
`, len(pairs), peer, t.ours, t.theirs, len(pairs)-warm, t.ratio, t.low, t.high,
		pairs[0].Loss, pairs[0].PeerLoss, pairs[len(pairs)-1].Loss, pairs[len(pairs)-1].PeerLoss,
		l.first, l.mean, l.most, l.at+1, l.noise)
	return err
}

// times are medians of both sides in seconds, and the geometric mean of the pairs' ratios with its interval.
type times struct{ ours, theirs, ratio, low, high float64 }

func compareTimes(pairs []pair) times {
	var ours, theirs, logs []float64
	mean := 0.0
	for _, p := range pairs {
		ours, theirs = append(ours, p.Seconds), append(theirs, p.PeerSeconds)
		logs = append(logs, math.Log(p.Seconds/p.PeerSeconds))
		mean += logs[len(logs)-1] / float64(len(pairs))
	}
	sum := 0.0
	for _, v := range logs {
		sum += (v - mean) * (v - mean)
	}
	n := float64(len(pairs))
	reach := 1.96 * math.Sqrt(sum/(n-1)/n) // of the normal distribution: there are tens of pairs
	return times{median(ours), median(theirs), math.Exp(mean), math.Exp(mean - reach), math.Exp(mean + reach)}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// losses are the differences of both sides' losses, relative to the loss, and of neighbouring steps', which is how much
// one batch differs from another.
type losses struct {
	first, mean, most, noise float64
	at                       int // the step where they differ most
}

func compareLosses(pairs []pair) losses {
	var l losses
	for i, p := range pairs {
		d := math.Abs(p.Loss-p.PeerLoss) / p.PeerLoss
		if i == 0 {
			l.first = d
		} else {
			l.noise += math.Abs(p.PeerLoss-pairs[i-1].PeerLoss) / p.PeerLoss / float64(len(pairs)-1)
		}
		l.mean += d / float64(len(pairs))
		if !(d <= l.most) {
			l.most, l.at = d, p.Step
		}
	}
	return l
}
