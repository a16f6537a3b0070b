package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"github.com/atelier-go/atelier/cpu"
	"github.com/atelier-go/atelier/learn"
	"github.com/atelier-go/atelier/nearest"
	"github.com/atelier-go/atelier/recipe"
	"github.com/atelier-go/atelier/recipes"
)

// builtIn is the recipe of commands that are given none.
const builtIn = "shapes.yaml"

// recipeFlags are the flags of commands that work from a recipe.
type recipeFlags struct {
	sets      []string
	threads   int
	isa       string
	precision string // of the flag, or else of the recipe or painting
	backend   string

	// Of training alone: what comes before the recipe's.
	until        learn.Goal
	pricePerHour float64
}

func (f *recipeFlags) addSet(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.sets, "set", nil, "change the recipe: `path=value`, as in phases.0.lr=0.01 (repeatable)")
}

func (f *recipeFlags) addBackend(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&f.threads, "threads", runtime.GOMAXPROCS(0), "worker threads; results do not depend on it")
	flags.StringVar(&f.isa, "isa", "", "`level` of kernels: portable, avx2 or avx512 (default the highest that can run)")
	flags.StringVar(&f.precision, "precision", "", precisionUsage)
	flags.StringVar(&f.backend, "backend-config", "", "further `settings` of the backend, as key=value,key=value")
}

const precisionUsage = "`precision` of convolutions and matrix products: float32, bf16 (operands rounded, where the processor multiplies those) or auto (default float32)"

// settings is the backend's configuration.
func (f *recipeFlags) settings() string {
	return backendSettings(f.threads, f.isa, f.precision, f.backend)
}

// open makes the backend, and says on stderr if it cannot be as precise as was asked for.
func (f *recipeFlags) open(stderr io.Writer) (compute.Backend, error) {
	settings := f.settings()
	config, err := cpu.ParseConfig(settings)
	if err != nil {
		return nil, &usageError{err}
	}
	notice(stderr, config)
	return compute.NewWithConfig(cpu.Name + ":" + settings)
}

// notice says where the precision that was asked for is not used.
func notice(stderr io.Writer, c cpu.Config) {
	if text := c.PrecisionNotice(); text != "" {
		fmt.Fprintln(stderr, text)
	}
}

// load reads a recipe: a file, or one that is built in where no file has that name. No name means builtIn.
func (f *recipeFlags) load(name string) (*recipe.Recipe, error) {
	o := recipe.Options{Set: f.sets, Data: os.Getenv("ATELIER_DATA"), Until: f.until, PricePerHour: f.pricePerHour, Precision: f.precision}
	r, err := find(name, o)
	if err == nil {
		f.precision = string(r.Precision)
	}
	return r, err
}

func find(name string, o recipe.Options) (*recipe.Recipe, error) {
	if name == "" {
		return embedded(builtIn, o)
	}
	r, err := recipe.Load(name, o)
	if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, `/\`) {
		if r, err := embedded(strings.TrimSuffix(name, ".yaml")+".yaml", o); !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noRecipe(name)
	}
	return r, err
}

// noRecipe is the error of a recipe that is neither a file nor built in.
func noRecipe(name string) error {
	names := embeddedNames()
	if best, near := nearest.Name(strings.TrimSuffix(name, ".yaml"), names); near {
		return fmt.Errorf("there is no recipe %s: did you mean %s, which is built in?", name, best)
	}
	return fmt.Errorf("there is no recipe %s; built in are %s", name, strings.Join(names, ", "))
}

func embedded(file string, o recipe.Options) (*recipe.Recipe, error) {
	text, err := recipes.Files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return recipe.Parse(file, text, dir, o)
}

func embeddedNames() []string {
	entries, err := recipes.Files.ReadDir(".")
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// backendSettings is the backend's configuration.
func backendSettings(threads int, isa, precision, further string) string {
	settings := fmt.Sprintf("threads=%d", threads)
	if isa != "" {
		settings += ",isa=" + isa
	}
	if precision != "" {
		settings += ",precision=" + precision
	}
	if further != "" {
		settings += "," + further
	}
	return settings
}
