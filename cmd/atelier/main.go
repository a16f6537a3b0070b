// Command atelier is the project's command line: one subcommand per file.
//
// Exit codes: 0 success, 1 an error (a line on stderr, or one for each mistake in a recipe), 2 a wrong command line, 130
// interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130 // 128 + SIGINT, as a shell reports it
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the default action returns, so that a second Ctrl-C always ends the process.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code. It ends early when ctx is cancelled.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	started := false
	root := newRoot(&started)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil {
		for _, text := range lines(besidesInterrupt(err)) {
			fmt.Fprintln(stderr, "atelier:", text)
		}
		fmt.Fprintln(stderr, "atelier: interrupted")
		return exitInterrupted
	}
	for _, text := range lines(err) {
		fmt.Fprintln(stderr, "atelier:", text)
	}
	if _, ok := errors.AsType[*usageError](err); ok || !started {
		return exitUsage
	}
	return exitError
}

// usageError is a mistake in the command line that only the command itself can see, such as a value out of range.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// besidesInterrupt is what else went wrong of errors that were joined, such as what could not be saved; nil if nothing did.
func besidesInterrupt(err error) error {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	list, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var others []error
	for _, e := range list.Unwrap() {
		others = append(others, besidesInterrupt(e))
	}
	return errors.Join(others...)
}

// lines are the messages of an error, one for each error that was joined to it.
func lines(err error) []string {
	if err == nil {
		return nil
	}
	list, ok := err.(interface{ Unwrap() []error })
	if !ok || err.Error() != errors.Join(list.Unwrap()...).Error() {
		return []string{oneLine(err.Error())}
	}
	var all []string
	for _, e := range list.Unwrap() {
		all = append(all, lines(e)...)
	}
	return all
}

// oneLine joins the lines of a message: cobra's suggestions come on lines of their own.
func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}

// newRoot builds the command tree. started is set once the command line has been read and found right: an error
// before that is a usage error.
func newRoot(started *bool) *cobra.Command {
	root := &cobra.Command{
		Use:   "atelier",
		Short: "Train image models and paint with them, at the speed of an ordinary processor",
		Long: `Atelier trains image models in phases and paints with them, at the speed of an ordinary processor.

Start with "atelier style": without pictures it paints a drawn landscape in drawn brush strokes. "atelier train" without a
recipe trains on drawn pictures, in under a minute. "atelier bench" measures this machine and what the backend gets out of
it.`,
		Args:              cobra.NoArgs,
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRun:  func(*cobra.Command, []string) { *started = true },
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp(root))
	root.AddCommand(newTrain(), newSchedule(), newLRFind(), newEval(), newLeaderboard(), newStyle(), newAudit(), newModels(), newBench(), newDevices(), newVersion(), newBenchWorker())
	return root
}

// newHelp is cobra's help command, except that an unknown topic is an error.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Show the help of a command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usagef("help: there is no command %q", strings.Join(args, " "))
			}
			return cmd.Help()
		},
	}
}
