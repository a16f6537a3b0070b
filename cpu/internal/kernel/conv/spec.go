// Package conv computes two-dimensional convolutions and their gradients on float32 in NHWC.
package conv

import "fmt"

// Form is which of a convolution's three tensors is computed from the other two.
type Form int

// The forms.
const (
	// Forward: y from x and k.
	Forward Form = iota
	// InputGradient: dx from dy and k.
	InputGradient
	// KernelGradient: dk from x and dy.
	KernelGradient
)

func (f Form) String() string { return [...]string{"forward", "input-gradient", "kernel-gradient"}[f] }

// Spec is a convolution's geometry. It is always that of the forward convolution
//
//	y[n,oh,ow,o] = Σ_{i,j,c} x[n, oh·StrideH+i·DilationH−PadTop, ow·StrideW+j·DilationW−PadLeft, g·C/Groups+c] · k[i,j,c,o]
//
// with x [N H W C], k [KH KW C/Groups O], y [N OH OW O], g = o/(O/Groups), and x zero outside its bounds, whichever
// tensor the form computes. Padding may be negative; that below and to the right follows from OH and OW, and any
// values of them are allowed. A one-dimensional convolution has H = KH = OH = 1.
type Spec struct {
	Form                 Form
	N, H, W, C           int
	KH, KW, O            int
	OH, OW               int
	StrideH, StrideW     int
	DilationH, DilationW int
	PadTop, PadLeft      int
	Groups               int
}

func (s Spec) String() string {
	t := fmt.Sprintf("%v x[%d %d %d %d] k[%d %d %d %d] y[%d %d %d %d]", s.Form, s.N, s.H, s.W, s.C,
		s.KH, s.KW, s.C/max(s.Groups, 1), s.O, s.N, s.OH, s.OW, s.O)
	if s.StrideH != 1 || s.StrideW != 1 {
		t += fmt.Sprintf(" stride %d,%d", s.StrideH, s.StrideW)
	}
	if s.DilationH != 1 || s.DilationW != 1 {
		t += fmt.Sprintf(" dilation %d,%d", s.DilationH, s.DilationW)
	}
	if s.PadTop != 0 || s.PadLeft != 0 {
		t += fmt.Sprintf(" pad %d,%d", s.PadTop, s.PadLeft)
	}
	if s.Groups != 1 {
		t += fmt.Sprintf(" groups %d", s.Groups)
	}
	return t
}

// FLOPs is the work of the convolution counted directly: two for every multiply-add, padding included.
func (s Spec) FLOPs() float64 {
	return 2 * float64(s.N) * float64(s.OH) * float64(s.OW) * float64(s.O) * float64(s.KH) * float64(s.KW) * float64(s.C/max(s.Groups, 1))
}
