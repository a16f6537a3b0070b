//go:build !linux || !amd64

package amx

import "errors"

// request has nothing to ask on other systems: how they hand out tiles is not known here.
func request() error { return errors.New("Linux (the only system that is asked for tiles)") }
