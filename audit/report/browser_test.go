package report_test

import (
	"context"
	"encoding/json"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/atelier-go/atelier/audit/report"
)

// axeRun runs axe-core when the page has loaded, and puts what it finds into the page.
const axeRun = `
addEventListener("load", () => axe.run().then(r => {
	const found = document.createElement("pre");
	found.id = "axe-found";
	found.textContent = JSON.stringify({passes: r.passes.length, violations: r.violations.map(v => ({id: v.id, nodes: v.nodes.map(n => n.html)}))});
	document.body.append(found);
}));`

// The page has no violation of axe-core's rules for accessibility, light and dark, wide and on a phone. The test needs
// Chromium, and axe.min.js of the npm package axe-core at the path in ATELIER_AXE.
func TestAxeFindsNothing(t *testing.T) {
	axe, err := os.ReadFile(os.Getenv("ATELIER_AXE"))
	if err != nil {
		t.Skip("ATELIER_AXE is not the path of axe.min.js")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium")
	}
	page := written(t, report.Of(compas(), report.Options{}).WriteHTML)
	page = strings.Replace(page, "</body>", "<script>"+string(axe)+"</script><script>"+axeRun+"</script></body>", 1)
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"wide, light", []string{"--window-size=1280,900"}},
		{"phone, dark", []string{"--window-size=390,844", "--blink-settings=preferredColorScheme=0"}},
	} {
		t.Run(c.name, func(t *testing.T) { axeFindsNothing(t, browser, file, c.args) })
	}
}

var axeFound = regexp.MustCompile(`(?s)<pre id="axe-found">(.*?)</pre>`)

// shown is the page after its scripts have run.
func shown(t *testing.T, browser, file string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	args = append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + t.TempDir(), "--virtual-time-budget=60000", "--dump-dom"}, args...)
	out, err := exec.CommandContext(ctx, browser, append(args, "file://"+file)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func axeFindsNothing(t *testing.T, browser, file string, args []string) {
	out := shown(t, browser, file, args...)
	text := axeFound.FindStringSubmatch(out)
	if text == nil {
		t.Fatalf("axe-core did not finish; the page ends in\n%.2000s", out[max(0, len(out)-2000):])
	}
	var found struct {
		Passes     int
		Violations []struct {
			ID    string
			Nodes []string
		}
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(text[1])), &found); err != nil {
		t.Fatal(err)
	}
	if found.Passes < 10 {
		t.Errorf("only %d rules applied", found.Passes)
	}
	for _, v := range found.Violations {
		t.Errorf("%s: %s", v.ID, strings.Join(v.Nodes[:min(3, len(v.Nodes))], "\n"))
	}
}

// sortRun clicks on the heading of a column of the table of rates three times, and notes the groups' order after each.
const sortRun = `
addEventListener("load", () => {
	const table = [...document.querySelectorAll("table")].find(t => t.caption.textContent === "Error rates by race");
	const order = () => [...table.tBodies[0].rows].map(r => r.cells[0].textContent).join(",");
	const found = document.createElement("pre");
	found.id = "orders";
	for (const column of [3, 3, 0]) {
		const head = table.tHead.rows[0].cells[column];
		head.querySelector("button").click();
		found.textContent += head.getAttribute("aria-sort") + ":" + order() + ";";
	}
	document.body.append(found);
});`

// Tables sort by number, either way, and by name. The test needs Chromium.
func TestTablesSort(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil || testing.Short() {
		t.Skip("there is no chromium, or no time for it")
	}
	page := written(t, report.Of(compas(), report.Options{}).WriteHTML)
	page = strings.Replace(page, "</body>", "<script>"+sortRun+"</script></body>", 1)
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	contains(t, shown(t, browser, file), `<pre id="orders">`+
		"descending:African-American,everybody,Caucasian,Asian;"+ // FPR 44.8%, 35.0%, 23.5%, 8.7%
		"ascending:Asian,Caucasian,everybody,African-American;"+
		"ascending:African-American,Asian,Caucasian,everybody;</pre>")
}
