package bench

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/gomlx/compute"

	_ "github.com/atelier-go/atelier/cpu"
)

// testConfig is the backend that the jobs of these tests run on.
const testConfig = "cpu"

// serveVariable makes this test program serve jobs instead of running tests.
const serveVariable = "ATELIER_BENCH_TEST_SERVE"

func TestMain(m *testing.M) {
	if config := os.Getenv(serveVariable); config != "" {
		if err := Serve(config, os.Stdin, os.Stdout); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serving runs this test program as a process that serves jobs.
func serving(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), serveVariable+"="+testConfig)
	return cmd
}

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := compute.NewWithConfig(testConfig)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}
