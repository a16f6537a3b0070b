package recipe_test

import (
	"strings"
	"testing"

	"github.com/atelier-go/atelier/recipe"
)

func parse(text string, set ...string) (*recipe.Recipe, error) {
	return recipe.Parse("r.yaml", []byte(text), "/home/me", recipe.Options{Set: set})
}

// Every mistake is an error with its line, in words that help.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"phases:\n  - epocs: 1\n", `r.yaml:2: unknown field "epocs" in phases.0: did you mean "epochs"?`},
		{"modl: x\n", `r.yaml:1: unknown field "modl": did you mean "model"?`},
		{"xyzzy: 1\n", `r.yaml:1: unknown field "xyzzy"; there are model, init, seed, precision, data, datasets, phases, loss, metrics, checkpoint, stop, ema, swa, lookahead, tta, proxy, report, out, until, price_per_hour`},
		{"seed: many\n", `r.yaml:1: seed: want a whole number that is not negative, got "many"`},
		{"seed: -1\n", `r.yaml:1: seed: want a whole number that is not negative, got -1`},
		{"seed: 1.5\n", `r.yaml:1: seed: want a whole number that is not negative, got 1.5`},
		{"seed:\n", `r.yaml:1: seed has no value`},
		{"model: 3\n", `r.yaml:1: model: want a word, got 3`},
		{"phases: 3\n", `r.yaml:1: phases: want a list, got 3`},
		{"phases: [3]\n", `r.yaml:1: phases.0: want a mapping of name, epochs,`},
		{"- a\n", `r.yaml:1: the recipe: want a mapping of model,`},
		{"seed: 1\nseed: 2\n", `r.yaml:2: field "seed" is there twice, first in line 1`},
		{"? [a]\n: 1\n", `r.yaml:1: a field's name is a list: want a word`},
		{"seed: [1\n", `r.yaml:`},
		{"seed: 1\n---\nseed: 2\n", `r.yaml:2: a second document: want one`},
		{"phases:\n  - decoupled: yes\n", `r.yaml:2: phases.0.decoupled: want true or false, got "yes"`},
		{"phases:\n  - epochs: 1\n    lr: fast\n", `r.yaml:3: phases.0.lr: want a number, got "fast"`},
		{"phases:\n  - lr: {cosin: 1}\n", `r.yaml:2: phases.0.lr: there is no "cosin": did you mean "cosine"?`},
		{"phases:\n  - lr: {cosine: {frm: 1}}\n", `r.yaml:2: unknown field "frm" in phases.0.lr.cosine: did you mean "from"?`},
		{"phases:\n  - lr: {cosine: [1, 2, 3]}\n", `r.yaml:2: phases.0.lr.cosine: a list of 3 settings, there are 2: from, to`},
		{"phases:\n  - lr: {exponential: [0.1, 0]}\n", `r.yaml:2: phases.0.lr: exponential: to is 0, want a number above 0`},
		{"phases:\n  - lr: {exponential: 0.1}\n", `r.yaml:2: phases.0.lr: exponential: to is 0, want a number above 0`},
		{"phases:\n  - lr: {polynomial: [0.1, 0]}\n", `r.yaml:2: phases.0.lr: polynomial: power is 0, want a number above 0`},
		{"phases:\n  - lr: {cosine: 1, linear: 1}\n", `r.yaml:2: phases.0.lr: want a number or a schedule (constant, linear,`},
		{"phases:\n  - lr: []\n", `r.yaml:2: phases.0.lr: the list is empty`},
		{"phases:\n  - lr: .nan\n", `r.yaml:2: phases.0.lr: constant: value is NaN, want a number that float32 holds`},
		{"phases:\n  - lr:\n      warmup: {steps: 3, then: {cosin: 1}}\n", `r.yaml:3: phases.0.lr.warmup.then: there is no "cosin": did you mean "cosine"?`},
		{"phases:\n  - optimizer: sdg\n", `r.yaml:2: phases.0.optimizer: there is no "sdg": did you mean "sgd"?`},
		{"phases:\n  - optimizer: {sgd: {nestrov: true}}\n", `r.yaml:2: unknown field "nestrov" in phases.0.optimizer.sgd: did you mean "nesterov"?`},
		{"phases:\n  - optimizer: {sgd: {nesterov: true, dampening: 0.5}}\n", `r.yaml:2: phases.0.optimizer: optim: sgd: both Nesterov and Dampening = 0.5, want one of them`},
		{"phases:\n  - state: keep\n", `r.yaml:2: phases.0.state: optim: unknown carry "keep", want auto, slots or none`},
		{"phases:\n  - plateau: {factor: 2}\n", `r.yaml:2: phases.0.plateau: plateau: factor is 2, want a fraction between 0 and 1`},
		{"model: resnet19\n", `r.yaml:1: zoo: model "resnet19": unknown backbone "resnet19"; did you mean "resnet18"?`},
		{"model: resnet18+none\n", `r.yaml:1: model "resnet18+none" has no head to tell classes apart; there are average, max,`},
		{"data: picturs\ndatasets:\n  pictures: {train: {shapes: {n: 9}}}\n", `r.yaml:1: data: there is no dataset "picturs": did you mean "pictures"?`},
		{"phases:\n  - {epochs: 1, data: none}\n", `r.yaml:2: phases.0.data: there is no dataset "none"; there are shapes`},
		{"phases:\n  - epochs: 1\ndatasets:\n  a: {train: {shapes: {n: 9}}}\n  b: {train: {shapes: {n: 9}}}\n", `r.yaml:2: phases.0 names no data, and there are several datasets`},
		{"datasets:\n  a:\n    train: {}\n", `r.yaml:3: datasets.a.train: 0 places that pictures come from: want one of shapes,`},
		{"datasets:\n  a:\n    train: {shapes: {n: 9}, zip: {path: x}}\n", `r.yaml:3: datasets.a.train: 2 places`},
		{"datasets:\n  a:\n    batch: 3\n", `r.yaml:3: datasets.a: names no pictures: want train, or valid for evaluation alone`},
		{"datasets:\n  a:\n    train: {shapes: {n: 9}}\n    batch: -3\n", `r.yaml:3: datasets.a: batch is -3: want 0 to 16777216`},
		{"datasets:\n  a:\n    train: {shapes: {n: 9}}\n    prefetch: 1000000000000000\n", `r.yaml:3: datasets.a: prefetch is 1000000000000000: want 0 to 4096`},
		{"datasets:\n  a:\n    train: {fashion_mnist: {}}\n", `r.yaml:3: datasets.a.train.fashion_mnist: split is "": want train or test`},
		{"datasets:\n  a:\n    transforms: [flop]\n", `r.yaml:3: datasets.a.transforms.0: there is no "flop": did you mean "flip"?`},
		{"datasets:\n  a:\n    transforms: [{random_crop: {size: -1}}]\n", `r.yaml:3: datasets.a.transforms.0: data: RandomCrop: Size is -1`},
		{"datasets:\n  a:\n    transforms: [{random_resized_crop: {size: 8, scale: [1]}}]\n", `r.yaml:3: datasets.a.transforms.0.random_resized_crop.scale: want a list of 2, got 1`},
		{"datasets:\n  a:\n    normalise: {std: 0}\n", `r.yaml:3: datasets.a.normalise: data: Normalise: Std[0] is 0, want more than 0`},
		{"metrics: [acuracy]\n", `r.yaml:1: metrics.0: there is no "acuracy": did you mean "accuracy"?`},
		{"checkpoint: {best: valid_acuracy}\n", `r.yaml:1: checkpoint.best: "valid_acuracy" is not measured: did you mean "valid_accuracy"?`},
		{"stop: {patience: 1, watch: f1}\n", `r.yaml:1: stop.watch: "f1" is not measured; there are valid_loss, valid_accuracy, train_loss, train_accuracy`},
		{"phases:\n  - {epochs: 1, watch: ema_valid_loss}\n", `r.yaml:2: phases.0.watch: "ema_valid_loss" is not measured`},
		{"checkpoint: {best: valid_loss}\nphases: [{epochs: 1}]\ndatasets:\n  a: {train: {shapes: {n: 9}}}\n", `r.yaml:1: checkpoint.best: "valid_loss" is not measured: there are no pictures to validate on`},
		{"stop: {watch: valid_loss}\nphases: [{epochs: 1}]\ndatasets:\n  a: {train: {shapes: {n: 9}}}\n", `r.yaml:1: stop.watch: "valid_loss" is not measured`},
		{"seed: 1\nreport: {confusion: true}\nphases: [{epochs: 1}]\ndatasets:\n  a: {train: {shapes: {n: 9}}}\n", `r.yaml:2: report wants pictures to validate on`},
		{"phases:\n  - {epochs: 1, momentum: 0.9, one_cycle_linear: {lr: 1, div: 10, pct: 10}}\n", `r.yaml:2: phases.0 has momentum and a cycle that gives the momentum`},
		{"phases:\n  - {epochs: 1, momentum: 0.9, one_cycle: {max: 1, max_momentum: 0.95, min_momentum: 0.85}}\n", `r.yaml:2: phases.0 has momentum and a cycle`},
		{"seed: 1\nema: {decay: 1}\n", `r.yaml:2: ema: learn: the decay of the moving average is 1: want 0 to less than 1`},
		{"swa: {start: -1}\n", `r.yaml:1: swa: learn: weight averaging starts at epoch -1`},
		{"stop: {div: 0.5}\n", `r.yaml:1: stop: learn: Stop.Div is 0.5: want a number above 1, or 0 for no limit`},
		{"loss: {label_smoothing: 1}\n", `r.yaml:1: loss.label_smoothing is 1: want 0 to less than 1`},
		{"phases:\n  - {epochs: 1, sgdr: {lr: 1, cycles: 1}, lr: 1}\n", `r.yaml:2: phases.0 has lr and a cycle that gives the learning rate: want one of them`},
		{"phases:\n  - {sgdr: {lr: 1, cycles: 1}}\n", `r.yaml:2: phases.0 has a cycle: want its length in epochs`},
		{"phases:\n  - {epochs: 1, sgdr: {cycles: 1}}\n", `r.yaml:2: phases.0.sgdr: lr is 0, cycles 1 and mult 0: want`},
		{"phases:\n  - epochs: 1\n    one_cycle: {max: 1, div: 0.5}\n", `r.yaml:3: phases.0.one_cycle: one_cycle: div is 0.5, want at least 1`},
		{"phases:\n  - {epochs: 1, discriminative: .nan}\n", `r.yaml:2: phases.0 has discriminative NaN and 0 factors in lr_scale: want a number above 0, or the list`},
		{"proxy: {keep: 0.5}\n", `r.yaml:1: proxy: keep is 0.5 and every 0, and there is no model: want its name`},
		{"proxy: {model: resnet1, keep: 0.5}\n", `r.yaml:1: proxy: zoo: model "resnet1"`},
		{"proxy: {model: resnet18+none, keep: 0.5}\n", `r.yaml:1: proxy: model "resnet18+none" has no head to tell classes apart`},
		{"proxy: {model: resnet18}\n", `r.yaml:1: proxy: learn: proxy: keep is 0: want the part of a batch`},
		{"proxy: {model: resnet18, keep: 0.5}\nphases:\n  - {epochs: 1, accumulate: 2}\n", `r.yaml:3: phases.0 accumulates 2 batches beside a proxy`},
		{"a: &a [*a]\n", `r.yaml:1: the file is too large or nested too deeply`},
	} {
		_, err := parse(c.text)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

// What only the whole plan shows is found without training, with the line of the phase.
func TestMistakesInPlans(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"seed: 1\n", "r.yaml: there are no phases, so that there is nothing to train"},
		{"datasets:\n  a:\n    valid: {shapes: {n: 9}}\nphases:\n  - epochs: 1\n", `r.yaml:3: dataset "a" has no pictures to train on: want train`},
		{"phases:\n  - lr: 1\n", "r.yaml:2: phase 1 (phase 1): it has no length: want epochs or steps"},
		{"phases:\n  - epochs: 1\n  - {epochs: -1, name: odd}\n", "r.yaml:3: phase 2 (odd): epochs is -1: want a positive number"},
		{"phases:\n  - {epochs: 1, freeze: 3}\n", "r.yaml:2: phase 1 (phase 1): freeze is 3: want 0 to 2"},
		{"phases:\n  - {epochs: 1, lr: [1, 2]}\n", "r.yaml:2: phase 1 (phase 1): lr has 2 schedules: want one, or one for each of the model's 3 layer groups"},
		{"phases:\n  - {steps: 30000000}\n", "r.yaml: learn: the phases have 30000000 steps together: want at most 20000000"},
		{"phases:\n  - {steps: 10, accumulate: 9223372036854775807}\n", "r.yaml:2: phase 1 (phase 1): accumulate is 9223372036854775807: want 0 to 1048576 batches"},
		{"phases:\n  - {epochs: 1, lr_scale: [1]}\n", "r.yaml:2: phase 1 (phase 1): lr_scale has 1 factors"},
		{"phases:\n  - {epochs: 1, momentum: 1}\n", "r.yaml:2: phase 1 (phase 1): momentum of layer group 1 is 1 at step 0"},
		{"phases:\n  - {epochs: 1, lr: -1}\n", "r.yaml:2: phase 1 (phase 1): lr of layer group 1 is -1 at step 0"},
		{"datasets:\n  a:\n    train: {folder: {path: nowhere}}\nphases:\n  - epochs: 1\n", `r.yaml:3: train of dataset "a": data: /home/me/nowhere`},
		{"datasets:\n  a: {train: {shapes: {n: 4}}, batch: 8, drop_last: true}\nphases:\n  - epochs: 1\n", "r.yaml:4: phase 1 (phase 1): data: Sampler: 4 examples do not fill a batch of 8"},
	} {
		r, err := parse(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if _, err := r.Plan(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := parse("phases:\n  - {epocs: 1, lr: x}\nseed: -1\nbatch: 1\n", "phases.0.momentm=1")
	want := []string{
		`r.yaml:2: unknown field "epocs" in phases.0: did you mean "epochs"?`,
		`r.yaml:2: phases.0.lr: want a number, got "x"`,
		`r.yaml:3: seed: want a whole number that is not negative, got -1`,
		`r.yaml:4: unknown field "batch"`,
		`--set phases.0.momentm=1: unknown field "momentm" in phases.0: did you mean "momentum"?`,
	}
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%v", len(lines), len(want), err)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("line %d is %q, want %q", i, lines[i], want[i])
		}
	}
}
