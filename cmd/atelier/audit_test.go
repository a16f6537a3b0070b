package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-go/atelier/audit"
	"github.com/atelier-go/atelier/audit/amplify"
	"github.com/atelier-go/atelier/audit/loop"
	"github.com/atelier-go/atelier/audit/mitigate"
	"github.com/atelier-go/atelier/audit/published"
	"github.com/atelier-go/atelier/audit/report"
)

// compas are the published counts of two races of COMPAS as rows, with names that nobody asks for.
func compas(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("name,race,two_year_recid,decile_score\n")
	person := 0
	for _, c := range []struct {
		race   string
		counts [4]int // TN, FP, FN, TP
	}{
		{"African-American", [4]int{990, 805, 532, 1369}}, {"Caucasian", [4]int{1139, 349, 461, 505}}, {"Asian", [4]int{21, 2, 3, 6}},
	} {
		for kind, n := range c.counts {
			label, score := kind/2, 2+5*(kind%2)
			for range n {
				person++
				fmt.Fprintf(&b, "\"Secret, Person %d\",%s,%d,%d\n", person, c.race, label, score+person%2)
			}
		}
	}
	return file(t, "compas.csv", b.String())
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// succeed runs a command line that must succeed without a word on stderr.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := atelier(t, args...)
	if code != exitOK || stderr != "" {
		t.Fatalf("atelier %s: exit %d, %s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in\n%.2000s", err, text)
	}
	return v
}

func lacks(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%.6000s", want, text)
		}
	}
}

func TestAuditOfCompas(t *testing.T) {
	path, dir := compas(t), t.TempDir()
	card := file(t, "card.yaml", "model_details: {name: Northpointe's scores}")
	files := []string{filepath.Join(dir, "out.html"), filepath.Join(dir, "out.md"), filepath.Join(dir, "out.json"), filepath.Join(dir, "out.txt")}
	args := []string{"audit", path, "--label", "two_year_recid", "--score", "decile_score", "--threshold", "5", "--group", "race", "--card", card}
	for _, f := range files {
		args = append(args, "--report", f)
	}
	stdout := succeed(t, args...)
	lacks(t, stdout, "44.8% [42.6%, 47.2%] for African-American", "23.5% [21.4%, 25.7%]", "Everything is in "+files[0])
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lacks(t, string(text), "Northpointe", "3,696"[2:])
		if strings.Contains(string(text), "Secret") {
			t.Errorf("a name is in %s", f)
		}
	}
	text, _ := os.ReadFile(files[2])
	found := decode[report.File](t, string(text)).Audit
	if g, ok := found.Group([]string{"race"}, []string{"African-American"}); !ok || *g.Confusion != (audit.Confusion{TN: 990, FP: 805, FN: 532, TP: 1369}) {
		t.Errorf("African-American: %+v", g)
	}
	if markdown := succeed(t, append(args, "--md")...); !strings.HasPrefix(markdown, "---\n") {
		t.Errorf("Markdown without a header: %.100s", markdown)
	}
}

func TestAuditHasAllOptions(t *testing.T) {
	path := compas(t)
	stdout := succeed(t, "audit", path, "--label", "two_year_recid", "--score", "decile_score", "--threshold", "5", "--group", "race", "--json",
		"--reference", "race=Asian", "--baseline", "race", "--where", "race!=Caucasian", "--filter", "decile_score>=3", "--try-threshold", "7", "--confidence", "0.9",
		"--min-n", "5", "--replicates", "50", "--seed", "3", "--no-cross", "--hash=false", "--threads", "1", "--comma", ",", "--positive", "1", "--title", "x")
	a := decode[report.File](t, stdout).Audit
	s := a.Settings
	if s.Confidence != .9 || s.MinN != 5 || s.Replicates != 50 || s.Seed != 3 || s.Threshold != 5 || len(s.Where) != 1 || a.Source.SHA256 != "" {
		t.Errorf("settings %+v, source %+v", s, a.Source)
	}
	if len(a.GroupsBy("race")) != 2 || len(a.Baselines) != 1 || len(a.Sensitivity.Filters) == 0 || a.Gaps[0].Reference != "Asian" {
		t.Errorf("groups %d, baselines %d, filters %d, reference %s", len(a.GroupsBy("race")), len(a.Baselines), len(a.Sensitivity.Filters), a.Gaps[0].Reference)
	}
}

func TestAuditUsage(t *testing.T) {
	rows := file(t, "rows.csv", "a,b,c\n1,1,x\n0,1,y\n")
	for _, c := range []struct {
		args, want string
		code       int
	}{
		{"audit", "accepts 1 arg", exitUsage},
		{"audit ROWS --prediction b --group c", "--label is missing", exitUsage},
		{"audit ROWS --label a --group c", "one of --prediction and --score", exitUsage},
		{"audit ROWS --label a --prediction b --score b --group c", "one of --prediction and --score", exitUsage},
		{"audit ROWS --label a --prediction b", "--group is missing", exitUsage},
		{"audit ROWS --label a --prediction b --group c --report out.pdf", "out.pdf", exitUsage},
		{"audit ROWS --label a --prediction b --group c --json --md", "want one of them", exitUsage},
		{"audit ROWS --label a --prediction b --group c --confidence 95", "--confidence is 95", exitUsage},
		{"audit ROWS --label a --prediction b --group c --min-n 0", "--min-n is 0", exitUsage},
		{"audit ROWS --label a --prediction b --group c --replicates 0", "--replicates is 0", exitUsage},
		{"audit ROWS --label a --prediction b --group c --threads 1000000000", "--threads is 1000000000, want 1 to 4096", exitUsage},
		{"audit ROWS --label a --prediction b --group c --comma ::", "--comma", exitUsage},
		{"audit ROWS --label a --prediction b --group c --reference x", "want column=value", exitUsage},
		{"audit ROWS --label a --prediction b --group c --cross a,b --no-cross", "--no-cross", exitUsage},
		{"audit ROWS --label z --prediction b --group c", "z", exitError},
		{"audit nowhere.csv --label a --prediction b --group c", "nowhere.csv", exitError},
		{"audit ROWS --label a --prediction b --group c --card nowhere.yaml", "nowhere.yaml", exitError},
		{"audit loop --area A", "--area A", exitUsage},
		{"audit loop --area A,x", "not a number", exitUsage},
		{"audit loop --area A,1 --group B,1", "want one of them", exitUsage},
		{"audit loop --plot x.gif", "--plot x.gif: want a name that ends in .png or .svg", exitUsage},
		{"audit loop --correction cure", "none, reject", exitUsage},
		{"audit loop --area A,1", "area", exitError},
		{"audit amplify ROWS", "--attribute", exitUsage},
		{"audit amplify ROWS --attribute c --task a --predicted-task b --replicates 2000000", "Replicates = 2000000, want 1 to 1000000", exitError},
		{"audit amplify ROWS --class c", "--train-share", exitUsage},
		{"audit amplify ROWS --class c --train-share a --predicted-share b --groups x", "--groups has 1", exitUsage},
		{"audit probe ROWS", "--ask is missing", exitUsage},
		{"audit probe ROWS --ask cat --timeout -1s", "--timeout", exitUsage},
		{"audit probe ROWS --ask cat", "rows.csv", exitError},
		{"audit thresholds ROWS", "--label, --score and --group", exitUsage},
		{"audit thresholds ROWS --label a --score b --group c --criterion all", "selection_rate", exitUsage},
		{"audit thresholds ROWS --label a --score b --group c --positive yes", "\"yes\"", exitError},
		{"audit thresholds ROWS --label a --score b --group c --only z", "only x, y", exitError},
		{"audit reweigh ROWS", "--label and --group", exitUsage},
		{"audit track ROWS --label a --prediction b --group c", "--model is missing", exitUsage},
		{"audit track ROWS --label a --prediction b --group c --model m --fail-if fpr.gap=1", "--fail-if", exitUsage},
		{"audit selftest --data nowhere x", "x", exitUsage},
	} {
		code, stdout, stderr := atelier(t, strings.Fields(strings.ReplaceAll(c.args, "ROWS", rows))...)
		if code != c.code || stdout != "" || !strings.HasPrefix(stderr, "atelier: ") || !strings.Contains(stderr, c.want) {
			t.Errorf("atelier %s: exit %d, stdout %.200q, stderr %q, want exit %d and %q", c.args, code, stdout, stderr, c.code, c.want)
		}
	}
}

func TestAuditCardPrintsACard(t *testing.T) {
	if _, err := report.ParseCard([]byte(succeed(t, "audit", "card"))); err != nil {
		t.Error(err)
	}
}

// The limit of Ensign's urn with the rates of Oakland is 0.59890.
func TestAuditLoop(t *testing.T) {
	plot, page := filepath.Join(t.TempDir(), "loop.svg"), filepath.Join(t.TempDir(), "loop.html")
	r := decode[loop.Result](t, succeed(t, "audit", "loop", "--area", "a,3.68511,3.68511,609", "--area", "b,2.816466,2.816466,379", "--runs", "5", "--days", "50",
		"--plot", plot, "--report", page, "--json"))
	if got := fmt.Sprintf("%.5f", r.Limit.Shares[0]); got != "0.59890" || r.Runs != 5 || r.Days[len(r.Days)-1] != 50 {
		t.Errorf("limit %s, %d runs, days %v", got, r.Runs, r.Days)
	}
	for _, name := range []string{plot, page} {
		if text, err := os.ReadFile(name); err != nil || !strings.Contains(string(text), "<svg") {
			t.Errorf("%s: %v", name, err)
		}
	}
	lacks(t, succeed(t, "audit", "loop", "--runs", "5", "--days", "20"), "Limit by formula", "1.00000")
	lacks(t, succeed(t, "audit", "loop", "--group", "men,0.3", "--group", "women,0.25", "--policy", "click-rate", "--runs", "5", "--days", "20"), "0.54545")
}

func TestAuditAmplify(t *testing.T) {
	path := compas(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	high := strings.NewReplacer(",7\n", ",1\n", ",8\n", ",1\n", ",2\n", ",0\n", ",3\n", ",0\n").Replace(string(text))
	rows := file(t, "high.csv", high)
	found := decode[amplified](t, succeed(t, "audit", "amplify", rows, "--attribute", "race", "--task", "two_year_recid", "--predicted-task", "decile_score",
		"--only", "African-American,Caucasian", "--json"))
	if got := fmt.Sprintf("%.7f", found.AttributeToTask.Mean.Value); got != "0.0597517" || found.TaskToAttribute != nil {
		t.Errorf("amplification %s, %+v", got, found.TaskToAttribute)
	}
	trained := decode[amplified](t, succeed(t, "audit", "amplify", rows, "--attribute", "race", "--task", "two_year_recid", "--predicted-task", "decile_score",
		"--only", "African-American,Caucasian", "--train", rows, "--json"))
	if trained.AttributeToTask.Mean.Value != found.AttributeToTask.Mean.Value {
		t.Errorf("with itself as training %v", trained.AttributeToTask.Mean)
	}
	ratios := file(t, "ratios.csv", "verb,train,said\ncooking,0.3333,0.16279\ncoaching,0.9444,0.9796\n")
	shares := decode[amplified](t, succeed(t, "audit", "amplify", ratios, "--class", "verb", "--train-share", "train", "--predicted-share", "said", "--groups", "man,woman", "--json"))
	if want := ((.3333 - .16279) + (.9796 - .9444)) / 2; shares.Zhao == nil || shares.Zhao.Mean.Value < want-1e-12 || shares.Zhao.Mean.Value > want+1e-12 {
		t.Errorf("shares %+v, want %v", shares.Zhao, want)
	}
	var _ *amplify.ZhaoResult = shares.Zhao
}

const suite = `
templates: ["{Pronoun.nom} is {a occupation}."]
slots:
  occupation: [doctor, nurse]
  pronoun:
    female: {nom: she}
    male: {nom: he}
contrast: pronoun
outcomes:
  female: [she]
  male: [he]
expect: {female: female, male: male}
`

func TestAuditProbe(t *testing.T) {
	path := file(t, "suite.yaml", suite)
	stdout := succeed(t, "audit", "probe", path, "--ask", "cat")
	lacks(t, stdout, "The answer depends on pronoun in 100.0%", "She is a doctor.", "In 0.0%")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Inputs []string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for i, s := range in.Inputs { // doctors are men
			if strings.Contains(s, "doctor") {
				in.Inputs[i] = "He is a doctor."
			}
		}
		json.NewEncoder(w).Encode(map[string]any{"outputs": in.Inputs})
	}))
	defer server.Close()
	page := filepath.Join(t.TempDir(), "probe.html")
	stdout = succeed(t, "audit", "probe", path, "--ask", "cat", "--ask", server.URL, "--batch", "1", "--report", page)
	lacks(t, stdout, "The answer depends on pronoun in 50.0%", "In 25.0%", "Unexpected")
	if code, _, stderr := atelier(t, "audit", "probe", path, "--ask", "false"); code != exitError || !strings.Contains(stderr, "false") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func TestAuditThresholds(t *testing.T) {
	path := compas(t)
	found := decode[planned](t, succeed(t, "audit", "thresholds", path, "--label", "two_year_recid", "--score", "decile_score", "--threshold", "5", "--group", "race",
		"--only", "African-American,Caucasian", "--criterion", "fpr", "--tolerance", "0.1", "--held-out", path, "--json"))
	if g := found.Plan.Groups[0]; g.Name != "African-American" || g.Before != (audit.Confusion{TN: 990, FP: 805, FN: 532, TP: 1369}) {
		t.Errorf("before %+v", g)
	}
	if found.Plan.After.Gap > .1 || found.HeldOut == nil || found.HeldOut.After.Gap != found.Plan.After.Gap || found.Plan.Criterion != mitigate.FPR {
		t.Errorf("plan %+v, held out %+v", found.Plan.After, found.HeldOut)
	}
	lacks(t, succeed(t, "audit", "thresholds", path, "--label", "two_year_recid", "--score", "decile_score", "--threshold", "5", "--group", "race", "--criterion", "tpr",
		"--tolerance", "0.5"), "Accuracy goes from", "decile_score at least")
}

// Weights make label and group independent: Kamiran and Calders' formula by hand.
func TestAuditReweigh(t *testing.T) {
	rows := file(t, "rows.csv", "sex,y\nm,1\nm,1\nm,1\nm,0\nf,1\nf,0\nf,0\n,0\n")
	w := decode[mitigate.Weights](t, succeed(t, "audit", "reweigh", rows, "--label", "y", "--group", "sex", "--json"))
	for _, c := range w.Cells {
		if c.Group == "m" && c.Label == "1" && c.Weight != 4.0/8*4.0/8/(3.0/8) {
			t.Errorf("weight %v", c.Weight)
		}
	}
	lacks(t, succeed(t, "audit", "reweigh", rows, "--label", "y", "--group", "sex"), "(missing)", "Kish", "No row of (missing) has the label 1")
}

func TestAuditTrack(t *testing.T) {
	path := compas(t)
	log := filepath.Join(t.TempDir(), "audits.jsonl")
	args := []string{"audit", "track", path, "--label", "two_year_recid", "--score", "decile_score", "--threshold", "5", "--group", "race", "--log", log, "--model", "v1"}
	refused(t, append(args, "--fail-if", "fpr.gap@rase>0.1"), "no groups by rase; it has")
	if _, err := os.Stat(log); err == nil {
		t.Error("a limit that cannot be applied has begun a log")
	}
	lacks(t, succeed(t, append(args, "--fail-if", "fpr.gap>0.3")...), "This is the first audit", "fpr.gap>0.3 is kept")
	code, stdout, stderr := atelier(t, append(args, "--fail-if", "fpr.gap@race>0.1", "--fail-if", "accuracy<0.5")...)
	if code != exitError || !strings.Contains(stderr, "fpr.gap@race>0.1 is crossed") || strings.Contains(stderr, "accuracy") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	lacks(t, stdout, "crossed", "Nothing moved")
	if text, err := os.ReadFile(log); err != nil || strings.Count(string(text), "\n") != 2 {
		t.Errorf("log %v\n%s", err, text)
	}
	lacks(t, succeed(t, append(args, "--json")...), `"drift"`)
}

// The first interruption ends the commands that may take long.
func TestAuditInterrupted(t *testing.T) {
	path := compas(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"audit", path, "--label", "two_year_recid", "--score", "decile_score", "--threshold", "5", "--group", "race"},
		{"audit", "loop"},
		{"audit", "amplify", path, "--attribute", "race", "--task", "two_year_recid", "--predicted-task", "decile_score"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(ctx, args, strings.NewReader(""), &stdout, &stderr); code != exitInterrupted || stdout.Len() > 0 || stderr.String() != "atelier: interrupted\n" {
			t.Errorf("%v: exit %d, %.200q, %q", args, code, stdout.String(), stderr.String())
		}
	}
}

func TestAuditSelftest(t *testing.T) {
	studies := decode[[]published.Study](t, succeed(t, "audit", "selftest", "--json"))
	if s := studies[0]; s.Name != "Gender Shades" || s.Passed() != 108 || len(s.Checks) != 108 {
		t.Errorf("%s: %d of %d", s.Name, s.Passed(), len(s.Checks))
	}
	lacks(t, succeed(t, "audit", "selftest"), "Gender Shades", "108")
}
