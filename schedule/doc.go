// Package schedule is hyper-parameters as pure functions of an integer step.
//
// A [Schedule] says what a learning rate, a momentum or a weight decay is at step k of n. It remembers nothing: the same
// function draws the plot before a run, drives the run, and drives it again after a resume. Nothing has to be stepped,
// saved or restored, and there is no order in which schedules and optimizers must be made.
//
// # Steps
//
// A phase of n steps trains step k, k = 0, 1, ..., n-1, with At(k, n). The value At(n, n) is the end that the schedule
// runs towards; the phase that follows begins there, so that it is not trained with twice. This is fastai's convention,
// and optax's. A learning rate finder, which wants its last value too, trains with At(k, n-1), as PyTorch's OneCycleLR does.
//
// [Lengths] gives phases that are measured in epochs their whole numbers of steps, before the run. A schedule runs over
// these; fastai divides by the epochs times the batches, which need not be whole.
//
// # Kinds
//
// With p = k/n and e(a, b, x) an interpolation from a to b, linear (a + x(b-a)) or cosine (b + (a-b)(1+cos(πx))/2):
//
//	kind                 value at step k of n
//	constant             value
//	linear               from + p·(to-from)
//	cosine               to + (from-to)·(1+cos(πp))/2
//	exponential          from·(to/from)^p
//	polynomial           to + (from-to)·(1-p)^power
//	step                 value·factor^j, j milestones passed
//	warmup               start + (first-start)·k/w for k < w steps; then At(k-w, n-w) of another, whose first value is first
//	join                 others one after the other, by fractions of n
//	one_cycle            e(max/div, max, p/pct) for p <= pct; then e(max, final, ·); or back to max/div first, then to final
//	one_cycle_momentum   e(max, min, p/pct) for p <= pct; then e(min, max, ·)
//	sgdr                 cosine from max to min, starting again; each cycle mult times as long as the one before
//	trapezoid            from, up to max, max, down to the end
//	inverse_sqrt         from up to max in w steps; then max·√(t/(k-w+t))
//
// [Plateau] is not a function of the step: it reacts to a metric. Its memory is a value too, which the caller keeps.
//
// # JSON
//
// A [Spec] is a schedule in JSON: a number is a constant, an object with one key names the kind. The fields of a kind may
// be given by name, or as a list in the order in which the struct has them, or as one number that is the first of them:
//
//	0.01
//	{"cosine": {"from": 0.01, "to": 0.001}}
//	{"cosine": [0.01, 0.001]}
//	{"cosine": 0.01}
//
// # Settings
//
// Zero fields have the documented default. Check says what is wrong with the others; At of settings that Check refuses
// has no meaning, but never panics. Values are limited to what float32 holds, which is what a compiled step is given.
//
// # Sources
//
// The decays are those of fastai 0.7's TrainingPhase. SGDR: Loshchilov and Hutter, arXiv 1608.03983. OneCycle: Smith and
// Topin, arXiv 1708.07120, with the settings of PyTorch, optax and fastai. Inverse square root: Vaswani et al., arXiv
// 1706.03762. Warm-up: Goyal et al., arXiv 1706.02677.
package schedule
