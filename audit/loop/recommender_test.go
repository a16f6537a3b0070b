package loop

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func newRNG(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func meetups(policy Policy, women float64) Recommender {
	return Recommender{Policy: policy, Groups: []Group{
		{Name: "men", Interest: .3, Clicks: 3, Exposures: 10}, {Name: "women", Interest: women, Clicks: 3, Exposures: 10}}}
}

func TestPoliciesReachTheirLimits(t *testing.T) {
	for policy, want := range map[Policy]float64{ClickRate: .6, Blind: .5} {
		result, err := meetups(policy, .2).Run(Options{Days: 500, Runs: 100, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		near(t, string(policy), last(result.Series[0]), want, .01)
		near(t, string(policy)+" limit", result.Limit.Shares[0], want, 1e-12)
		near(t, "true share", result.Series[0].TrueShare, .6, 1e-12)
	}
}

func TestCountingClicksRunsAway(t *testing.T) {
	result, err := meetups("", .2).Run(Options{Days: 2000, Runs: 100, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	men := result.Series[0]
	if last(men) < .9 || result.Limit.Shares[0] != 1 || !strings.Contains(result.Limit.Note, "men") {
		t.Errorf("men's share %v, limit %+v, want both to run to 1", last(men), result.Limit)
	}
	even, err := meetups(Clicks, .3).Run(Options{Days: 500, Runs: 200, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if even.Limit.Shares != nil || even.Series[0].SD < .1 {
		t.Errorf("equal interest: limit %+v, sd %v, want chance to decide", even.Limit, even.Series[0].SD)
	}
}

func TestRecommenderIsChecked(t *testing.T) {
	r := Recommender{Policy: "all", Exposures: -1, Groups: []Group{{Name: "men", Interest: 2}}}
	_, err := r.Run(Options{Days: 1})
	for _, want := range []string{"1 groups", "Exposures = -1", `"all"`, "Interest = 2", "both positive"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want it to contain %s", err, want)
		}
	}
}
