package learn_test

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/atelier-go/atelier/data"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/nn"
	"github.com/atelier-go/atelier/optim"
	"github.com/atelier-go/atelier/safetensors"
	"github.com/atelier-go/atelier/schedule"
)

// slopes are the logits of simple models: bias + slope·m, where m is a picture's mean.
type slopes [4]float32

func (s slopes) forward(scope *model.Scope, x *graph.Node) *graph.Node {
	bias := scope.VariableWithValue("bias", []float32{0, 0, 0, 0}).NodeValue(x)
	m := graph.ReduceMean(x, 1, 2, 3)
	slope := graph.Const(x.Graph(), s[:])
	return graph.Add(graph.ExpandAxes(bias, 0), graph.Mul(graph.ExpandAxes(m, 1), graph.ExpandAxes(slope, 0)))
}

// probabilities are a model's in float64.
func (s slopes) probabilities(bias [4]float64, b *data.Batch, k int) (p [4]float64) {
	size, mean, sum := b.H*b.W*b.C, 0.0, 0.0
	for _, v := range b.Pixels[k*size : (k+1)*size] {
		mean += float64(v) / float64(size)
	}
	for c := range p {
		p[c] = math.Exp(bias[c] + float64(s[c])*mean)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return p
}

func (s slopes) loss(bias [4]float64, b *data.Batch, k int) float64 {
	p := s.probabilities(bias, b, k)
	loss := -math.Log(p[b.Labels[k]])
	if len(b.Mixed) > 0 {
		lambda := float64(b.Lambda[k])
		loss = lambda*loss - (1-lambda)*math.Log(p[b.Mixed[k]])
	}
	return loss
}

// chosen are the n examples of a batch with the highest losses.
func (s slopes) chosen(bias [4]float64, b *data.Batch, n int) []int {
	order := make([]int, b.N)
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(i, j int) int {
		return int(math.Copysign(1, s.loss(bias, b, j)-s.loss(bias, b, i)))
	})
	return order[:n]
}

// What a proxy chooses, how it learns, and what the model learns of it, against loops in float64.
func TestProxyChooses(t *testing.T) {
	const steps, every, lr = 25, 3, 0.3
	main, small := slopes{1, -1, 0.5, 0}, slopes{-2, 1, 0.3, 2}
	for _, mixup := range []float64{0, 0.4} {
		c := config(learn.Phase{Steps: steps, LR: learn.Value(lr), Momentum: learn.Value(0), LRScale: []float64{1}})
		c.Model, c.Dir = learn.Model{Forward: main.forward}, t.TempDir()
		c.Proxy = learn.Proxy{Model: learn.Model{Forward: small.forward}, Keep: 0.3, Every: every}
		c.Data.Train.Mixup = data.Mixup{Alpha: mixup}
		var losses []float64
		c.Handlers = []learn.Handler{learn.HandlerFunc(func(e learn.Event, r *learn.Run) error {
			if e == learn.StepEnd {
				losses = append(losses, r.Loss)
				if r.Examples != 5 || r.Seen != 16 {
					t.Errorf("trained on %d examples of %d, want 5 of 16", r.Examples, r.Seen)
				}
			}
			return nil
		})}
		stream := c.Data.Train.Open(context.Background(), 0)
		defer stream.Close()
		l, _ := run(t, c)

		var wantLosses []float64
		var bias, proxyBias [4]float64
		for step := range steps {
			b, err := stream.Next()
			if err != nil {
				t.Fatal(err)
			}
			loss, chosen := 0.0, small.chosen(proxyBias, b, 5)
			for _, k := range chosen {
				loss += main.loss(bias, b, k) / 5
			}
			wantLosses = append(wantLosses, loss)
			descend(&bias, main, b, chosen, lr)
			if step%every == 0 {
				descend(&proxyBias, small, b, chosen, lr)
			}
			stream.Release(b)
		}
		near(t, "losses", losses, wantLosses, 1e-5)
		near(t, "bias", floats(t, l, "/bias"), bias[:], 1e-4)
		near(t, "bias of the proxy", proxyTensor(t, c.Dir, "/bias"), proxyBias[:], 1e-4)
	}
}

// descend is a step of SGD by the mean loss of some examples.
func descend(bias *[4]float64, s slopes, b *data.Batch, examples []int, lr float64) {
	was := *bias
	for _, k := range examples {
		lambda := 1.0
		if len(b.Mixed) > 0 {
			lambda = float64(b.Lambda[k])
			bias[b.Mixed[k]] += lr * (1 - lambda) / float64(len(examples))
		}
		bias[b.Labels[k]] += lr * lambda / float64(len(examples))
		for c, p := range s.probabilities(was, b, k) {
			bias[c] -= lr * p / float64(len(examples))
		}
	}
}

// proxyTensor reads a variable of the proxy from the last checkpoint.
func proxyTensor(t *testing.T, dir, path string) (values []float64) {
	t.Helper()
	files, err := learn.Checkpoints(dir)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	f, err := safetensors.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tensor, err := f.Tensor("/proxy" + path)
	if err != nil {
		t.Fatal(err)
	}
	flat, err := tensor.Float32()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range flat {
		values = append(values, float64(v))
	}
	return values
}

// A proxy that keeps everything changes nothing, and where it is the model itself it goes the same way.
func TestProxyThatKeepsAll(t *testing.T) {
	train := func(p learn.Proxy) (*learn.Learner, string) {
		c := config(learn.OneCycle(2, schedule.OneCycle{Max: 0.1}, 0.95, 0.85, learn.Phase{Optimizer: optim.SGD{Nesterov: true}, WeightDecay: learn.Value(1e-3)})...)
		c.Proxy, c.Dir = p, t.TempDir()
		l, _ := run(t, c)
		return l, c.Dir
	}
	without, _ := train(learn.Proxy{})
	with, dir := train(learn.Proxy{Model: learn.Model{Forward: forward}, Keep: 1})
	for _, path := range []string{"/body/conv1/weight", "/body/norm2/bias", "/body/norm1/running_var", "/head/dense/bias"} {
		want := floats(t, without, path)
		near(t, path, floats(t, with, path), want, 0)
		near(t, path+" of the proxy", proxyTensor(t, dir, path), want, 1e-5)
	}
	if names, err := filepath.Glob(filepath.Join(dir, learn.WeightsFile)); err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	f, err := safetensors.Open(filepath.Join(dir, learn.WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range f.Names() {
		if strings.Contains(name, "proxy") {
			t.Errorf("the weights have %s", name)
		}
	}
}

// proxied is a run of two phases beside a proxy, the second with pictures of another size, frozen layers and another optimizer.
func proxied(dir string) learn.Config {
	large := &learn.Data{Name: "large", Train: loader(90, 12, 18, 1, true)}
	c := config(
		learn.Phase{Epochs: 1, LR: learn.Value(0.05), LRScale: learn.Discriminative(3, 2)},
		learn.Phase{Epochs: 1, Optimizer: optim.Adam{}, LR: learn.Value(1e-3), Freeze: 1, Data: large},
	)
	c.Proxy = learn.Proxy{Model: learn.Model{Forward: forward}, Keep: 0.5, Every: 2}
	c.Dir, c.Checkpoint.Every = dir, 1
	return c
}

// A run that is resumed goes on with the proxy that it had.
func TestProxyResumes(t *testing.T) {
	undisturbed := t.TempDir()
	run(t, proxied(undisturbed))
	for _, until := range []int{3, 10, 12} {
		dir := t.TempDir()
		c := proxied(dir)
		c.Handlers = []learn.Handler{learn.HandlerFunc(func(e learn.Event, r *learn.Run) error {
			if e == learn.StepEnd && r.Position.Step == until-1 {
				r.Stop(learn.StopInterrupted, "enough")
			}
			return nil
		})}
		run(t, c)
		again, err := learn.New(proxied(dir))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Resume(); err != nil {
			t.Fatal(err)
		}
		if _, err := again.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		again.Close()
		if got, want := historyWithoutTime(t, dir), historyWithoutTime(t, undisturbed); got != want {
			t.Errorf("resumed after step %d, the history is\n%s\nwant\n%s", until, got, want)
		}
		for _, path := range []string{"/body/conv1/weight", "/optim/adam/exp_avg_sq/head/dense/weight"} {
			near(t, path+" of the proxy", proxyTensor(t, dir, path), proxyTensor(t, undisturbed, path), 0)
		}
	}
	for want, change := range map[string]func(*learn.Proxy){
		"the checkpoint's run had a proxy, and this one has none":                          func(p *learn.Proxy) { *p = learn.Proxy{} },
		"the checkpoint's proxy keeps 0.5 and trains every 2 steps, this run's 0.25 and 2": func(p *learn.Proxy) { p.Keep = 0.25 },
		"the proxy: the checkpoint has /body/conv1/weight, which the model does not":       func(p *learn.Proxy) { p.Model.Forward = slopes{}.forward },
	} {
		c := proxied(undisturbed)
		change(&c.Proxy)
		l, err := learn.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Resume(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		l.Close()
	}
}

// The optimizer of a proxy that trains in every third step counts the steps in which it does: Adam's first steps have the
// rate's size, by the corrections of means that begin at 0.
func TestProxyClock(t *testing.T) {
	const lr = 0.01
	c := config(learn.Phase{Steps: 6, Optimizer: optim.Adam{}, LR: learn.Value(lr)})
	c.Dir = t.TempDir()
	c.Proxy = learn.Proxy{Model: learn.Model{Forward: slopes{}.forward}, Keep: 0.5, Every: 3}
	c.Data.Train.Shuffle = false
	for i := range c.Data.Train.Dataset.(*data.Memory).Labels {
		c.Data.Train.Dataset.(*data.Memory).Labels[i] = 1 // the same gradient's signs in every step
	}
	run(t, c)
	for i, v := range proxyTensor(t, c.Dir, "/bias") {
		want := -2 * lr
		if i == 1 {
			want = 2 * lr
		}
		if math.Abs(v-want) > 0.02*lr {
			t.Errorf("bias %d is %v after two steps of the proxy, want %v", i, v, want)
		}
	}
}

// A choice of a single picture is refused before anything is computed where a norm has nothing to compare it with, in
// the model and in the proxy.
func TestProxyOfSinglePictures(t *testing.T) {
	vectors := func(scope *model.Scope, x *graph.Node) *graph.Node {
		return nn.BatchNorm{}.Layer(scope.In("norm"), slopes{1, 2, 3, 4}.forward(scope, x))
	}
	for _, c := range []struct {
		batch        int
		keep         float64
		model, proxy learn.Forward
		want         string
	}{
		{16, 0.01, vectors, slopes{}.forward, "of a batch of 16 pictures of  the proxy leaves one: nn: batch norm"},
		{16, 0.01, slopes{}.forward, vectors, ""},
		{53, 0.1, slopes{}.forward, vectors, "end with a batch of one picture: proxy: nn: batch norm"},
		{53, 0.1, slopes{}.forward, slopes{}.forward, ""},
	} {
		config := config(learn.Phase{Epochs: 1})
		config.Model, config.Data.Train.Batch = learn.Model{Forward: c.model}, c.batch
		config.Proxy = learn.Proxy{Model: learn.Model{Forward: c.proxy}, Keep: c.keep}
		l, err := learn.New(config)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.Run(context.Background())
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || l.Step() != 0) {
			t.Errorf("batches of %d, keeping %v: after %d steps %v, want %q", c.batch, c.keep, l.Step(), err, c.want)
		}
		l.Close()
	}
}

// A proxy does not mind a plateau, whose factor it trains with too, nor sizes that only validation has.
func TestProxyBesidePlateau(t *testing.T) {
	const lr = 0.5
	c := config(learn.Phase{Epochs: 2, LR: learn.Value(lr), Momentum: learn.Value(0), Plateau: &schedule.Plateau{Factor: 0.125, Patience: 1}, Watch: "valid_loss"})
	c.Model, c.Dir = learn.Model{Forward: slopes{}.forward}, t.TempDir()
	c.Proxy = learn.Proxy{Model: learn.Model{Forward: slopes{}.forward}, Keep: 1}
	c.Data.Valid = loader(32, 8, 32, 2, false)
	c.Data.Valid.Transforms = []data.Transform{data.CenterCrop{Size: 4}}
	c.Proxy.Model.Forward = func(scope *model.Scope, x *graph.Node) *graph.Node {
		if x.Shape().Dim(1) < 8 {
			panic("the proxy is never validated")
		}
		return slopes{}.forward(scope, x)
	}
	l, _ := run(t, c)
	near(t, "bias of the proxy", proxyTensor(t, c.Dir, "/bias"), floats(t, l, "/bias"), 1e-5)
}

// The pictures that the proxy's weights are made from are those that the model's are: not changed by chance.
func TestProxyIsPrepared(t *testing.T) {
	c := config(learn.Phase{Steps: 1})
	c.Data.Train.Transforms = []data.Transform{data.Cutout{Size: 8, Fill: []int{255}}}
	var seen [2][]float32
	prepare := func(k int) func(*model.Store, *tensors.Tensor) error {
		return func(_ *model.Store, pictures *tensors.Tensor) error {
			return tensors.ConstFlatData(pictures, func(x []float32) { seen[k] = slices.Clone(x) })
		}
	}
	c.Model.Prepare = prepare(0)
	c.Proxy = learn.Proxy{Model: learn.Model{Forward: slopes{}.forward, Prepare: prepare(1)}, Keep: 0.5}
	run(t, c)
	if len(seen[0]) == 0 || !slices.Equal(seen[0], seen[1]) {
		t.Errorf("the proxy is prepared with %d numbers that are not the model's %d", len(seen[1]), len(seen[0]))
	}
}

// A proxy that has diverged ends a curve.
func TestFinderWithDivergedProxy(t *testing.T) {
	c := proxied("")
	c.Checkpoint.Every = 0
	c.Proxy.Model.Forward = notNumbers
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	curves, err := l.Find(context.Background(), learn.Finder{Steps: 12})
	if err != nil || !curves[0].Diverged || len(curves[0].Loss) > 0 {
		t.Errorf("%+v, %v", curves, err)
	}
}

// notNumbers are the logits of a model that has diverged.
func notNumbers(scope *model.Scope, x *graph.Node) *graph.Node {
	return graph.Log(graph.AddScalar(graph.ZerosLike(slopes{}.forward(scope, x)), -1))
}

// Every curve of the finder begins with the same proxy.
func TestFinderPutsTheProxyBack(t *testing.T) {
	c := proxied("")
	c.Checkpoint.Every = 0
	l, err := learn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	curves, err := l.Find(context.Background(), learn.Finder{Steps: 12, WeightDecays: []float64{1e-4, 1e-4}})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the second curve", curves[1].Loss, curves[0].Loss, 0)
}

func TestProxyMistakes(t *testing.T) {
	good := learn.Proxy{Model: learn.Model{Forward: forward}, Keep: 0.5}
	for want, change := range map[string]func(*learn.Config){
		"proxy: the model is missing":                             func(c *learn.Config) { c.Proxy.Model.Forward = nil },
		"proxy: keep is 0: want":                                  func(c *learn.Config) { c.Proxy.Keep = 0 },
		"proxy: keep is 1.5: want":                                func(c *learn.Config) { c.Proxy.Keep = 1.5 },
		"proxy: keep is NaN: want":                                func(c *learn.Config) { c.Proxy.Keep = math.NaN() },
		"proxy: every is -1: want":                                func(c *learn.Config) { c.Proxy.Every = -1 },
		"phase 1 (phase 1): accumulates 2 batches beside a proxy": func(c *learn.Config) { c.Phases[0].Accumulate = 2 },
		"the proxy's losses are not all numbers at step 1: lower": func(c *learn.Config) { c.Proxy.Model.Forward = notNumbers },
	} {
		c := config(learn.Phase{Steps: 2})
		c.Proxy = good
		change(&c)
		l, err := learn.New(c)
		if err == nil {
			var r *learn.Result
			if r, err = l.Run(context.Background()); err == nil && r.Stop != nil {
				if !strings.Contains(r.Stop.Reason, want) {
					t.Errorf("%s, want %s", r.Stop.Reason, want)
				}
				l.Close()
				continue
			}
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
