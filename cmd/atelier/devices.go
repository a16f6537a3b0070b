package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/cpu"
)

func newDevices() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "devices",
		Short: "Show what the processor offers and which kernels are chosen, and why",
		Long: `Show what the processor offers and which level of kernels the backend chooses, and why.

A level can be forced: "atelier bench --isa avx2", or isa=avx2 in the backend's configuration.
"--precision bf16" rounds the operands of convolutions and matrix products to bfloat16 where the processor multiplies those.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), cpu.Probe())
			}
			return writeDevice(cmd.OutOrStdout(), cpu.Probe())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func writeDevice(w io.Writer, d cpu.Device) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s/%s\n", d.Processor, d.OS, d.Arch)
	fmt.Fprintf(&b, "cores     %s, %d usable; the backend uses %d threads\n", known(d.Cores, "%d"), d.Logical, d.Threads)
	fmt.Fprintf(&b, "memory    %s\n", known(int(d.Memory>>20), "%d MiB"))
	fmt.Fprintf(&b, "caches    L1d %s, L2 %s, L3 %s\n", cacheSize(d.L1D), cacheSize(d.L2), cacheSize(d.L3))
	fmt.Fprintf(&b, "features  %s\n", strings.Join(d.Features, " "))
	b.WriteString("kernels\n")
	for _, l := range d.Levels {
		state := "no"
		switch {
		case l.Chosen:
			state = "chosen"
		case l.Available:
			state = "yes"
		}
		fmt.Fprintf(&b, "  %-9s %-7s %s\n", l.Name, state, l.Reason)
	}
	b.WriteString("precision\n")
	for _, p := range d.Precisions {
		state := "no"
		if p.Available {
			state = "yes"
		}
		fmt.Fprintf(&b, "  %-9s %-7s %s\n", p.Name, state, p.Reason)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// known formats a number that is 0 where it is not known.
func known(n int, format string) string {
	if n == 0 {
		return "unknown"
	}
	return fmt.Sprintf(format, n)
}

func cacheSize(bytes int) string { return known(bytes>>10, "%d KiB") }

func writeJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(value)
}
