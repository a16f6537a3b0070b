package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit, and what it was built with",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), versionLine())
			return err
		},
	}
}

// versionLine describes the binary, for example "atelier v0.1.0 (commit 3ae0531c9f2b, go1.26.8, linux/amd64)".
func versionLine() string {
	version, commit := buildVersion()
	if commit != "" {
		commit = "commit " + commit + ", "
	}
	return fmt.Sprintf("atelier %s (%s%s, %s/%s)", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// buildVersion reads what the Go tool recorded: the module's version, and the commit with "+changes" where the
// checkout differed from it. "(devel)" and "" are what it leaves for `go run` outside of version control.
func buildVersion() (version, commit string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)", ""
	}
	version = info.Main.Version
	if version == "" {
		version = "(devel)"
	}
	changed := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			changed = s.Value == "true"
		}
	}
	if changed && commit != "" {
		commit += "+changes"
	}
	return version, commit
}
