package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"github.com/atelier-go/atelier/style/live"
)

// anyPort is the address of --serve without one.
const anyPort = "127.0.0.1:0"

func (f *styleFlags) addServe(flags *pflag.FlagSet) {
	flags.Var((*serveAddress)(&f.serve), "serve", "show the painting in a browser while it is made, at this `address` or port; its URL is printed")
	flags.Lookup("serve").NoOptDefVal = anyPort
}

// serveAddress is a flag's address.
type serveAddress string

func (a *serveAddress) String() string { return string(*a) }
func (a *serveAddress) Type() string   { return "address" }

func (a *serveAddress) Set(text string) error {
	address, err := live.ParseAddress(text)
	*a = serveAddress(address)
	return err
}

// takeAddress finds the address that follows --serve among the arguments, where a flag whose value may be missing leaves
// it. A file of that name is a picture.
func (f *styleFlags) takeAddress(args []string) []string {
	if f.serve != anyPort {
		return args
	}
	for i, a := range args {
		address, err := live.ParseAddress(a)
		if err != nil || a == "" || exists(a) {
			continue
		}
		f.serve = address
		return slices.Delete(slices.Clone(args), i, i+1)
	}
	return args
}

// openPage opens the page of --serve, and says where it is; nil without the flag.
func (f *styleFlags) openPage(stderr io.Writer) (*live.Page, error) {
	if f.serve == "" {
		return nil, nil
	}
	page, err := live.Listen(f.serve)
	if err != nil {
		return nil, fmt.Errorf("--serve: %w", err)
	}
	fmt.Fprintf(stderr, "watch at %s", page.URL())
	if page.Public() {
		fmt.Fprint(stderr, ", which others on the network can open too, at this machine's address")
	}
	fmt.Fprintln(stderr)
	return page, nil
}

// ending says on the page how the painting ended.
func (p *painting) ending(ctx context.Context, err error) string {
	switch {
	case err == nil:
		return "finished: saved as " + p.out
	case ctx.Err() != nil && p.painted.H > 0:
		return "interrupted: the best so far is saved as " + p.out
	case ctx.Err() != nil:
		return "interrupted"
	default:
		return oneLine(err.Error())
	}
}
