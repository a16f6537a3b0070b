package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/atelier-go/atelier/weights"
	"github.com/atelier-go/atelier/zoo"
)

func newModels() *cobra.Command {
	var f networkFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List and draw networks; list, download and verify published weights",
		Long: `List the networks with a name, as they were published, with their numbers for pictures of a size: parameters,
multiplications of convolutions and dense layers (MACs), the numbers that these put out (activations), and layer groups.

Its commands are about networks and the weights published for them. These are kept in the folder that $ATELIER_WEIGHTS
names, or in atelier/weights in the user's folder of caches. Only "atelier models pull" reaches for the network, and with
--from it does not either.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return networkTable(cmd.OutOrStdout(), f, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	f.add(cmd)
	cmd.AddCommand(newModelsList(), newModelsPull(), newModelsShow(), newModelsVerify())
	return cmd
}

// modelEntry is an entry of the table and what is installed of it, as list and show print it.
type modelEntry struct {
	Name      string             `json:"name"`
	Network   string             `json:"network"`
	URL       string             `json:"url"`
	SHA256    string             `json:"sha256"`
	Bytes     int64              `json:"bytes,omitempty"`
	Licence   string             `json:"licence"`
	Note      string             `json:"note"`
	Installed *weights.Installed `json:"installed,omitempty"`
	Path      string             `json:"path,omitempty"`
	Damaged   string             `json:"damaged,omitempty"` // what is wrong with the record of what is installed
}

// modelEntryOf is an entry with what the cache has of it.
func modelEntryOf(c weights.Cache, k weights.Known) (modelEntry, error) {
	e := modelEntry{
		Name: k.Name, Network: k.Network, URL: k.URL, SHA256: k.SHA256, Bytes: k.Bytes, Licence: k.Licence, Note: k.Note,
	}
	i, ok, err := c.Installed(k)
	if ok {
		e.Installed, e.Path = &i, c.Path(i)
	}
	if damaged := c.Damaged(k); damaged != nil {
		e.Damaged = damaged.Error()
	}
	return e, err
}

func (e modelEntry) state() string {
	switch i := e.Installed; {
	case e.Damaged != "":
		return "damaged: pull again"
	case i == nil:
		return "no"
	case i.Whole:
		return "whole file, " + megabytes(i.Bytes)
	default:
		return fmt.Sprintf("to %s, %s", i.Until, megabytes(i.Bytes))
	}
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func newModelsList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the weights that can be downloaded, and which are installed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := weights.DefaultCache()
			if err != nil {
				return err
			}
			var entries []modelEntry
			for _, k := range weights.All() {
				e, err := modelEntryOf(c, k)
				if err != nil {
					return err
				}
				entries = append(entries, e)
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), entries)
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "name\tnetwork\tinstalled\tlicence\tweights")
			for _, e := range entries {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", e.Name, e.Network, e.state(), e.Licence, e.Note)
			}
			return t.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newModelsPull() *cobra.Command {
	var from string
	var p weights.Pull
	cmd := &cobra.Command{
		Use:   "pull name",
		Short: "Download and verify weights, or install them from a file",
		Long: `Download and verify weights, or install them from a file that was got otherwise.

The same command continues a download that broke off. Of safetensors files only the tensors that are needed are
fetched, unless --whole asks for all of it: the published hash is of the whole file.`,
		Example: `  atelier models pull vgg19
  atelier models pull vgg19 --until relu4_2
  atelier models pull vgg16_bn --from Downloads/vgg16_bn-6c64b313.pth`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if from != "" && (p.Until != "" || p.Whole) {
				return usagef("models pull: --from takes the file as it is: it excludes --until and --whole")
			}
			if p.Until != "" && p.Whole {
				return usagef("models pull: --until and --whole exclude each other")
			}
			return pullModel(cmd.Context(), args[0], from, p, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&from, "from", "", "install this `file` instead of downloading")
	flags.StringVar(&p.Until, "until", "", "fetch weights up to this `layer`, where they can be had in part (default the network's last)")
	flags.BoolVar(&p.Whole, "whole", false, "fetch the whole file, with its classifier, and check the published hash")
	return cmd
}

func pullModel(ctx context.Context, name, from string, p weights.Pull, stdout, stderr io.Writer) error {
	k, err := weights.Find(name)
	if err != nil {
		return &usageError{err}
	}
	c, err := weights.DefaultCache()
	if err != nil {
		return err
	}
	var i weights.Installed
	if from != "" {
		i, err = c.Install(k, from)
	} else {
		p.Progress = downloadBar(stderr)
		i, err = c.Pull(ctx, k, p)
	}
	if err != nil {
		return err
	}
	e := modelEntry{Installed: &i}
	_, err = fmt.Fprintf(stdout, "%s is installed (%s): %s\nlicence %s\n", name, e.state(), c.Path(i), k.Licence)
	return err
}

// downloadBar shows the bytes of a download on a terminal, and nothing elsewhere.
func downloadBar(w io.Writer) func(done, total int64) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int64) {
		if bar == nil {
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionShowBytes(true),
				progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
		}
		_ = bar.Set64(done) // the bar's only error is a full one
	}
}

func newModelsShow() *cobra.Command {
	var f networkFlags
	var svg string
	cmd := &cobra.Command{
		Use:   "show name|file",
		Short: "Draw a network; show where weights are from, and the layers of their network",
		Long: `Draw a network, given by the name of its parts (STEM+BACKBONE+HEAD, or a backbone alone as it was published).

Show where weights are from, whether they are installed, and the layers of their network: channels, stride in
pixels, and how many pixels across a position sees. Of a file, those layers that it has weights for.`,
		Example: `  atelier models show inception+densenet121+concat --size 64 --classes 10
  atelier models show resnet50 --svg resnet50.svg
  atelier models show vgg19
  atelier models show weights.safetensors`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if svg != "" && !strings.HasSuffix(strings.ToLower(svg), ".svg") {
				return usagef("models show: --svg %s: want a name that ends in .svg", svg)
			}
			_, noNetwork := zoo.ByName(args[0], 1)
			k, err := weights.Find(args[0])
			_, noFile := os.Stat(args[0])
			switch {
			case err == nil && svg == "":
				if err := showModel(cmd.OutOrStdout(), k); err != nil || noNetwork != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout())
				return showNetwork(cmd.OutOrStdout(), args[0], f, "")
			case noNetwork == nil:
				return showNetwork(cmd.OutOrStdout(), args[0], f, svg)
			case noFile != nil:
				return &usageError{fmt.Errorf("%w; and there is no file of that name, and no weights", noNetwork)}
			case svg != "":
				return usagef("models show: --svg draws networks, not files of weights")
			default:
				return showWeights(cmd.OutOrStdout(), args[0])
			}
		},
	}
	cmd.Flags().StringVar(&svg, "svg", "", "draw the network in this `file` instead")
	f.add(cmd)
	return cmd
}

// showModel prints an entry of the table.
func showModel(w io.Writer, k weights.Known) error {
	c, err := weights.DefaultCache()
	if err != nil {
		return err
	}
	e, err := modelEntryOf(c, k)
	if err != nil {
		return err
	}
	net, err := zoo.FeaturesByName(k.Network)
	if err != nil {
		return err
	}
	if e.Installed != nil {
		if net, err = net.Until(e.Installed.Until); err != nil {
			return err
		}
	}
	hash := e.SHA256
	if len(hash) < 64 {
		hash += " (the first digits; more are not published)"
	}
	fmt.Fprintf(w, "%s: %s, %s\nurl        %s\nsha-256    %s\nlicence    %s\ninstalled  %s\n",
		e.Name, e.Network, e.Note, e.URL, hash, e.Licence, cmp.Or(e.Path, "no"))
	if i := e.Installed; i != nil && !i.Whole {
		fmt.Fprintf(w, "           to %s, %s; SHA-256 of this part %s\n", i.Until, megabytes(i.Bytes), i.SHA256)
	}
	return writeLayers(w, net)
}

// showWeights prints what a file has.
func showWeights(w io.Writer, path string) error {
	f, err := weights.LoadFeatures(path, "")
	if err != nil {
		return err
	}
	defer f.Store.Finalize()
	fmt.Fprintf(w, "%s: %s\nsha-256    %s\npictures   red, green, blue in 0 to 1, less %.4g, by %.4g\n",
		path, f.Name(), f.Hash, f.Input.Mean, f.Input.Std)
	return writeLayers(w, f.FeatureNet)
}

func writeLayers(w io.Writer, net zoo.FeatureNet) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nlayer\tchannels\tstride\tsees")
	for _, l := range net.Layers() {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\n", l.Name, l.Channels, l.Stride, l.Receptive)
	}
	return t.Flush()
}

func newModelsVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [name]...",
		Short: "Check that installed weights are undamaged",
		Long: `Check that installed weights, those named or all, are what was installed: whole files by the published hash, parts of
files by the hash that they had when they were fetched.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return verifyModels(cmd.Context(), args, cmd.OutOrStdout())
		},
	}
}

func verifyModels(ctx context.Context, names []string, stdout io.Writer) error {
	c, err := weights.DefaultCache()
	if err != nil {
		return err
	}
	var entries []weights.Known
	for _, name := range names {
		k, err := weights.Find(name)
		if err != nil {
			return &usageError{err}
		}
		entries = append(entries, k)
	}
	if len(names) == 0 {
		for _, k := range weights.All() {
			if _, ok, err := c.Installed(k); ok || err != nil || c.Damaged(k) != nil {
				entries = append(entries, k)
			}
		}
	}
	if len(entries) == 0 {
		_, err := fmt.Fprintf(stdout, "nothing is installed in %s\n", c.Dir)
		return err
	}
	var failed []error
	for _, k := range entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		i, err := c.Verify(k)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		e := modelEntry{Installed: &i}
		fmt.Fprintf(stdout, "%s  ok  %s  %s\n", k.Name, e.state(), i.SHA256)
	}
	return errors.Join(failed...)
}
